//! Five nodes that are cut in two and healed.

use std::time::Duration;

use holm::{ExitReason, Pid};
use holm_cluster::{Cluster, Order, Saw, Settings, is_long};

const NODES: usize = 5;

/// Time between two messages of a pair, in milliseconds.
const CHAT_MS: u64 = 20;

/// The two sides of a cut.
fn are_apart(one: usize, other: usize) -> bool {
    (one < 2) != (other < 2)
}

/// All pairs of different nodes.
fn pairs() -> impl Iterator<Item = (usize, usize)> {
    (0..NODES).flat_map(|one| (0..NODES).map(move |other| (one, other))).filter(|(a, b)| a != b)
}

/// One actor on each node, each linked with, watching and talking to each other.
fn entangle(cluster: &Cluster) -> Vec<Pid> {
    let actors: Vec<_> = cluster.nodes().iter().map(holm_cluster::Process::spawn).collect();
    for (one, other) in pairs() {
        let (from, to) = (actors[one], actors[other]);
        let node = cluster.node(one);
        if one < other {
            node.order(Order::Link(from, to));
        }
        node.order(Order::Monitor(from, to));
        node.order(Order::Chat { from, to, every_ms: CHAT_MS });
    }
    cluster.settle(&[0, 1, 2, 3, 4]);
    actors
}

fn downs(cluster: &Cluster, one: usize, other: usize) -> usize {
    let seen = cluster.node(one).ups_and_downs(cluster.node(other));
    assert!(seen.chunks(2).all(|pair| matches!(pair, [true] | [true, false])), "{seen:?}");
    seen.iter().filter(|is_up| !**is_up).count()
}

/// Each link and each monitor across it hears of the cut once, if the session was lost, and not at all if it was
/// not; then all talk again, and nobody was asked to connect.
#[test]
fn a_cut_is_heard_of_once_and_talk_resumes_when_it_heals() {
    let silence_ms = if is_long() { 10_000 } else { 600 };
    let cuts: &[u64] = if is_long() { &[2_000, 10_000, 60_000] } else { &[100, 1_500] };
    let settings = Settings::silence_ms(silence_ms);
    let Some(cluster) = Cluster::on_network("a_cut", NODES, &settings) else { return };
    cluster.connect_all();
    for &cut_ms in cuts {
        let actors = entangle(&cluster);
        let downs_before: Vec<_> =
            pairs().map(|(one, other)| downs(&cluster, one, other)).collect();
        pairs().filter(|(a, b)| a < b && are_apart(*a, *b)).for_each(|(a, b)| cluster.cut(a, b));
        cluster.pass(Duration::from_millis(cut_ms));
        cluster.heal();
        let healed = std::time::Instant::now();
        for (from, to) in pairs() {
            let (by, from) = (actors[to], actors[from]);
            let number = cluster.node(to).received(by, from).last;
            cluster.node(to).order(Order::Past { by, from, number });
        }
        println!("cut {cut_ms} ms: all talk {:?} after it healed", healed.elapsed());
        cluster.settle(&[0, 1, 2, 3, 4]);
        for ((one, other), before) in pairs().zip(downs_before) {
            let lost = downs(&cluster, one, other) - before;
            let saw = cluster.node(one).saw(actors[one]);
            let of = |saw: &&Saw| {
                let (Saw::Down { of, reason, .. } | Saw::Exit { from: Some(of), reason, .. }) = saw
                else {
                    panic!("{saw:?}")
                };
                *of == actors[other] && *reason == ExitReason::Noconnection
            };
            let told: Vec<_> = saw.iter().filter(of).collect();
            let exits = told.iter().filter(|saw| matches!(saw, Saw::Exit { .. })).count();
            let expected = usize::from(lost > 0);
            assert_eq!((exits, told.len() - exits), (expected, expected), "{one} of {other}");
            assert!(lost > 0 || cut_ms <= 2 * silence_ms || !are_apart(one, other));
        }
    }
}
