//! Nodes that dial each other at once, and ways that work in one direction only.

use std::time::Duration;

use holm_cluster::{Answer, Cluster, Order, Peer, Process, Settings, is_long};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::proxy;

/// What is drawn, is drawn from this.
const SEED: u64 = 7;

fn up(node: &Process) -> Peer {
    Peer::Up(node.name().to_owned())
}

fn down(node: &Process) -> Peer {
    Peer::Down(node.name().to_owned())
}

/// One of both dials through a proxy that refuses some connections, and holds others back.
#[test]
fn dials_that_cross_leave_one_session_each_time() {
    let rounds = if is_long() { 10_000 } else { 50 };
    let settings = Settings { auto_connect: false, ..Settings::default() };
    let cluster = Cluster::on_loopback(2, &settings);
    // The greater name decides which session stays: each is the one behind the proxy once.
    for (seed, (a, b)) in [(0, 1), (1, 0)].into_iter().enumerate() {
        let (a, b) = (cluster.node(a), cluster.node(b));
        let before = a.ups_and_downs(b).len();
        let proxy = proxy::start(&b.endpoint(), SEED + seed as u64);
        for round in before / 2 + 1..=before / 2 + rounds {
            let dials =
                [a.begin(Order::Connect(proxy.clone())), b.begin(Order::Connect(a.endpoint()))];
            let [_, direct] = dials.map(holm_cluster::Pending::wait);
            assert_eq!(direct, Answer::Done);
            a.wait_peer_times(&up(b), round);
            b.wait_peer_times(&up(a), round);
            let ends = [(a, b), (b, a)]
                .map(|(node, other)| node.begin(Order::Disconnect(other.name().to_owned())));
            assert_eq!(ends.map(holm_cluster::Pending::wait), [Answer::Done, Answer::Done]);
            a.wait_peer_times(&down(b), round);
            b.wait_peer_times(&down(a), round);
            let seen = [(a, b), (b, a)].map(|(node, other)| node.ups_and_downs(other).len());
            assert_eq!(seen, [2 * round; 2], "round {round}, one session up and down in each");
        }
        for (node, other) in [(a, b), (b, a)] {
            assert_eq!(node.ups_and_downs(other), [true, false].repeat(before / 2 + rounds));
        }
    }
}

#[test]
fn cuts_of_one_direction_leave_one_session_in_the_end() {
    let rounds = if is_long() { 300 } else { 5 };
    let settings = Settings::silence_ms(300);
    let Some(cluster) = Cluster::on_network("cuts_of_one_direction", 2, &settings) else { return };
    let (a, b) = (cluster.node(0), cluster.node(1));
    // Both want it, and both dial.
    a.connect(b);
    b.connect(a);
    let (near, far) = (a.spawn(), b.spawn());
    a.order(Order::Chat { from: near, to: far, every_ms: 10 });
    b.order(Order::Chat { from: far, to: near, every_ms: 10 });
    let mut rng = StdRng::seed_from_u64(SEED);
    for _ in 0..rounds {
        let from = rng.random_range(0..2);
        cluster.cut_one_way(from, 1 - from);
        cluster.pass(Duration::from_millis(rng.random_range(10..700)));
        cluster.heal();
        cluster.pass(Duration::from_millis(rng.random_range(0..300)));
    }
    for (node, by, from) in [(a, near, far), (b, far, near)] {
        let number = node.received(by, from).last;
        node.order(Order::Past { by, from, number });
        assert_eq!(node.received(by, from).faults, 0);
    }
    cluster.settle(&[0, 1]);
    for (node, other) in [(a, b), (b, a)] {
        let seen = node.ups_and_downs(other);
        let alternate = seen.chunks(2).all(|pair| matches!(pair, [true] | [true, false]));
        assert!(alternate && seen.len() % 2 == 1, "{seen:?}");
        println!("{}: {} sessions in {rounds} cuts", node.name(), seen.len() / 2 + 1);
    }
}
