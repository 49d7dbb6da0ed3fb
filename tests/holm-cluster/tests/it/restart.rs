//! A node that dies and comes back, and one that is only heard of.

use std::time::{Duration, Instant};

use holm::ExitReason;
use holm_cluster::{Answer, Bonds, Cluster, Order, Peer, Saw, Settings, is_long};

/// How soon a node that came back has its sessions again.
const BACK: Duration = Duration::from_secs(2);

#[test]
fn a_killed_node_comes_back_and_its_old_pids_are_dead() {
    let mut cluster = Cluster::on_loopback(2, &Settings::default());
    let down = Peer::Down(cluster.node(1).name().to_owned());
    let up = Peer::Up(cluster.node(1).name().to_owned());
    cluster.node(0).connect(cluster.node(1));
    for life in 1..=if is_long() { 20 } else { 2 } {
        let (a, b) = (cluster.node(0), cluster.node(1));
        let (near, far) = (a.spawn(), b.spawn());
        a.order(Order::Link(near, far));
        a.order(Order::Monitor(near, far));
        a.order(Order::Call(far));
        let bonds = Bonds { links: 1, monitors: 1, ..Bonds::default() };
        assert_eq!(a.ask(Order::Bonds(b.name().to_owned())), Answer::Bonds(bonds));
        cluster.kill(1);
        a.wait_peer_times(&down, life);
        let reason = ExitReason::Noconnection;
        let mut saw = a.wait_saw(near, 2);
        saw.sort_by_key(|saw| matches!(saw, Saw::Exit { .. }));
        let told = Saw::Down { of: far, reason: reason.clone(), taken: 0 };
        assert_eq!(saw, [told, Saw::Exit { from: Some(far), reason, taken: 0 }]);
        let peer = cluster.node(1).name().to_owned();
        assert_eq!(a.ask(Order::Bonds(peer)), Answer::Bonds(Bonds::default()));
        cluster.restart(1);
        let (a, ready) = (cluster.node(0), Instant::now());
        let back = a.wait_peer_times(&up, life + 1).saturating_duration_since(ready);
        if is_long() {
            println!("life {life}: back {back:?} after its start");
            assert!(back <= BACK, "{back:?}");
        }
        assert_eq!(a.fails(Order::Call(far)), "Noproc");
        let near = a.spawn();
        a.order(Order::Monitor(near, far));
        let noproc = Saw::Down { of: far, reason: ExitReason::Noproc, taken: 0 };
        assert_eq!(a.wait_saw(near, 1), [noproc]);
    }
}

#[test]
fn a_reference_leads_to_a_process_that_its_receiver_never_met() {
    let cluster = Cluster::on_loopback(3, &Settings::default());
    let [a, b, c] = [0, 1, 2].map(|index| cluster.node(index));
    a.connect(b);
    a.connect(c);
    let (teller, told, of) = (a.spawn(), b.spawn(), c.spawn());
    assert_eq!(b.ask(Order::Nodes), Answer::Nodes(vec![a.name().to_owned()]));
    a.order(Order::Introduce { by: teller, to: told, of });
    b.wait_nodes(&[a.name(), c.name()]);
}
