//! Sessions that begin by themselves: on demand, anew, and with nodes one was told of.

use std::time::Duration;

use holm::prelude::*;
use holm::{AutoConnect, CallError, NodeEvent, NodeName, SendError};
use holm_net::handshake::HandshakeFailure;
use holm_wire::handshake::{Dial, HandshakeError};
use holm_wire::signal::Signal;
use holm_wire::{AttemptNo, Code, Incarnation};
use tokio::time::{sleep, timeout};

use crate::actors::Log;
use crate::raw::{Heard, Raw};
use crate::support::*;

async fn start(net: &Net, name: &str) -> Node {
    net.builder(name).auto_connect(AutoConnect::Always).start().await.unwrap()
}

/// Two nodes that know each other, without a session.
async fn acquainted(net: &Net) -> (Node, Node) {
    let (a, b) = (start(net, "a@x").await, start(net, "b@x").await);
    connect(&a, &b).await;
    part(&a, &b).await;
    (a, b)
}

/// Ends the session of two nodes, for now.
async fn part(a: &Node, b: &Node) {
    let (mut here, mut there) = (a.events(), b.events());
    a.disconnect(b.name());
    b.disconnect(a.name());
    until_down(&mut here, b.name()).await;
    until_down(&mut there, a.name()).await;
}

async fn until_down(events: &mut holm::NodeEvents, node: &NodeName) {
    while events.next().await != Some(NodeEvent::Down(node.clone())) {}
}

#[tokio::test]
async fn what_is_sent_dials_a_known_node_and_keeps_its_order() {
    let net = Net::default();
    let (a, b) = acquainted(&net).await;
    let there = reach(&a, &b.spawn(Log::default()));
    let mut events = a.events();
    let down = a.monitor(there.pid());
    for entry in 0..100 {
        match entry % 3 {
            0 => there.note(entry).await.unwrap(),
            1 => there.send().note(entry).await.unwrap(),
            _ => there.cast().note(entry).unwrap(),
        }
    }
    assert_eq!(there.entries().await.unwrap(), (0..100).collect::<Vec<_>>());
    assert_eq!(events.next().await, Some(NodeEvent::Up(b.name().clone())));
    // One more time, with the first signal an exit.
    part(&a, &b).await;
    there.exit(failed("asked to"));
    assert_eq!(down.await.reason, ExitReason::Noconnection, "the session it went by was lost");
    let ended = there.count().await.unwrap_err();
    assert!(matches!(ended, CallError::Noproc | CallError::Exited(_)), "{ended}");
}

#[tokio::test]
async fn all_who_wait_for_a_session_in_vain_are_told() {
    let net = Net::default();
    let (a, b) = acquainted(&net).await;
    let there = reach(&a, &b.spawn(Log::default()));
    b.stop().await;
    there.cast().note(1).unwrap();
    let monitor = a.monitor(there.pid());
    let mut given_up = Box::pin(there.count());
    begin(&mut given_up).await;
    drop(given_up);
    drop(a.monitor(there.pid()));
    assert_eq!(there.count().await, Err(CallError::Disconnected));
    assert_eq!(monitor.await.reason, ExitReason::Noconnection);
    assert_eq!(a.dead_letters().unreachable, 1);
    a.stop().await;
    assert!(matches!(there.cast().note(1), Err(SendError::Disconnected(_))));
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_comes_back_until_it_is_let_go() {
    let net = Net::default();
    let (a, b) = (start(&net, "a@x").await, start(&net, "b@x").await);
    connect(&a, &b).await;
    let mut events = a.events();
    for _ in 0..3 {
        b.disconnect(a.name());
        assert_eq!(events.next().await, Some(NodeEvent::Down(b.name().clone())));
        assert_eq!(events.next().await, Some(NodeEvent::Up(b.name().clone())));
    }
    // Also from a life that listens there much later.
    b.stop().await;
    assert_eq!(events.next().await, Some(NodeEvent::Down(b.name().clone())));
    sleep(Duration::from_secs(600)).await;
    let b = start(&net, "b@x").await;
    assert_eq!(events.next().await, Some(NodeEvent::Up(b.name().clone())));
    a.disconnect(b.name());
    assert_eq!(events.next().await, Some(NodeEvent::Down(b.name().clone())));
    assert!(timeout(Duration::from_secs(600), events.next()).await.is_err());
}

#[tokio::test]
async fn once_is_once_and_never_is_never() {
    for (when, dials) in [(AutoConnect::Once, true), (AutoConnect::Never, false)] {
        let net = Net::default();
        let c = net.builder("c@x").start().await.unwrap();
        let log = c.spawn(Log::default());
        let b = start(&net, "b@x").await;
        let a = net.builder("a@x").auto_connect(when).start().await.unwrap();
        connect(&a, &b).await;
        connect(&b, &c).await;
        // `a` is told of `c`, whom it never met.
        let keeper = b.spawn(Keeper(reach(&b, &log)));
        let there = reach(&a, &keeper).kept().await.unwrap();
        assert_eq!(there.note(1).await.is_ok(), dials);
        if dials {
            part(&a, &c).await;
            assert_eq!(there.note(1).await, Err(CallError::Disconnected));
        }
    }
}

/// Keeps a reference for others.
struct Keeper(Ref<Log>);

#[actor]
impl Keeper {
    async fn kept(&mut self) -> Ref<Log> {
        self.0.clone()
    }
}

#[tokio::test]
async fn a_reference_leads_to_a_node_that_its_receiver_never_met() {
    let net = Net::default();
    let (a, b, c) = (start(&net, "a@x").await, start(&net, "b@x").await, start(&net, "c@x").await);
    connect(&a, &b).await;
    connect(&a, &c).await;
    let log = c.spawn(Log::default());
    // As an argument.
    let far = reach(&a, &b.spawn(Log::default()));
    let here = reach(&a, &log);
    assert_eq!(far.tell(here.clone(), 7).await.unwrap(), [7]);
    assert!(b.nodes().contains(c.name()));
    // In a reply, to one that knows neither.
    let d = start(&net, "d@x").await;
    connect(&d, &a).await;
    let kept = reach(&d, &a.spawn(Keeper(here))).kept().await.unwrap();
    kept.note(8).await.unwrap();
    assert_eq!(log.entries().await.unwrap(), [7, 8]);
}

#[tokio::test]
async fn pids_of_an_earlier_life_are_dead() {
    let net = Net::default();
    let (a, b) = acquainted(&net).await;
    let before = reach(&a, &b.spawn(Log::default()));
    let earlier = b.system().node();
    b.stop().await;
    let b = loop {
        let b = start(&net, "b@x").await;
        if b.system().node() != earlier {
            break b;
        }
        // Started within the same millisecond.
        b.stop().await;
    };
    let now = reach(&a, &b.spawn(Log::default()));
    // Known as the earlier one, it is dialled; the later one answers.
    let (down, call) = (a.monitor(before.pid()), before.count());
    assert_eq!((down.await.reason, call.await), (ExitReason::Noproc, Err(CallError::Noproc)));
    assert_eq!(now.count().await, Ok(0));
    assert!(matches!(before.cast().note(1), Err(SendError::Noproc(_))));
}

#[tokio::test]
async fn who_answers_for_another_is_refused() {
    let net = Net::default();
    let (a, b) = acquainted(&net).await;
    let there = reach(&a, &b.spawn(Log::default()));
    b.stop().await;
    let at = Net::at("b@x");
    let other = net.builder("other@x").listen(at).start().await.unwrap();
    assert_eq!(there.count().await, Err(CallError::Disconnected));
    assert_eq!((a.nodes(), other.nodes()), (vec![], vec![]));
}

#[tokio::test]
async fn a_name_with_a_port_is_dialled_without_having_been_met() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let name = format!("b@{free}");
    let b = Node::builder(&name).start().await.unwrap();
    b.names().register("log", &b.spawn(Log::default())).unwrap();
    let a = Node::builder("a@x").start().await.unwrap();
    let log = a.at::<Log>(b.name(), "log");
    log.note(1).await.unwrap();
    assert_eq!(a.nodes(), [b.name().clone()]);
    let nobody = a.at::<Log>(&crate::support::name("b@nowhere"), "log");
    assert_eq!(nobody.note(1).await, Err(CallError::Disconnected));
}

