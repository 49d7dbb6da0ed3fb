//! Nodes that only observe: connected, and counted by nobody.

use std::time::Duration;

use holm::access::Role;
use holm::prelude::*;
use holm::{AutoConnect, NodeEvent, SendError};
use tokio::time::timeout;

use crate::actors::Log;
use crate::support::*;

async fn start(net: &Net, name: &str, role: Role) -> Node {
    net.builder(name).role(role).auto_connect(AutoConnect::Always).start().await.unwrap()
}

/// A member and an observer, which listens, too, with a session.
async fn observed(net: &Net) -> (Node, Node) {
    let node = start(net, "node@x", Role::Member).await;
    let eye = start(net, "eye@x", Role::Observer).await;
    eye.connect(&Net::at("node@x")).await.unwrap();
    // It was answered, so the node knows of the session.
    eye.ping(node.name()).await.unwrap();
    (node, eye)
}

#[tokio::test]
async fn an_observer_comes_and_goes_unseen() {
    let net = Net::default();
    let node = start(&net, "node@x", Role::Member).await;
    let mut events = node.events();
    let eye = start(&net, "eye@x", Role::Observer).await;
    let mut seen = eye.events();
    eye.connect(&Net::at("node@x")).await.unwrap();
    let log = reach(&eye, &node.spawn(Log::default()));
    log.note(1).await.unwrap();
    assert_eq!((node.nodes(), eye.nodes()), (vec![], vec![node.name().clone()]));
    assert_eq!(node.nodes_of(Role::Observer), [eye.name().clone()]);
    assert_eq!(node.nodes_of(Role::Member), []);
    // Within the session it is as others are.
    assert_eq!(reach(&node, &eye.spawn(Log::default())).count().await, Ok(0));
    let end = node.monitor_node(eye.name());
    eye.stop().await;
    end.await;
    let member = start(&net, "member@x", Role::Worker).await;
    member.connect(&Net::at("node@x")).await.unwrap();
    assert_eq!(events.next().await, Some(NodeEvent::Up(member.name().clone())));
    assert_eq!(node.nodes(), node.nodes_of(Role::Worker));
    for event in [NodeEvent::Up(node.name().clone()), NodeEvent::Down(node.name().clone())] {
        assert_eq!(seen.next().await, Some(event));
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_dials_an_observer_unasked() {
    let net = Net::default();
    let (node, eye) = observed(&net).await;
    let log = reach(&node, &eye.spawn(Log::default()));
    log.note(1).await.unwrap();
    // Asked for, there is a session, which is not kept up.
    node.disconnect(eye.name());
    node.monitor_node(eye.name()).await;
    eye.disconnect(node.name());
    eye.monitor_node(node.name()).await;
    assert!(matches!(log.cast().note(2), Err(SendError::Disconnected(_))));
    node.connect(&Net::at("eye@x")).await.unwrap();
    log.note(3).await.unwrap();
    let mut seen = eye.events();
    eye.disconnect(node.name());
    assert_eq!(seen.next().await, Some(NodeEvent::Down(node.name().clone())));
    assert!(timeout(Duration::from_secs(600), seen.next()).await.is_err());
}

#[tokio::test]
async fn third_nodes_are_not_told_of_an_observer() {
    let net = Net::default();
    let (node, eye) = observed(&net).await;
    let other = start(&net, "other@x", Role::Member).await;
    connect(&other, &node).await;
    let here = reach(&node, &eye.spawn(Log::default()));
    let far = reach(&node, &other.spawn(Log::default()));
    assert_eq!(here.count().await, Ok(0));
    let told = far.tell(here, 1).await.unwrap_err();
    assert!(matches!(told, CallError::Exited(_)), "it could not reach it: {told}");
    assert_eq!(other.nodes(), [node.name().clone()]);
    assert_eq!(other.nodes_of(Role::Observer), []);
}
