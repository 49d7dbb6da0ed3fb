//! Who is silent and who only seems so.

use std::time::{Duration, Instant};

use holm::ExitReason;
use holm_cluster::{Answer, Cluster, Load, Order, Peer, Received, Saw, Settings, is_long};

/// Silence after which a peer is given up, in milliseconds: the default at full size.
fn silence_ms() -> u64 {
    if is_long() { 10_000 } else { 800 }
}

#[test]
fn a_stopped_process_is_down_in_time_and_comes_back() {
    let cluster = Cluster::on_loopback(3, &Settings::silence_ms(silence_ms()));
    let [a, b, c] = [0, 1, 2].map(|index| cluster.node(index));
    cluster.connect_all();
    let far = c.spawn();
    let watchers = [a, b].map(|node| (node, node.spawn()));
    for (node, watcher) in watchers {
        node.order(Order::Monitor(watcher, far));
        node.order(Order::Call(far));
    }
    cluster.pause(2);
    let paused = Instant::now();
    for (node, watcher) in watchers {
        let down = node.wait_peer(&Peer::Down(c.name().to_owned()));
        let took = down.saturating_duration_since(paused);
        if is_long() {
            println!("{}: down after {took:?}", node.name());
            assert!(took <= Duration::from_millis(silence_ms() + 1_000), "{took:?}");
        }
        let gone = Saw::Down { of: far, reason: ExitReason::Noconnection, taken: 0 };
        assert_eq!(node.wait_saw(watcher, 1), [gone]);
    }
    assert_eq!(a.ups_and_downs(b), [true]);
    cluster.resume(2);
    // Nobody asks them to.
    c.wait_nodes(&[a.name(), b.name()]);
    cluster.settle(&[0, 1, 2]);
    for (node, watcher) in watchers {
        node.order(Order::Call(far));
        assert_eq!(node.saw(watcher).len(), 1);
    }
}

/// Handlers that block every thread of one node, then of both, while much is sent both ways.
#[test]
fn load_does_not_make_a_node_look_dead() {
    let ms = if is_long() { 60_000 } else { 2 * silence_ms() };
    let count = if is_long() { 4_000 } else { 200 };
    let load = Load { count, bytes: 20_000, large_every: 10, large_bytes: 500_000, link_every: 0 };
    let cluster = Cluster::on_loopback(2, &Settings::silence_ms(silence_ms()));
    let (a, b) = (cluster.node(0), cluster.node(1));
    a.connect(b);
    for blocked in [&[b][..], &[a, b]] {
        let pairs = [(a, b), (b, a)].map(|(from, to)| (from, from.spawn(), to, to.spawn()));
        let sending: Vec<_> =
            pairs.map(|(from, sender, _, to)| from.begin(Order::Send(sender, to, load))).into();
        let blocking: Vec<_> = blocked.iter().map(|node| node.begin(Order::Block { ms })).collect();
        for done in blocking {
            assert_eq!(done.wait(), Answer::Done);
        }
        for sent in sending {
            assert_eq!(sent.wait(), Answer::Sent { accepted: count });
        }
        assert_eq!([a.ups_and_downs(b), b.ups_and_downs(a)], [[true], [true]]);
        for (_, sender, to, receiver) in pairs {
            to.order(Order::Past { by: receiver, from: sender, number: count - 1 });
            let all = Received { count, last: count, gaps: 0, faults: 0 };
            assert_eq!(to.received(receiver, sender), all);
        }
    }
}
