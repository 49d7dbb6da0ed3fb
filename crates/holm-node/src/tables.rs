//! What belongs to one session, guarded by the lock that orders its frames.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use holm_actor::{
    ActorSystem, Address, AnyCell, CallError, MethodInfo, MonitorRef, ReplySink, SpawnSink, Watcher,
};
use holm_proto::ledger::Stamp;
use holm_wire::{
    ExitReason, Limits, MethodId, MonitorId, NodeId, OpenRequests, Pid, RequestId, RequestIds,
    Serial, Side,
};

use crate::SessionBonds;
use crate::actor_links::ActorLinks;

/// Monitors that a peer may have of actors here: more than the supervisors of a large node need,
/// and some 20 MB. A further one is answered with a `Down`, reason `Noconnection`.
pub(crate) const WATCHED_MAX: usize = 65_536;

/// Actors for which a peer may ask to be sent nothing for now: more than a node sends to at once,
/// and some MB. With one more the session is closed.
pub(crate) const PAUSED_MAX: usize = 65_536;

/// The tables of one session. An entry about the peer is inserted before its signal is
/// appended, under the same lock, so that the teardown finds all of them.
pub(crate) struct Tables {
    pub(crate) request_ids: RequestIds,
    /// Our requests under way.
    pub(crate) pending: HashMap<RequestId, Pending>,
    /// The peer's requests under way.
    pub(crate) open: OpenRequests,
    /// Our short ids for methods, by the address of their description.
    methods: HashMap<usize, MethodId>,
    /// Our monitors of the peer's actors.
    pub(crate) monitors: BTreeMap<MonitorRef, Watcher>,
    /// The peer's monitors of our actors.
    pub(crate) watched: HashMap<MonitorId, Watched>,
    /// Links between our actors and the peer's.
    pub(crate) actor_links: ActorLinks,
    /// The peer's actors that take no messages for now.
    pub(crate) paused: BTreeSet<Serial>,
    /// Our actors that the peer was asked to send no messages for now.
    pub(crate) pausing: BTreeSet<Serial>,
    /// Third nodes that the peer was told of.
    pub(crate) announced: BTreeSet<NodeId>,
    /// Our calls that waited for this session, by the tickets they waited with.
    pub(crate) waited: BTreeMap<RequestId, RequestId>,
}

/// A request that the peer will answer.
pub(crate) enum Pending {
    Call(Box<dyn ReplySink>),
    Spawn(SpawnSink),
}

/// One of our actors, watched by the peer.
pub(crate) struct Watched {
    pub(crate) cell: Arc<dyn AnyCell>,
    pub(crate) monitor: MonitorRef,
}

impl Tables {
    pub(crate) fn new(side: Side, limits: &Limits) -> Self {
        Self {
            request_ids: RequestIds::new(side),
            pending: HashMap::new(),
            open: OpenRequests::new(side, limits.requests_max),
            methods: HashMap::new(),
            monitors: BTreeMap::new(),
            watched: HashMap::new(),
            actor_links: ActorLinks::default(),
            paused: BTreeSet::new(),
            pausing: BTreeSet::new(),
            announced: BTreeSet::new(),
            waited: BTreeMap::new(),
        }
    }

    /// Whether the receiver takes no messages for now.
    pub(crate) fn is_paused(&self, to: &Address) -> bool {
        matches!(to, Address::Pid(pid) if self.paused.contains(&pid.serial))
    }

    /// The short id of a method that the peer was told of.
    pub(crate) fn method(&self, info: &'static MethodInfo) -> Option<MethodId> {
        self.methods.get(&std::ptr::from_ref(info).addr()).copied()
    }

    /// The id of the next method: they count from 0.
    pub(crate) fn next_method(&self) -> MethodId {
        // There are no more of them than methods in the program.
        MethodId(u32::try_from(self.methods.len()).unwrap_or(u32::MAX))
    }

    /// The peer was told of a method under [`next_method`](Self::next_method).
    pub(crate) fn add_method(&mut self, info: &'static MethodInfo) {
        let id = self.next_method();
        self.methods.insert(std::ptr::from_ref(info).addr(), id);
    }

    /// What binds the two nodes now.
    pub(crate) fn bonds(&self) -> SessionBonds {
        SessionBonds {
            requests: self.pending.len(),
            links: self.actor_links.len(),
            monitors: self.monitors.len(),
            watched: self.watched.len(),
        }
    }

    /// Empties the tables of a session that has ended, for [`Ended::tell`].
    pub(crate) fn take_ended(&mut self) -> Ended {
        Ended {
            pending: std::mem::take(&mut self.pending).into_iter().collect(),
            monitors: std::mem::take(&mut self.monitors),
            watched: std::mem::take(&mut self.watched).into_iter().collect(),
            linked: std::mem::take(&mut self.actor_links).actors(),
        }
    }
}

/// Who is to be told that a session has ended, in the order in which they asked.
pub(crate) struct Ended {
    pending: BTreeMap<RequestId, Pending>,
    monitors: BTreeMap<MonitorRef, Watcher>,
    watched: BTreeMap<MonitorId, Watched>,
    linked: BTreeSet<Serial>,
}

impl Ended {
    /// Fails calls and spawns, ends the links of the session `stamp`, fires monitors, and ends the
    /// peer's monitors.
    pub(crate) fn tell(self, system: &ActorSystem, stamp: Stamp) {
        for pending in self.pending.into_values() {
            match pending {
                Pending::Call(sink) => sink.complete(Err(CallError::Disconnected)),
                Pending::Spawn(sink) => sink.disconnected(),
            }
        }
        for serial in self.linked {
            // One that is not there has told the peer, or cannot any more.
            if let Some(cell) = system.find(Pid { node: system.node(), serial }) {
                cell.lose(stamp);
            }
        }
        for watcher in self.monitors.into_values() {
            watcher.fire(ExitReason::Noconnection);
        }
        for Watched { cell, monitor } in self.watched.into_values() {
            cell.unwatch(monitor);
        }
    }
}
