//! Nodes that know how to reach each other.

use std::sync::Arc;

use holm::env::{Endpoint, MemoryTransport};
use holm::{AutoConnect, ExitReason, Node, NodeBuilder, NodeEvent, NodeEvents, NodeName};

use crate::actors::{Log, Probe};

/// A network within the process.
#[derive(Clone, Default)]
pub(crate) struct Net(MemoryTransport);

impl Net {
    /// A node to be, listening under the part of its name before the `@`. It dials nobody by itself.
    pub(crate) fn builder(&self, name: &str) -> NodeBuilder {
        Node::builder(name)
            .transport(Arc::new(self.0.clone()))
            .listen(Self::at(name))
            .spawnable::<Log>()
            .auto_connect(AutoConnect::Never)
    }

    pub(crate) async fn start(&self, name: &str) -> Node {
        self.builder(name).start().await.unwrap()
    }

    pub(crate) fn at(name: &str) -> Endpoint {
        Endpoint::Memory(name.split('@').next().unwrap().to_owned())
    }

    pub(crate) fn transport(&self) -> &MemoryTransport {
        &self.0
    }
}

/// Two nodes, `a@x` and `b@x`, with a session.
pub(crate) async fn pair() -> (Node, Node) {
    let net = Net::default();
    let (a, b) = (net.start("a@x").await, net.start("b@x").await);
    connect(&a, &b).await;
    (a, b)
}

/// Returns when both know of the session.
pub(crate) async fn connect(from: &Node, to: &Node) {
    let events = to.events();
    from.connect(&to.endpoints()[0]).await.unwrap();
    if !to.nodes().contains(from.name()) {
        until(events, &NodeEvent::Up(from.name().clone())).await;
    }
}

pub(crate) async fn until(mut events: NodeEvents, wanted: &NodeEvent) {
    while events.next().await.as_ref() != Some(wanted) {}
}

/// A reference on `node` to an actor that lives on another one.
pub(crate) fn reach<A: holm::Remote>(node: &Node, actor: &holm::Ref<A>) -> holm::Ref<A> {
    node.system().reference(actor.pid())
}

/// A probe on `there`, and a reference to it on `here`.
pub(crate) fn probe(here: &Node, there: &Node) -> (Probe, holm::Ref<Probe>) {
    let probe = Probe::default();
    let actor = there.spawn(probe.clone());
    (probe, reach(here, &actor))
}

pub(crate) fn name(text: &str) -> NodeName {
    text.parse().unwrap()
}

pub(crate) fn failed(text: &str) -> ExitReason {
    ExitReason::Failed(text.into())
}

pub(crate) fn shutdown(why: &str) -> ExitReason {
    ExitReason::Shutdown(why.into())
}

/// Polls `future` once, which starts what it does; it must not be ready.
pub(crate) async fn begin<F: Future + Unpin>(future: &mut F) {
    tokio::select! {
        biased;
        _ = future => panic!("it was ready at once"),
        () = std::future::ready(()) => {}
    }
}
