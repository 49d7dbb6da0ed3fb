//! Who comes in: places for handshakes, seats for sessions, and what peers may do.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use holm_env::PeerAddr;
use holm_proto::access::{Access, Capabilities, Claim, Identity};
use holm_proto::admission::{
    Admission, AdmissionLimits, Outcome, PendingId, Place, Quota, Recent, Refusal, Source,
};
use holm_proto::supervision::Moment;
use holm_wire::handshake::{Introduction, Reject};
use holm_wire::{Code, NodeName};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::AdmissionCounters;

/// Peers whose quota is remembered: those with a session, and as many again some times, so that
/// a peer who comes back soon has no more than it left. The one not seen for longest is forgotten.
const QUOTAS_PER_SESSION: usize = 4;

/// The gate of one node.
#[derive(Debug)]
pub(crate) struct Gate {
    limits: AdmissionLimits,
    started: Instant,
    pub(crate) access: ArcSwap<Access>,
    state: Mutex<State>,
    /// A handshake ended.
    ended: Notify,
}

#[derive(Debug)]
struct State {
    admission: Admission,
    /// Handshakes under way, to be told when they have to give way.
    pending: BTreeMap<PendingId, Arc<Notify>>,
    quotas: Recent<Holder, Arc<Mutex<Quota>>>,
    counters: AdmissionCounters,
}

/// Whose quota it is: a key's, or, where many peers share an identity, a node's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    Key(String),
    Node(NodeName),
}

/// The place of a handshake under way; dropped, the handshake has ended.
#[derive(Debug)]
pub(crate) struct Handshake {
    gate: Arc<Gate>,
    id: PendingId,
    source: Source,
    outcome: Outcome,
    give_way: Arc<Notify>,
}

/// The seat of a session; dropped, the session has ended.
#[derive(Debug)]
pub(crate) struct Seat(Arc<Gate>);

impl Gate {
    pub(crate) fn new(limits: AdmissionLimits, access: Access) -> Self {
        let quotas = limits.sessions_max.saturating_mul(QUOTAS_PER_SESSION);
        Self {
            limits,
            started: Instant::now(),
            access: ArcSwap::from_pointee(access),
            state: Mutex::new(State {
                admission: Admission::new(limits),
                pending: BTreeMap::new(),
                quotas: Recent::new(quotas),
                counters: AdmissionCounters::default(),
            }),
            ended: Notify::new(),
        }
    }

    pub(crate) fn limits(&self) -> &AdmissionLimits {
        &self.limits
    }

    /// The present, on this node's clock.
    pub(crate) fn now(&self) -> Moment {
        Moment::after_start(self.started.elapsed())
    }

    /// This moment on the runtime's clock.
    pub(crate) fn instant(&self, moment: Moment) -> Instant {
        self.started + moment.since(Moment::default())
    }

    pub(crate) fn counters(&self) -> AdmissionCounters {
        self.state.lock().counters
    }

    /// Counts what was refused.
    pub(crate) fn count(&self, count: impl FnOnce(&mut AdmissionCounters)) {
        count(&mut self.state.lock().counters);
    }

    /// A connection came. To be asked once for each, before [`enter`](Self::enter).
    pub(crate) fn handle_connection(&self, source: Source) -> Result<(), Refusal> {
        let state = &mut *self.state.lock();
        state.counters.connections += 1;
        let taken = state.admission.handle_connection(source, self.now());
        taken.inspect_err(|refusal| state.count(refusal))
    }

