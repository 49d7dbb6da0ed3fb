//! What belongs to one session, guarded by the lock that orders its frames.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use holm_actor::{
    ActorSystem, Address, Agreement, AnyCell, CallError, MethodInfo, MonitorRef, ReplySink,
    SpawnSink, Watcher,
};
use holm_proto::ledger::Stamp;
use holm_wire::handshake::Features;
use holm_wire::{
    BodyCodec, ExitReason, Fingerprint, Limits, MethodId, MonitorId, NodeId, OpenRequests, Pid,
    RequestId, RequestIds, Serial, Side, Violation,
};

use crate::SessionBonds;
use crate::actor_links::ActorLinks;
use crate::overshoot::Overshoot;

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
    /// Whether the peer reads named bodies.
    takes_names: bool,
    /// Our methods that the peer was told of, by the address of their description.
    methods: HashMap<usize, Told>,
    /// The one of them that was looked for last.
    last_method: Option<(usize, Told)>,
    /// The same in the order of their ids.
    told: Vec<&'static MethodInfo>,
    /// Our monitors of the peer's actors.
    pub(crate) monitors: BTreeMap<MonitorRef, Watcher>,
    /// The peer's monitors of our actors.
    pub(crate) watched: HashMap<MonitorId, Watched>,
    /// Links between our actors and the peer's.
    pub(crate) actor_links: ActorLinks,
    /// The peer's actors that take no messages for now.
    pub(crate) paused: BTreeSet<Serial>,
    /// None of them takes messages for now.
    pub(crate) all_paused: bool,
    /// What came for our actors with full inboxes, for which the peer was asked to send nothing for now.
    pub(crate) overshoot: Overshoot,
    /// Whether it can be asked to send nothing to anybody.
    pub(crate) takes_pause_all: bool,
    /// Third nodes that the peer was told of.
    pub(crate) announced: BTreeSet<NodeId>,
    /// Our calls that waited for this session, by the tickets they waited with.
    pub(crate) waited: BTreeMap<RequestId, RequestId>,
}

/// A method that the peer was told of.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    pub(crate) id: MethodId,
    /// How bodies are coded for it: in both ways until it is known which fingerprint the peer holds.
    pub(crate) codec: BodyCodec,
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
    pub(crate) fn new(side: Side, limits: &Limits, features: Features) -> Self {
        Self {
            request_ids: RequestIds::new(side),
            pending: HashMap::new(),
            open: OpenRequests::new(side, limits.requests_max),
            takes_names: features.contains(Features::NAMED),
            methods: HashMap::new(),
            last_method: None,
            told: Vec::new(),
            monitors: BTreeMap::new(),
            watched: HashMap::new(),
            actor_links: ActorLinks::default(),
            paused: BTreeSet::new(),
            all_paused: false,
            overshoot: Overshoot::default(),
            takes_pause_all: features.contains(Features::PAUSE_ALL),
            announced: BTreeSet::new(),
            waited: BTreeMap::new(),
        }
    }

    /// Whether the receiver takes no messages for now.
    pub(crate) fn is_paused(&self, to: &Address) -> bool {
        self.all_paused
            || !self.paused.is_empty()
                && matches!(to, Address::Pid(pid) if self.paused.contains(&pid.serial))
    }

    /// Whether the peer reads named bodies.
    pub(crate) fn takes_names(&self) -> bool {
        self.takes_names
    }

    /// What the peer was told of a method.
    #[inline]
    pub(crate) fn method(&mut self, info: &'static MethodInfo) -> Option<Told> {
        let key = std::ptr::from_ref(info).addr();
        if let Some((last, told)) = self.last_method
            && last == key
        {
            return Some(told);
        }
        self.find_method(key)
    }

    fn find_method(&mut self, key: usize) -> Option<Told> {
        let told = self.methods.get(&key).copied()?;
        self.last_method = Some((key, told));
        Some(told)
    }

    /// The id of the next method: they count from 0.
    pub(crate) fn next_method(&self) -> MethodId {
        // There are no more of them than methods in the program.
        MethodId(u32::try_from(self.told.len()).unwrap_or(u32::MAX))
    }

    /// The peer was told of a method under [`next_method`](Self::next_method).
    pub(crate) fn add_method(&mut self, info: &'static MethodInfo) -> Told {
        let codec = match info.agreement {
            Agreement::Nothing => BodyCodec::Named,
            Agreement::Names if self.takes_names => BodyCodec::Both,
            Agreement::Names | Agreement::Fingerprint => BodyCodec::Positional,
        };
        let told = Told { id: self.next_method(), codec };
        self.methods.insert(std::ptr::from_ref(info).addr(), told);
        self.told.push(info);
        told
    }

    /// The peer holds this fingerprint of a method.
    ///
    /// # Errors
    /// It was not told of it.
    pub(crate) fn handle_known(
        &mut self,
        method: MethodId,
        theirs: Fingerprint,
    ) -> Result<(), Violation> {
        let info = *self.told.get(method.0 as usize).ok_or(Violation::Method(method))?;
        self.last_method = None;
        if let Some(told) = self.methods.get_mut(&std::ptr::from_ref(info).addr())
            && told.codec == BodyCodec::Both
        {
            let is_same = (info.fingerprint)() == theirs;
            told.codec = if is_same { BodyCodec::Positional } else { BodyCodec::Named };
        }
        Ok(())
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
