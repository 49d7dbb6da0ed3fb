//! At most one session for each pair, and what is seen of its life.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use holm::env::Endpoint;
use holm::{CallError, Compression, ConnectError, Node, NodeEvent, NodeEvents, Secret, StartError};
use holm_net::unix_dir::PrivateDir;
use holm_wire::handshake::Features;
use tokio::time::timeout;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::actors::Log;
use crate::support::*;

fn up(node: &Node) -> NodeEvent {
    NodeEvent::Up(node.name().clone())
}

fn down(node: &Node) -> NodeEvent {
    NodeEvent::Down(node.name().clone())
}

#[tokio::test]
async fn a_second_connect_finds_the_session() {
    for (first, second) in [("a@x", "b@x"), ("b@x", "a@x")] {
        let net = Net::default();
        let (one, two) = (net.start(first).await, net.start(second).await);
        let mut events = one.events();
        connect(&one, &two).await;
        let log = reach(&one, &two.spawn(Log::default()));
        let monitor = one.monitor(log.pid());
        for _ in 0..5 {
            assert_eq!(&one.connect(&Net::at(second)).await.unwrap(), two.name());
            assert_eq!(&two.connect(&Net::at(first)).await.unwrap(), one.name());
        }
        log.end(failed("f")).await.unwrap();
        assert_eq!(monitor.await.reason, failed("f"), "the session is the first one");
        one.disconnect(two.name());
        assert_eq!(events.next().await, Some(up(&two)));
        assert_eq!(events.next().await, Some(down(&two)));
    }
}

