//! Nodes that dial each other at once, and ways that work in one direction only.

use std::time::Duration;

use holm_cluster::{Answer, Cluster, Order, Peer, Process, Settings, is_long};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::proxy;

/// What is drawn, is drawn from this.
const SEED: u64 = 7;

/// One of both dials through a proxy that refuses some connections, and holds others back. The greater name
/// decides which session stays: each is the one behind the proxy in its turn.
#[test]
fn dials_that_cross_leave_one_session_each_time() {
    let (clusters, rounds) = if is_long() { (20, 500) } else { (2, 50) };
    let settings = Settings { auto_connect: false, ..Settings::default() };
    for seed in 0..clusters {
        let cluster = Cluster::on_loopback(2, &settings);
        let (a, b) = (cluster.node(seed % 2), cluster.node(1 - seed % 2));
        let proxy = proxy::start(&b.endpoint(), SEED + seed as u64);
        for round in 1..=rounds {
            cross(a, &proxy, b);
            for (node, other) in [(a, b), (b, a)] {
                node.wait_peer_times(&Peer::Up(other.name().to_owned()), round);
            }
            for ended in [(a, b), (b, a)]
                .map(|(node, other)| node.begin(Order::Disconnect(other.name().to_owned())))
            {
                assert_eq!(ended.wait(), Answer::Done);
            }
            for (node, other) in [(a, b), (b, a)] {
                node.wait_peer_times(&Peer::Down(other.name().to_owned()), round);
                let seen = node.ups_and_downs(other);
                assert_eq!(seen.len(), 2 * round, "seed {seed}, round {round}: {}", node.name());
            }
        }
    }
}

/// Both dial at once; the direct dial never fails.
fn cross(a: &Process, proxy: &str, b: &Process) {
    let through = a.begin(Order::Connect(proxy.to_owned()));
    let direct = b.begin(Order::Connect(a.endpoint()));
    through.wait();
    assert_eq!(direct.wait(), Answer::Done);
}

#[test]
fn cuts_of_one_direction_leave_one_session_in_the_end() {
    let rounds = if is_long() { 300 } else { 4 };
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
