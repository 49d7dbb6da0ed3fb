//! The actor that tells others of its node, and changes nothing.

use std::sync::{Arc, Weak};
use std::time::Duration;

use holm_actor::{AnyCell, Context, Priority, Reply, SpawnOptions};
use holm_macros::actor;
use holm_proto::supervision::Moment;
use holm_wire::handshake::Introduction;
use holm_wire::signal::Target;
use holm_wire::{NodeName, Pid, Side};

use crate::inner::Inner;
use crate::inspection::{ActorFilter, ActorPage, ActorSummary, NodeStatus, SessionStatus};
use crate::link::Link;

/// The name of the inspector on each node.
pub const INSPECTOR: &str = "holm.inspector";

/// Places of the table of actors that are looked at for one page: some 100 µs of work, and 100 KB.
const PAGE_PLACES: usize = 1_024;

/// Answers questions about its node. [`Node::inspector`](crate::Node::inspector) leads to it.
pub struct Inspector(Weak<Inner>);

#[actor(name = "holm.inspector")]
impl Inspector {
    /// Answers.
    fn ping(&self) {}

    /// The node and its sessions.
    fn node(&self, reply: Reply<NodeStatus>) {
        if let Some(node) = self.0.upgrade() {
            reply.send(node.status());
        }
    }

    /// Some actors: those of one part of the table, which begins at `from`. 0 is the first one, and
    /// each page names the next.
    fn actors(&self, cx: &mut Context<Self>, filter: ActorFilter, from: u32) -> ActorPage {
        let (cells, next) = cx.system().page(from, PAGE_PLACES);
        let actors = cells.iter().map(|cell| ActorSummary::from(cell.info()));
        ActorPage { actors: actors.filter(|actor| filter.takes(actor)).collect(), next }
    }

    /// A round trip to a peer; `None` if there is no session with it, or that ends.
    fn round_trip(&self, peer: NodeName, reply: Reply<Option<Duration>>) {
        if let Some(node) = self.0.upgrade() {
            let env = node.env.clone();
            drop(env.spawn(async move {
                reply.send(node.trip(&peer).await.ok());
            }));
        }
    }
}

impl Inner {
    /// An actor of this node. The inspector starts when it is first looked for.
    pub(crate) fn find(self: &Arc<Self>, target: Target<'_>) -> Option<Arc<dyn AnyCell>> {
        match target {
            Target::Serial(serial) => self.system.find(Pid { node: self.system.node(), serial }),
            Target::Name(name) => self.system.find_named(name).or_else(|| {
                (name == INSPECTOR).then(|| self.start_inspector())?;
                self.system.find_named(INSPECTOR)
            }),
        }
    }

    /// Starts the inspector, unless the node is to have none, or has one.
    pub(crate) fn start_inspector(self: &Arc<Self>) {
        if self.has_inspector && self.system.find_named(INSPECTOR).is_none() {
            // It is to answer while others are busy.
            let options = SpawnOptions::default().priority(Priority::High);
            let actor = self.system.spawn_with(Inspector(Arc::downgrade(self)), options);
            if self.system.names().register(INSPECTOR, &actor).is_err() {
                // Another one was faster.
                actor.kill();
            }
        }
    }

    fn status(&self) -> NodeStatus {
        let Introduction { node, incarnation, role, build, .. } = &self.introduction;
        let now = self.gate.now();
        NodeStatus {
            name: node.clone(),
            incarnation: *incarnation,
            role: *role,
            build: build.clone(),
            uptime: now.since(Moment::default()),
            endpoints: self.introduce().endpoints,
            actors: self.system.actors(),
            sessions: self.router.all().iter().map(|link| link.status(now)).collect(),
            admission: self.gate.counters(),
            dead_letters: self.dead_letters.read(),
        }
    }
}

impl Link {
    fn status(&self, now: Moment) -> SessionStatus {
        let activity = self.session.activity();
        SessionStatus {
            peer: self.peer.clone(),
            incarnation: self.incarnation,
            role: self.introduction.role,
            build: self.introduction.build.clone(),
            dialled: self.side == Side::Dialled,
            scheme: self.scheme.to_owned(),
            identity: self.identity.to_string(),
            age: now.since(self.began),
            sent: activity.sent,
            received: activity.received,
            queued: self.session.queued_bytes(),
            bonds: self.session.with_state(|tables| tables.bonds()),
        }
    }
}
