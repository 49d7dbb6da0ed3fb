//! What cannot be: each has its own error, and leaves nothing behind.

use std::net::TcpListener;

use holm_cluster::{Answer, Bonds, Cluster, Order, Peer, Process, Settings, Spawned, is_long};

fn spawn_on(node: &Process, what: Spawned) -> Order {
    Order::SpawnOn { node: node.name().to_owned(), what }
}

#[test]
fn a_later_life_takes_a_name_and_the_earlier_one_is_told() {
    let cluster = Cluster::on_loopback(2, &Settings::default());
    let (a, b) = (cluster.node(0), cluster.node(1));
    b.connect(a);
    // Of the same name, elsewhere.
    let listen = Some(cluster.endpoint(5));
    let later = cluster.start(1, &Settings { listen, ..Settings::default() });
    assert_eq!(later.name(), b.name());
    later.order(Order::Connect(a.endpoint()));
    a.wait_peer_times(&Peer::Up(b.name().to_owned()), 2);
    assert_eq!(a.ups_and_downs(b), [true, false, true]);
    // Until then it takes the session that it had for one that lives.
    b.wait_peer(&Peer::Down(a.name().to_owned()));
    let (kind, text) = b.begin(Order::Connect(a.endpoint())).fails();
    assert_eq!(kind, "Handshake");
    assert!(text.contains("a later life of this node is known"), "{text}");
    later.order(Order::Call(a.spawn()));
}

#[test]
fn another_cluster_and_nobody_are_told_apart() {
    let cluster = Cluster::on_loopback(1, &Settings::default());
    let a = cluster.node(0);
    let other = Settings { cluster: "other".to_owned(), ..Settings::default() };
    let other = cluster.start(1, &other);
    for (from, to) in [(a, &other), (&other, a)] {
        let (kind, text) = from.begin(Order::Connect(to.endpoint())).fails();
        assert_eq!(kind, "Handshake");
        assert!(text.contains("cluster") && text.contains("other"), "{text}");
    }
    let nobody = cluster.endpoint(7);
    assert_eq!(a.fails(Order::Connect(nobody.clone())), "Dial");
    let node = format!("n7@{}", nobody.strip_prefix("tcp:").unwrap());
    assert_eq!(a.fails(Order::SpawnOn { node, what: Spawned::Puppet }), "Disconnected");
    if is_long() {
        // Somebody who says nothing: the handshake has its time.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = format!("tcp:{}", silent.local_addr().unwrap());
        assert_eq!(a.fails(Order::Connect(at)), "Handshake");
    }
    assert_eq!(a.ask(Order::Nodes), Answer::Nodes(Vec::new()));
}

#[test]
fn spawns_that_cannot_be_say_why() {
    let cluster = Cluster::on_loopback(2, &Settings::silence_ms(500));
    let (a, b) = (cluster.node(0), cluster.node(1));
    a.connect(b);
    let barren = cluster.start(2, &Settings { spawnable: false, ..Settings::default() });
    a.connect(&barren);
    assert_eq!(a.fails(spawn_on(&barren, Spawned::Puppet)), "NotSpawnable");
    assert_eq!(a.fails(spawn_on(b, Spawned::Impostor)), "SchemaMismatch");
    let stranger = cluster.start(3, &Settings::default()).spawn();
    assert_eq!(a.fails(Order::Call(stranger)), "Noproc");
    // The other node falls silent before it answers.
    cluster.pause(1);
    let spawning = a.begin(spawn_on(b, Spawned::Puppet));
    assert_eq!(spawning.fails().0, "Disconnected");
    let idle = Answer::Bonds(Bonds::default());
    assert_eq!(a.ask(Order::Bonds(b.name().to_owned())), idle);
    cluster.resume(1);
    b.wait_nodes(&[a.name()]);
    let Answer::Pid(child) = a.ask(spawn_on(b, Spawned::Puppet)) else { panic!("no child") };
    a.order(Order::Call(child));
}

#[test]
fn nothing_is_left_of_what_bound_a_node_to_one_that_was_killed() {
    const EACH: usize = 100;
    let cluster = Cluster::on_loopback(2, &Settings::default());
    let (a, b) = (cluster.node(0), cluster.node(1));
    a.connect(b);
    let (near, far) = (a.spawn(), b.spawn());
    b.order(Order::Hold(far));
    let calls: Vec<_> = (0..EACH).map(|_| a.begin(Order::Call(far))).collect();
    for _ in 0..EACH {
        let other = b.spawn();
        a.order(Order::Link(near, other));
        a.order(Order::Monitor(near, other));
        b.order(Order::Monitor(other, near));
    }
    cluster.settle(&[0, 1]);
    let bonds = Bonds { requests: EACH, links: EACH, monitors: EACH, watched: EACH };
    let of_b = || a.ask(Order::Bonds(b.name().to_owned()));
    assert_eq!(of_b(), Answer::Bonds(bonds));
    cluster.kill(1);
    for call in calls {
        assert_eq!(call.fails().0, "Disconnected");
    }
    a.wait_saw(near, 2 * EACH);
    a.wait_peer(&Peer::Down(b.name().to_owned()));
    assert_eq!(of_b(), Answer::Bonds(Bonds::default()));
    assert_eq!(a.saw(near).len(), 2 * EACH);
}
