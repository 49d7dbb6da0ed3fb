//! Stopping: nothing is left behind.

use std::collections::BTreeSet;
use std::sync::Arc;

use holm::env::{Endpoint, Transport};
use holm::{CallError, ConnectError, Node, StartError};
use holm_net::unix_dir::PrivateDir;

use crate::actors::Log;
use crate::support::*;

#[tokio::test]
async fn each_life_of_a_name_has_an_id_of_its_own() {
    let net = Net::default();
    let mut ids = BTreeSet::new();
    for _ in 0..20 {
        let node = net.start("a@x").await;
        assert!(ids.insert(node.spawn(Log::default()).pid().node));
        node.stop().await;
    }
}

#[tokio::test]
async fn a_stopped_node_has_no_actors_no_sessions_and_no_listener() {
    let (a, b) = pair().await;
    let log = b.spawn(Log::default());
    let there = reach(&a, &log);
    let (probe, held) = probe(&a, &b);
    let mut call = Box::pin(held.hold());
    begin(&mut call).await;
    probe.entered.notified().await;
    let watch = a.monitor(log.pid());
    assert_eq!(there.count().await, Ok(0), "behind the monitor");
    let lost = a.monitor_node(b.name());
    tokio::join!(b.stop(), async { probe.release.notify_one() });
    assert_eq!(b.system().actors(), 0);
    assert!(b.nodes().is_empty());
    assert_eq!(watch.await.reason, shutdown("the node stops"));
    assert_eq!(call.await, Ok(()), "a handler may finish");
    lost.await;
    assert_eq!(there.count().await, Err(CallError::Disconnected));
    assert!(matches!(a.connect(&Net::at("b@x")).await, Err(ConnectError::Dial(_))));
    let outcome = b.connect(&Net::at("a@x")).await;
    assert!(matches!(outcome, Err(ConnectError::Handshake { .. })), "{outcome:?}");
    b.stop().await;
}

#[tokio::test]
async fn several_can_stop_a_node_and_all_wait_for_the_end() {
    let (a, b) = pair().await;
    let slow = b.spawn(Log::default());
    drop(a);
    let mut given_up = Box::pin(b.stop());
    begin(&mut given_up).await;
    drop(given_up);
    tokio::join!(b.stop(), b.stop());
    assert_eq!(b.system().actors(), 0);
    assert_eq!(slow.count().await, Err(CallError::Noproc));
}

#[tokio::test]
async fn a_hundred_lives_on_one_port_leave_nothing() {
    let first = Node::builder("n@127.0.0.1:0").start().await.unwrap();
    let at = first.endpoints()[0].clone();
    let peer = Node::builder("peer@x").start().await.unwrap();
    first.stop().await;
    for _ in 0..100 {
        let node = Node::builder("n@x").listen(at.clone()).start().await.unwrap();
        peer.connect(&at).await.unwrap();
        reach(&peer, &node.spawn(Log::default())).note(1).await.unwrap();
        node.stop().await;
        peer.monitor_node(node.name()).await;
    }
    peer.stop().await;
    let Endpoint::Tcp { port, .. } = at else { panic!("{at}") };
    // The last tasks let go of their halves on their own.
    while open_sockets(port) > 0 {
        tokio::task::yield_now().await;
    }
}

/// How many sockets of any process are open at this port, or lead to it.
fn open_sockets(port: u16) -> usize {
    let port = format!(":{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let open = |line: &&str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        // One without an inode is only remembered by the kernel.
        columns[1..3].iter().any(|address| address.ends_with(&port)) && columns[9] != "0"
    };
    table.lines().skip(1).filter(open).count()
}

/// Every part of a stopped node goes when its last handle does.
#[tokio::test]
async fn a_stopped_node_is_freed() {
    let net = Net::default();
    let transport: Arc<dyn Transport> = Arc::new(net.transport().clone());
    let weak = Arc::downgrade(&transport);
    let a = Node::builder("a@x").transport(transport).listen(Net::at("a@x")).start().await.unwrap();
    let b = net.start("b@x").await;
    connect(&b, &a).await;
    let log = a.spawn(Log::default());
    a.names().register("log", &log).unwrap();
    let there = reach(&b, &log);
    there.note(1).await.unwrap();
    let _monitor = a.monitor(b.spawn(Log::default()).pid());
    let _other = b.monitor(there.pid());
    a.stop().await;
    drop((a, log));
    while weak.upgrade().is_some() {
        tokio::task::yield_now().await;
    }
    b.stop().await;
}

#[tokio::test]
async fn a_failed_start_leaves_nothing() {
    let dir = PrivateDir::create(&std::env::temp_dir(), "start-").unwrap();
    let free = Endpoint::Unix(dir.path().join("free"));
    let taken = Endpoint::Unix(dir.path().join("taken"));
    let holder = Node::builder("h@x").listen(taken.clone()).start().await.unwrap();
    let outcome = Node::builder("n@x").listen(free.clone()).listen(taken.clone()).start().await;
    assert!(matches!(outcome, Err(StartError::UnixDir { at, .. }) if at == taken));
    let second = Node::builder("n@x").listen(free.clone()).start().await.unwrap();
    second.stop().await;
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        2,
        "only the holder's files are left"
    );
    holder.stop().await;
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    for at in ["tcp:0.0.0.0:0", "tcp:10.1.2.3:4000"] {
        let outcome = Node::builder("n@x").listen(at.parse().unwrap()).start().await;
        assert!(matches!(outcome, Err(StartError::Posture { .. })));
    }
    assert!(matches!(Node::builder("no name").start().await, Err(StartError::Name { .. })));
}