    /// Waits for the place of a connection's handshake, at most as long as the others' grace.
    /// Cancel safe: it takes nothing before it is ready.
    pub(crate) async fn enter(self: &Arc<Self>, source: Source) -> Result<Handshake, Refusal> {
        loop {
            let ended = self.ended.notified();
            let wait = {
                let state = &mut *self.state.lock();
                let place = state.admission.poll_place(source, self.now());
                match place.inspect_err(|refusal| state.count(refusal))? {
                    Place::Begun { id, displaced } => {
                        return Ok(self.begin(state, id, displaced, source));
                    }
                    Place::Wait(wait) => wait,
                }
            };
            tokio::select! {
                () = ended => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    fn begin(
        self: &Arc<Self>,
        state: &mut State,
        id: PendingId,
        displaced: Option<PendingId>,
        source: Source,
    ) -> Handshake {
        if let Some(give_way) = displaced.and_then(|displaced| state.pending.remove(&displaced)) {
            state.counters.displaced += 1;
            give_way.notify_one();
        }
        let give_way = Arc::new(Notify::new());
        state.pending.insert(id, Arc::clone(&give_way));
        Handshake { gate: Arc::clone(self), id, source, outcome: Outcome::Broken, give_way }
    }

    /// Whether a peer could be let in at all, going by its proven identity alone.
    pub(crate) fn glance(&self, identity: &Identity) -> Result<(), Reject> {
        if self.access.load().lists.could_admit(identity) {
            return Ok(());
        }
        let message = format!("{identity} is on no list that lets it in");
        Err(Reject::new(Code::Forbidden, message))
    }

    /// What a peer may do, if it may have a session.
    pub(crate) fn judge(
        &self,
        identity: &Identity,
        peer: &Introduction,
    ) -> Result<Capabilities, Reject> {
        let claim = Claim { node: &peer.node, role: peer.role, shards: &peer.shards };
        let judged = self.access.load().judge(identity, claim);
        judged.map_err(|denial| Reject::new(Code::Forbidden, denial.to_string()))
    }

    /// The seat of a session, which may be the one after another that gives its own back soon.
    pub(crate) fn seat(self: &Arc<Self>, replaces: bool) -> Result<Seat, Reject> {
        let state = &mut *self.state.lock();
        if state.admission.take_seat(replaces) {
            return Ok(Seat(Arc::clone(self)));
        }
        state.counters.no_seat += 1;
        Err(Reject::new(Code::Overloaded, "this node has as many sessions as it may"))
    }

    /// The quota of a peer.
    pub(crate) fn quota(&self, identity: &Identity, peer: &NodeName) -> Arc<Mutex<Quota>> {
        let holder = if identity.is_single() {
            Holder::Key(identity.to_string())
        } else {
            Holder::Node(peer.clone())
        };
        Arc::clone(self.state.lock().quotas.entry(&holder))
    }
}

impl State {
    fn count(&mut self, refusal: &Refusal) {
        let counters = &mut self.counters;
        match refusal {
            Refusal::Rate { .. } => counters.over_rate += 1,
            Refusal::Failures { .. } => counters.after_failures += 1,
            Refusal::Share { .. } => counters.over_share += 1,
            // A reason of a later version counts with the most general.
            _ => counters.over_rate += 1,
        }
    }
}

impl Handshake {
    /// What tells that it has to give way.
    pub(crate) fn give_way(&self) -> Arc<Notify> {
        Arc::clone(&self.give_way)
    }

    /// It ended, and how.
    pub(crate) fn end(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        let now = self.gate.now();
        {
            let state = &mut *self.gate.state.lock();
            // A displaced one is counted as such.
            if state.pending.remove(&self.id).is_some() {
                match self.outcome {
                    Outcome::Proven => {}
                    Outcome::Unproven => state.counters.unproven += 1,
                    Outcome::Broken => state.counters.broken += 1,
                }
            }
            state.admission.handle_end(self.id, self.source, self.outcome, now);
        }
        self.gate.ended.notify_waiters();
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.state.lock().admission.give_seat_back();
    }
}

/// Against whom a connection counts.
pub(crate) fn source(peer: &PeerAddr) -> Source {
    match peer {
        PeerAddr::Tcp(address) => Source::from(address.ip()),
        PeerAddr::Unix { .. } | PeerAddr::Memory(_) => Source::Local,
    }
}