/// The node, as the greater of the two names, decides which attempt becomes the session.
#[tokio::test]
async fn an_attempt_ends_the_session_before_only_with_proof() {
    let net = Net::default();
    let node = start(&net, "z@x").await;
    let mut events = node.events();
    let is_duplicate = |dialled: Result<Raw, HandshakeFailure>| {
        let Err(HandshakeFailure::Handshake(HandshakeError::Rejected(reject))) = dialled else {
            panic!("it was not rejected");
        };
        assert_eq!(reject.code, Code::Duplicate);
    };
    let first = Raw::dial(&net, &node, 5, None).await.unwrap();
    // Earlier dials of the peer, or the same, prove nothing, whatever they say of others.
    is_duplicate(Raw::dial(&net, &node, 5, Some(9)).await);
    is_duplicate(Raw::dial(&net, &node, 4, None).await);
    // Nor does one of a peer that does not know whom it dials.
    let blind = Dial { attempt: AttemptNo(6.try_into().unwrap()), gone: None, is_blind: true };
    is_duplicate(Raw::dial_as(&net, &node, blind).await);
    // A later one does: the peer dials only without a session.
    let second = Raw::dial(&net, &node, 6, None).await.unwrap();
    let evil = name("evil@x");
    let (up, down) = (NodeEvent::Up(evil.clone()), NodeEvent::Down(evil));
    for expected in [&up, &down, &up] {
        assert_eq!(events.next().await.as_ref(), Some(expected));
    }
    drop((first, second));
    assert_eq!(events.next().await, Some(down));
}

/// A member that lies about another one does not make it unreachable.
#[tokio::test]
async fn hearsay_does_not_replace_where_a_node_was_found() {
    let net = Net::default();
    let (a, b) = acquainted(&net).await;
    let log = b.spawn(Log::default());
    b.names().register("log", &log).unwrap();
    let before = reach(&a, &log);
    let elsewhere: Vec<String> = (0..16).map(|n| format!("mem:nowhere-{n}")).collect();
    let mut raw = Raw::connect(&net, &a).await;
    raw.push(&Signal::Node {
        name: b.name().clone(),
        incarnation: Incarnation(u64::MAX),
        endpoints: elsewhere.iter().map(String::as_str).collect(),
    });
    // Answered, so that the lie has been heard.
    let method = raw.define::<Log>(0, "count");
    raw.call(a.spawn(Log::default()).pid(), method);
    assert!(raw.write().await);
    raw.read(|heard| matches!(heard, Heard::Signal(Signal::Reply { .. }))).await;
    assert_eq!(before.count().await, Err(CallError::Noproc), "a later life was told of");
    let there = a.at::<Log>(b.name(), "log");
    there.note(1).await.unwrap();
    before.note(2).await.unwrap();
    assert_eq!(log.entries().await.unwrap(), [1, 2]);
}