/// Panics at each event that the dispatch logs.
struct Panicking(Arc<AtomicBool>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Panicking {
    fn on_event(
        &self,
        event: &tracing::Event<'_>,
        _context: tracing_subscriber::layer::Context<'_, S>,
    ) {
        if event.metadata().target() == "holm_node::dispatch" {
            self.0.store(true, Relaxed);
            panic!("this subscriber panics");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_panics_does_not_hide_an_end() {
    let (a, b) = pair().await;
    let mut events = a.events();
    let monitor = a.monitor(b.spawn(Log::default()).pid());
    let has_panicked = Arc::<AtomicBool>::default();
    let subscriber = tracing_subscriber::registry().with(Panicking(Arc::clone(&has_panicked)));
    let _guard = tracing::subscriber::set_default(subscriber);
    a.disconnect(b.name());
    let heard = async {
        assert_eq!(monitor.await.reason, holm::ExitReason::Noconnection);
        assert_eq!(events.next().await, Some(down(&b)));
        a.monitor_node(b.name()).await;
    };
    timeout(Duration::from_secs(60), heard).await.expect("the end was not heard of");
    assert!(has_panicked.load(Relaxed));
}

/// Both dial at once, over and over: one session is left each time, and works both ways.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn crossing_dials_leave_one_session() {
    for _ in 0..100 {
        let net = Net::default();
        let (a, b) = (net.start("a@x").await, net.start("b@x").await);
        let (to_a, to_b) = (Net::at("a@x"), Net::at("b@x"));
        let (one, two, three) = tokio::join!(a.connect(&to_b), b.connect(&to_a), a.connect(&to_b));
        assert_eq!((&one.unwrap(), &two.unwrap(), &three.unwrap()), (b.name(), a.name(), b.name()));
        let log = reach(&a, &b.spawn(Log::default()));
        log.note(1).await.unwrap();
        let log = reach(&b, &a.spawn(Log::default()));
        log.note(1).await.unwrap();
        assert_eq!((a.nodes().len(), b.nodes().len()), (1, 1));
        a.stop().await;
        b.stop().await;
    }
}

/// Redialled the moment the end is known here, which the peer may not know yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lost_session_can_be_redialled_at_once_and_events_alternate() {
    const ROUNDS: usize = 60;
    for (first, second) in [("a@x", "b@x"), ("b@x", "a@x")] {
        let net = Net::default();
        let (one, two) = (net.start(first).await, net.start(second).await);
        let seen = [one.events(), two.events()];
        for round in 0..ROUNDS {
            let end = one.monitor_node(two.name());
            one.connect(&Net::at(second)).await.unwrap();
            end.await;
            if round % 3 == 0 {
                reach(&one, &two.spawn(Log::default())).note(1).await.unwrap();
            }
            one.disconnect(two.name());
            if round % 2 == 0 {
                one.monitor_node(two.name()).await;
            }
        }
        let names = [two.name().clone(), one.name().clone()];
        tokio::join!(one.stop(), two.stop());
        drop((one, two));
        let mut lives = [0, 0];
        for (node, mut events) in seen.into_iter().enumerate() {
            let (up, down) =
                (NodeEvent::Up(names[node].clone()), NodeEvent::Down(names[node].clone()));
            while let Some(event) = events.next().await {
                assert_eq!(event, up);
                assert_eq!(events.next().await.as_ref(), Some(&down));
                lives[node] += 1;
            }
        }
        assert_eq!(lives[0], ROUNDS);
        // The peer may learn of a session only together with the next one.
        assert!((1..=ROUNDS).contains(&lives[1]), "{lives:?}");
    }
}

#[tokio::test]
async fn a_disconnect_fails_calls_on_both_sides() {
    let (a, b) = pair().await;
    let (on_b, there) = probe(&a, &b);
    let (on_a, back) = probe(&b, &a);
    let (mut call, mut back) = (Box::pin(there.hold()), Box::pin(back.hold()));
    begin(&mut call).await;
    begin(&mut back).await;
    on_b.entered.notified().await;
    on_a.entered.notified().await;
    a.disconnect(b.name());
    assert_eq!(call.await, Err(CallError::Disconnected));
    assert_eq!(back.await, Err(CallError::Disconnected));
    assert_eq!(there.got().await, Err(CallError::Disconnected));
}

/// Woken by the end of a call, in the midst of a session's teardown: looks for events there.
struct Hook {
    events: Mutex<NodeEvents>,
    early: Mutex<Option<NodeEvent>>,
}

impl Wake for Hook {
    fn wake(self: Arc<Self>) {
        let mut events = self.events.lock().unwrap();
        let next = std::pin::pin!(events.next());
        if let Poll::Ready(event) = next.poll(&mut Context::from_waker(Waker::noop())) {
            *self.early.lock().unwrap() = event;
        }
    }
}

#[tokio::test]
async fn down_follows_what_the_end_of_a_session_does() {
    let (a, b) = pair().await;
    let events = a.events();
    let (on_b, there) = probe(&a, &b);
    let (on_a, watcher) = probe(&b, &a);
    watcher.watch(there.pid()).await.unwrap();
    let hook = Arc::new(Hook { events: Mutex::new(a.events()), early: Mutex::default() });
    let waker = Waker::from(Arc::clone(&hook));
    let mut call = Box::pin(there.hold());
    assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    on_b.entered.notified().await;
    b.disconnect(a.name());
    until(events, &down(&b)).await;
    assert_eq!(*hook.early.lock().unwrap(), None, "down precedes the end of a call");
    assert_eq!(call.await, Err(CallError::Disconnected));
    assert_eq!(on_a.down().await.reason, holm::ExitReason::Noconnection);
    assert!(a.nodes().is_empty());
}

/// A peer that was started anew while its old session is still thought to live.
#[tokio::test]
async fn a_later_life_of_a_peer_takes_the_place_of_the_earlier() {
    for (server, client) in [("a@x", "b@x"), ("b@x", "a@x")] {
        let net = Net::default();
        let server = net.start(server).await;
        let mut events = server.events();
        // Two lives at once, as if the first had not been seen to end.
        let first = Node::builder(client).transport(Arc::new(net.transport().clone()));
        let first = first.start().await.unwrap();
        first.connect(&server.endpoints()[0]).await.unwrap();
        let old = server.spawn(Log::default());
        let call = reach(&first, &old);
        call.note(1).await.unwrap();
        let second = later(&net, client, &first).await;
        second.connect(&server.endpoints()[0]).await.unwrap();
        first.monitor_node(server.name()).await;
        reach(&second, &old).note(2).await.unwrap();
        assert_eq!(call.note(3).await, Err(CallError::Disconnected));
        for event in [up(&first), down(&first), up(&second)] {
            assert_eq!(events.next().await, Some(event));
        }
        assert_eq!(old.entries().await.unwrap(), [1, 2]);
        // And the earlier life is refused from now on.
        let Err(ConnectError::Handshake { source, .. }) =
            first.connect(&server.endpoints()[0]).await
        else {
            panic!("the earlier life came back");
        };
        assert!(source.to_string().contains("stale"), "{source}");
    }
}

/// A node of the same name with a later incarnation.
async fn later(net: &Net, name: &str, earlier: &Node) -> Node {
    loop {
        let node = Node::builder(name).transport(Arc::new(net.transport().clone()));
        let node = node.start().await.unwrap();
        if node.system().node() != earlier.system().node() {
            return node;
        }
        // Started within the same millisecond.
        node.stop().await;
    }
}

#[tokio::test]
async fn a_wrong_token_is_refused_and_a_right_one_is_not() {
    let dir = PrivateDir::create(&std::env::temp_dir(), "token-").unwrap();
    let at = Endpoint::Unix(dir.path().join("s"));
    let secret = |text: &str| Secret::new(text.as_bytes().to_vec());
    let server =
        Node::builder("s@x").listen(at.clone()).token(secret("right")).start().await.unwrap();
    let none = Node::builder("n@x").start().await.unwrap();
    let wrong = Node::builder("w@x").token(secret("wrong")).start().await.unwrap();
    for client in [&none, &wrong] {
        let Err(ConnectError::Handshake { source, .. }) = client.connect(&at).await else {
            panic!("it was let in");
        };
        assert!(source.to_string().contains("unauthorized"), "{source}");
        assert!(!source.to_string().contains("right"));
        assert!(server.nodes().is_empty() && client.nodes().is_empty());
    }
    let right = Node::builder("r@x").token(secret("right")).start().await.unwrap();
    right.connect(&at).await.unwrap();
    for node in [server, none, wrong, right] {
        node.stop().await;
    }
}

#[tokio::test]
async fn a_node_does_not_connect_to_itself() {
    let net = Net::default();
    let a = net.start("a@x").await;
    let mut events = a.events();
    assert!(matches!(a.connect(&Net::at("a@x")).await, Err(ConnectError::Handshake { .. })));
    a.stop().await;
    drop(a);
    assert_eq!(events.next().await, None);
}

/// What a node says of its abilities is what its builder was told.
#[tokio::test]
async fn a_node_names_what_it_speaks() {
    let net = Net::default();
    for methods in [&[][..], &[Compression::Lz4]] {
        let node = net.builder("s@x").compression(methods).start().await.unwrap();
        let said = crate::raw::Raw::connect(&net, &node).await.peering.established.peer;
        assert!(said.features.contains(Features::USUAL));
        assert_eq!(said.compression, methods.iter().map(|one| *one as u8).collect::<Vec<_>>());
        node.stop().await;
    }
}

#[cfg(not(feature = "zstd"))]
#[tokio::test]
async fn a_compression_that_is_not_built_in_starts_nothing() {
    let started = Net::default().builder("s@x").compression(&[Compression::Zstd]).start().await;
    assert!(matches!(started, Err(StartError::Compression(Compression::Zstd))));
}
