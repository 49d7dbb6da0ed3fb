//! A node, as its owner uses it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use holm_actor::{
    Actor, ActorSystem, Address, DynError, Monitor, Named, Names, Ref, Remote, SpawnOn,
    SpawnOptions, Spawnable,
};
use holm_env::Endpoint;
use holm_net::security::SecurityError;
use holm_proto::access::{Access, Role};
use holm_wire::value::Value;
use holm_wire::{Message, NodeName, Pid};

use crate::connect::{self, ConnectError};
use crate::inner::Inner;
use crate::link::Link;
use crate::{
    AdmissionCounters, DeadLetters, INSPECTOR, Inspector, NodeBuilder, NodeEvents, PingError,
    SessionBonds,
};

/// A node: it hosts actors and connects to other nodes.
///
/// Cheap to clone. It runs until [`stop`](Self::stop), also when every handle is dropped.
#[derive(Clone)]
pub struct Node(Arc<Inner>);

impl Node {
    /// A node to be, called `name@authority`. If the authority is `HOST:PORT`, the node listens there
    /// by TCP, unless it is told where to listen.
    pub fn builder(name: &str) -> NodeBuilder {
        NodeBuilder::new(name)
    }

    pub(crate) fn new(inner: Arc<Inner>) -> Self {
        Self(inner)
    }

    /// Its name.
    pub fn name(&self) -> &NodeName {
        self.0.name()
    }

