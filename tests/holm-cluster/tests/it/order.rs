//! Order between two processes.

use holm::ExitReason;
use holm_cluster::{Answer, Cluster, Load, Order, Received, Saw, Settings, is_long};

const SENDERS: usize = 8;

/// Each pair's messages, small and in chunks, among links and unlinks: all of them, in order, and the end
/// of the sender behind them.
#[test]
fn each_pair_is_in_order_among_links_and_large_messages() {
    let count = if is_long() { 1_000_000 } else { 2_000 };
    let load = Load {
        count,
        bytes: 32,
        large_every: count / 20,
        large_bytes: 200_000,
        // Odd, so that each ends linked.
        link_every: count / 101,
    };
    let cluster = Cluster::on_loopback(2, &Settings::default());
    let (a, b) = (cluster.node(0), cluster.node(1));
    a.connect(b);
    let pairs: Vec<_> = (0..SENDERS)
        .map(|n| {
            let (from, to) = if n % 2 == 0 { (a, b) } else { (b, a) };
            (from, from.spawn_mortal(), to, to.spawn())
        })
        .collect();
    let sending: Vec<_> = pairs
        .iter()
        .map(|(from, sender, _, receiver)| from.begin(Order::Send(*sender, *receiver, load)))
        .collect();
    for sent in sending {
        assert_eq!(sent.wait(), Answer::Sent { accepted: count });
    }
    for (from, sender, to, receiver) in &pairs {
        let reason = ExitReason::Failed("said all".into());
        from.order(Order::Exit(*sender, reason.clone()));
        let saw = to.wait_saw(*receiver, 1);
        assert_eq!(saw, [Saw::Exit { from: Some(*sender), reason, taken: count }]);
        let all = Received { count, last: count, gaps: 0, faults: 0 };
        assert_eq!(to.received(*receiver, *sender), all);
    }
    assert_eq!(a.ups_and_downs(b), [true]);
}
