//! The whole stack in the test world: nodes on hosts, and the actors that the scenarios use.

mod breaks;
mod crash;
mod crossing;
mod faults;
mod introductions;
mod links;
mod member;
mod planted;
mod storm;
mod traffic;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use holm::env::Transport;
use holm::prelude::*;
use holm::{AutoConnect, MonitorRef, NodeBuilder, NodeEvent, NodeEvents, Pid};
use holm_sim::Host;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

/// Starts the node `HOST@sim`, which listens at its host's address.
async fn start(host: &Host) -> Node {
    start_over(host, host.transport()).await
}

/// The same over another transport.
async fn start_over(host: &Host, transport: Arc<dyn Transport>) -> Node {
    builder(host, transport).start().await.unwrap()
}

/// A node to be, which dials nobody by itself.
fn builder(host: &Host, transport: Arc<dyn Transport>) -> NodeBuilder {
    Node::builder(&format!("{}@sim", host.name()))
        .env(host.env())
        .transport(transport)
        .listen(host.endpoint())
        .spawnable::<Stuck>()
        .auto_connect(AutoConnect::Never)
}

/// The actor of type `A` with this pid, as `node` reaches it.
fn reach<A: holm::Remote>(node: &Node, pid: Pid) -> Ref<A> {
    node.system().reference(pid)
}

/// Keeps who calls it waiting.
#[derive(Serialize, Deserialize, Message, Default)]
struct Stuck {}

#[actor]
impl Stuck {
    async fn ping(&mut self) {}

    async fn never(&mut self) {
        std::future::pending::<()>().await;
    }
}

/// Monitors actors and counts what it hears.
#[derive(Default)]
struct Watcher {
    downs: BTreeMap<MonitorRef, Vec<ExitReason>>,
}

#[actor(local)]
impl Watcher {
    async fn watch(&mut self, pid: Pid, cx: &mut Context<Self>) -> MonitorRef {
        let monitor = cx.monitor(pid);
        self.downs.insert(monitor, Vec::new());
        monitor
    }

    /// What came for each monitor.
    async fn downs(&mut self) -> BTreeMap<MonitorRef, Vec<ExitReason>> {
        self.downs.clone()
    }

    async fn signal(&mut self, signal: Signal, _cx: &mut Context<Self>) {
        match signal {
            Signal::Down(down) => self.downs.get_mut(&down.monitor).unwrap().push(down.reason),
            other => panic!("{other:?}"),
        }
    }
}

/// What a listener to a node's events got until now.
async fn events_until_now(events: &mut NodeEvents) -> Vec<NodeEvent> {
    let mut all = Vec::new();
    // Time does not pass while there is an event to take.
    while let Ok(Some(event)) = timeout(Duration::from_millis(1), events.next()).await {
        all.push(event);
    }
    all
}