    /// Where it listens, with real ports.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        self.0.endpoints.lock().clone()
    }

    /// Its actors.
    pub fn system(&self) -> &ActorSystem {
        &self.0.system
    }

    /// Spawns an actor here.
    ///
    /// # Panics
    /// If the table of actors is full.
    pub fn spawn<A: Actor>(&self, actor: A) -> Ref<A> {
        self.0.system.spawn(actor)
    }

    /// Spawns an actor here.
    ///
    /// # Panics
    /// If the table of actors is full.
    pub fn spawn_with<A: Actor>(&self, actor: A, options: SpawnOptions) -> Ref<A> {
        self.0.system.spawn_with(actor, options)
    }

    /// Spawns an actor on another node, which must have registered its type as spawnable, or on
    /// this one.
    pub fn spawn_on<A: Spawnable>(&self, node: &NodeName, args: A::Args) -> SpawnOn<Ref<A>> {
        self.0.system.spawn_on::<A>(node, args)
    }

    /// Spawns a function that a node, which may be this one, has registered as spawnable.
    pub fn spawn_fn_on<T: Message>(&self, node: &NodeName, name: &str, args: &T) -> SpawnOn<Pid> {
        self.0.system.spawn_fn_on(node, name, args)
    }

    /// Spawns what a node, which may be this one, has registered as spawnable under `name`, from
    /// arguments without types.
    pub fn spawn_dyn(&self, node: &NodeName, name: &str, args: &Value) -> SpawnOn<Pid> {
        self.0.system.spawn_dyn(node, name, args)
    }

    /// Sends `method` with `args` to an actor of any node, by pid or by name: see
    /// [`ActorSystem::send_dyn`].
    ///
    /// # Errors
    /// [`DynError`]; nothing was sent.
    pub fn send_dyn(
        &self,
        to: impl Into<Address>,
        method: &str,
        args: Value,
    ) -> Result<(), DynError> {
        self.0.system.send_dyn(to, method, args)
    }

    /// Calls `method` with `args`, and awaits the reply as a value: see [`ActorSystem::call_dyn`].
    ///
    /// Cancel safe.
    ///
    /// # Errors
    /// [`DynError`].
    pub async fn call_dyn(
        &self,
        to: impl Into<Address> + Send,
        method: &str,
        args: Value,
    ) -> Result<Value, DynError> {
        self.0.system.call_dyn(to, method, args).await
    }

    /// The local names of this node.
    pub fn names(&self) -> Names<'_> {
        self.0.system.names()
    }

    /// The holder of a local name on another node, looked up there by each signal.
    pub fn at<A: Remote>(&self, node: &NodeName, name: &str) -> Named<A> {
        self.0.system.named(node.clone(), name)
    }

    /// Watches an actor, here or elsewhere.
    pub fn monitor(&self, target: impl Into<Address>) -> Monitor {
        self.0.system.monitor(target)
    }

    /// Dials another node. If there is a session with the node that answers, that one stays. If the
    /// session is lost, it is begun anew, after growing pauses, until [`disconnect`](Self::disconnect)
    /// ([`AutoConnect`](crate::AutoConnect) says otherwise).
    ///
    /// Cancel safe.
    ///
    /// # Errors
    /// [`ConnectError`]; there is no session.
    pub async fn connect(&self, to: &Endpoint) -> Result<NodeName, ConnectError> {
        connect::connect(&self.0, to).await
    }

    /// Ends the session with a node, if there is one, and asks for none any more. What is sent to the
    /// node later may begin one again.
    pub fn disconnect(&self, node: &NodeName) {
        if let Some(peer) = self.0.router.peers.by_name(node) {
            peer.want(false);
        }
        if let Some(link) = self.0.router.by_name(node) {
            link.session.close(holm_wire::Code::Left, "disconnected");
        }
    }

    /// The nodes that there is a session with, but for those that only observe.
    pub fn nodes(&self) -> Vec<NodeName> {
        self.peers(Link::is_visible)
    }

    /// The nodes in this role that there is a session with.
    pub fn nodes_of(&self, role: Role) -> Vec<NodeName> {
        self.peers(|link| link.introduction.role == role)
    }

    fn peers(&self, counts: impl Fn(&Link) -> bool) -> Vec<NodeName> {
        let links = self.0.router.all();
        let counted = links.iter().filter(|link| link.is_live() && counts(link));
        counted.map(|link| link.peer.clone()).collect()
    }

    /// What is under way between this node and another one, in numbers.
    pub fn bonds_with(&self, node: &NodeName) -> SessionBonds {
        let link = self.0.router.by_name(node);
        link.map(|link| link.session.with_state(|tables| tables.bonds())).unwrap_or_default()
    }

    /// The time of a round trip to another node by the session with it, which begins if there is none
    /// (as [`AutoConnect`](crate::AutoConnect) says). To this node itself it takes no time.
    ///
    /// Cancel safe. Takes at most [`PING_TIMEOUT`](crate::PING_TIMEOUT).
    ///
    /// # Errors
    /// [`PingError`]: the node was not reached.
    pub async fn ping(&self, node: &NodeName) -> Result<Duration, PingError> {
        self.0.ping(node).await
    }

    /// What answers questions about a node, which may be this one: its sessions, its actors. A node
    /// answers those who may send to its actors, unless
    /// [`NodeBuilder::inspector`](crate::NodeBuilder::inspector) says that it answers nobody.
    pub fn inspector(&self, node: &NodeName) -> Named<Inspector> {
        if node == self.name() {
            self.0.start_inspector();
        }
        self.at(node, INSPECTOR)
    }

    /// The coming and going of peers, from now on; observers come and go unseen.
    pub fn events(&self) -> NodeEvents {
        NodeEvents(self.0.events.subscribe())
    }

    /// Resolves when the present session with `node` has ended; at once if there is none. Sessions that
    /// begin later are not its business. Dropped, it watches no longer and leaves nothing behind.
    ///
    /// Cancel safe.
    pub fn monitor_node(&self, node: &NodeName) -> impl Future<Output = ()> + Send + use<> {
        let ended = self.0.router.by_name(node).map(|link| link.ended.subscribe());
        async move {
            if let Some(mut ended) = ended {
                // Its sender goes only after it has said so.
                let _ = ended.wait_for(|ended| *ended).await;
            }
        }
    }

    /// Who may have a session with it, and what they may do.
    pub fn access(&self) -> Arc<Access> {
        self.0.gate.access.load_full()
    }

    /// Replaces who may have a session with it, and what they may do. Peers with a session are
    /// judged anew at once: each has its new capabilities from now on, and whom this node no
    /// longer lets in loses its session, with a [`NodeEvent::Revoked`] on both sides.
    ///
    /// [`NodeEvent::Revoked`]: crate::NodeEvent::Revoked
    pub fn set_access(&self, access: Access) {
        self.0.set_access(access);
    }

    /// Reads its certificates, keys, tokens and the like again. Handshakes go by them from now on, and
    /// the session of a peer that they would not let in any more is closed.
    ///
    /// # Errors
    /// [`SecurityError`]; what was read before stays in use.
    pub fn reload_security(&self) -> Result<(), SecurityError> {
        self.0.reload_security()
    }

    /// What it has refused so far.
    pub fn admission_counters(&self) -> AdmissionCounters {
        self.0.gate.counters()
    }

    /// Messages that reached nobody.
    pub fn dead_letters(&self) -> DeadLetters {
        self.0.dead_letters.read()
    }

    /// Stops: accepts no sessions any more, ends every actor with `Shutdown`, then closes the
    /// sessions. When it returns, nothing listens and no actor lives.
    ///
    /// Not for one of the node's own actors to await: it would wait for itself, and be ended.
    /// Cancel safe: it can be called again, also by several at once.
    pub async fn stop(&self) {
        self.0.stop().await;
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
