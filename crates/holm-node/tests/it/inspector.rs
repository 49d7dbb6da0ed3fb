//! What a node tells those who ask its inspector.

use std::collections::BTreeSet;

use holm::access::{Access, Capabilities, Role};
use holm::{ActorFilter, ActorState, ActorSummary, CallError, Code, INSPECTOR, Node};

use crate::actors::Log;
use crate::support::*;

/// All pages of what `from` is told of the actors of `of`.
async fn actors(from: &Node, of: &Node, filter: ActorFilter) -> Vec<Vec<ActorSummary>> {
    let inspector = from.inspector(of.name());
    let (mut pages, mut next) = (Vec::new(), Some(0));
    while let Some(from) = next {
        let page = inspector.actors(filter.clone(), from).await.unwrap();
        pages.push(page.actors);
        next = page.next;
    }
    pages
}

fn named(name: &str) -> ActorFilter {
    ActorFilter { name: Some(name.to_owned()), ..ActorFilter::default() }
}

#[tokio::test]
async fn it_tells_of_its_node_and_sessions() {
    let (a, b) = pair().await;
    let (_probe, there) = probe(&a, &b);
    let _watch = a.monitor(there.pid());
    there.echo(vec![7; 5_000]).await.unwrap();
    let status = a.inspector(b.name()).node().await.unwrap();
    assert_eq!((&status.name, status.role), (b.name(), Role::Member));
    assert_eq!(status.endpoints, ["mem:b"]);
    assert!(status.build.starts_with("holm "), "{}", status.build);
    assert_eq!(status.actors, 2);
    assert_eq!(status.dead_letters, b.dead_letters());
    assert_eq!(status.admission, b.admission_counters());
    let [session] = &status.sessions[..] else { panic!("{status:?}") };
    assert_eq!((&session.peer, session.role, session.dialled), (a.name(), Role::Member, false));
    assert_eq!((&*session.scheme, &*session.identity), ("mem", "process"));
    assert!(session.age <= status.uptime, "{status:?}");
    assert!(session.sent > 5_000 && session.received > 5_000, "{session:?}");
    assert_eq!((session.bonds.watched, session.bonds.monitors), (1, 0));
    // The other end of the same session.
    let status = a.inspector(a.name()).node().await.unwrap();
    let [session] = &status.sessions[..] else { panic!("{status:?}") };
    assert_eq!((&session.peer, session.dialled), (b.name(), true));
    assert_eq!((session.bonds.watched, session.bonds.monitors), (0, 1));
}

#[tokio::test]
async fn it_tells_of_each_actor_once_page_by_page() {
    let (a, b) = pair().await;
    let logs: BTreeSet<_> = (0..2_500).map(|_| b.spawn(Log::default()).pid()).collect();
    let pages = actors(&a, &b, ActorFilter::default()).await;
    assert!(pages.len() > 2 && pages.iter().all(|page| page.len() <= 1_024));
    let all = pages.concat();
    assert_eq!(all.len(), logs.len() + 1);
    let seen: BTreeSet<_> = all.iter().map(|actor| actor.pid).collect();
    assert!(seen.is_superset(&logs));
    let inspector = actors(&a, &b, named("inspec")).await.concat();
    assert_eq!((inspector.len(), &*inspector[0].names), (1, &[INSPECTOR.to_owned()][..]));
    let type_name = inspector[0].type_name.clone();
    assert_eq!(inspector[0].state, ActorState::Handling("actors".to_owned()));
    let of_type = ActorFilter { type_name: Some(type_name), name: Some("nobody".to_owned()) };
    assert_eq!(actors(&a, &b, of_type).await.concat(), []);
}

#[tokio::test]
async fn it_tells_what_an_actor_does_and_what_waits_for_it() {
    let (a, b) = pair().await;
    let (probe, there) = probe(&a, &b);
    b.names().register("held", &b.system().reference::<crate::actors::Probe>(there.pid())).unwrap();
    let told = async || actors(&a, &b, named("held")).await.concat().remove(0);
    let idle = told().await;
    assert_eq!((idle.state, idle.inbox, idle.inbox_max), (ActorState::Idle, 0, 1_024));
    there.cast().hold().unwrap();
    probe.entered.notified().await;
    for number in 0..3 {
        there.cast().take(number, Vec::new()).unwrap();
    }
    let busy = told().await;
    assert_eq!((busy.state, busy.inbox), (ActorState::Handling("hold".to_owned()), 3));
    b.system().exit(there.pid(), shutdown("enough"));
    assert_eq!(told().await.state, ActorState::Exiting(shutdown("enough")));
    probe.release.notify_one();
}

#[tokio::test]
async fn it_starts_when_it_is_asked_and_again_after_it_was_killed() {
    let (a, b) = pair().await;
    assert_eq!((a.system().actors(), b.system().actors()), (0, 0));
    let (one, two) = (a.inspector(b.name()), a.inspector(b.name()));
    let both = tokio::join!(one.node(), two.node());
    assert_eq!((both.0.unwrap().actors, both.1.unwrap().actors), (1, 1));
    let first = b.names().whereis(INSPECTOR).unwrap();
    let end = a.monitor(first);
    a.system().kill(first);
    end.await;
    assert_eq!(one.node().await.unwrap().actors, 1);
    assert_ne!(b.names().whereis(INSPECTOR), Some(first));
    b.stop().await;
    assert_eq!(b.system().actors(), 0);
}

#[tokio::test]
async fn a_node_without_it_tells_nobody() {
    let net = Net::default();
    let (a, b) = (net.start("a@x").await, net.builder("b@x").inspector(false));
    let b = b.start().await.unwrap();
    connect(&a, &b).await;
    assert_eq!(a.inspector(b.name()).node().await, Err(CallError::Noproc));
    assert_eq!(b.inspector(b.name()).node().await, Err(CallError::Noproc));
    assert_eq!(b.system().actors(), 0);
    a.ping(b.name()).await.unwrap();
}

#[tokio::test]
async fn who_may_not_send_is_told_nothing() {
    let net = Net::default();
    let others = Some(Capabilities { send: false, ..Capabilities::member() });
    let access = Access { others, ..Access::default() };
    let (a, b) = (net.start("a@x").await, net.builder("b@x").access(access));
    let b = b.start().await.unwrap();
    connect(&a, &b).await;
    let Err(CallError::Refused(error)) = a.inspector(b.name()).node().await else {
        panic!("it was told");
    };
    assert_eq!((error.code, b.system().actors()), (Code::Forbidden, 0));
    a.ping(b.name()).await.unwrap();
}

#[tokio::test]
async fn it_measures_round_trips_to_peers_alone() {
    let net = Net::default();
    let (a, b, c) = (net.start("a@x").await, net.start("b@x").await, net.start("c@x").await);
    connect(&a, &b).await;
    connect(&b, &c).await;
    let inspector = a.inspector(b.name());
    assert!(inspector.round_trip(c.name().clone()).await.unwrap().is_some());
    assert_eq!(inspector.round_trip(name("d@x")).await.unwrap(), None);
    assert_eq!(b.nodes().len(), 2);
}
