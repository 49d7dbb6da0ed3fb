//! One other node: where it is, and what waits for a session with it.

use std::sync::Arc;

use holm_actor::{Address, MonitorRef, Reach, Refusal};
use holm_env::Endpoint;
use holm_proto::ledger::LinkIds;
use holm_proto::redial::Redial;
use holm_proto::supervision::Moment;
use holm_wire::handshake::{Introduction, Role};
use holm_wire::{AttemptNo, Incarnation, NodeId, NodeName, RequestId};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::link::Link;
use crate::router::Router;
use crate::waiting::{Failed, Queue, Waiting};

/// Most endpoints that are kept of a node: more than the networks it is in, and few enough that
/// a dial of all of them ends.
const ENDPOINTS_MAX: usize = 8;

/// When sessions are begun without being asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AutoConnect {
    /// What is sent to a node without a session dials it, and a lost session with a node that was
    /// asked for by [`connect`](crate::Node::connect) is dialled again until
    /// [`disconnect`](crate::Node::disconnect).
    #[default]
    Always,
    /// What is sent to a node dials it, until a session with that node has been lost. From then on
    /// there is one when it is asked for, only.
    Once,
    /// There is a session when it is asked for, only.
    Never,
}

/// A node as others are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Introduced {
    pub(crate) id: NodeId,
    pub(crate) name: NodeName,
    pub(crate) incarnation: Incarnation,
    pub(crate) endpoints: Vec<String>,
}

/// One other node. It is kept for good, as what is known of it is.
pub(crate) struct Peer {
    pub(crate) name: NodeName,
    state: Mutex<State>,
    /// Held by who dials it.
    pub(crate) dialling: tokio::sync::Mutex<()>,
    /// There is something to do for its dialler.
    pub(crate) changed: Notify,
    /// What waited is on its way, or failed.
    settled: Notify,
}

#[derive(Default)]
struct State {
    /// The latest life that is known.
    incarnation: Option<Incarnation>,
    /// The one that answered last comes first, hearsay last.
    endpoints: Vec<Endpoint>,
    /// It only observes: it is not dialled without being asked for, nor are others told of it.
    is_observer: bool,
    /// A session was asked for.
    is_wanted: bool,
    /// A session was lost.
    was_lost: bool,
    /// Its dialler is at work.
    is_dialled: bool,
    redial: Redial,
    queue: Queue,
    tickets: u64,
    /// The highest attempt of its dials that this node answered and has seen closed since.
    gone: Option<AttemptNo>,
}

/// What became of a signal that cannot be sent at once.
pub(crate) enum Queued {
    /// It waits for a session.
    Waits { ticket: RequestId, must_dial: bool },
    /// There is a session now.
    Session(Waiting),
}

/// What a dialler is to do next.
pub(crate) enum Plan {
    Stop(Vec<Failed>),
    WaitUntil(Moment),
    Dial(Vec<Endpoint>),
}

impl Peer {
    pub(crate) fn new(name: NodeName, endpoints: Vec<Endpoint>) -> Self {
        let state = State { endpoints, ..State::default() };
        Self {
            name,
            state: Mutex::new(state),
            dialling: tokio::sync::Mutex::default(),
            changed: Notify::new(),
            settled: Notify::new(),
        }
    }

    /// How others are told of it, if they are.
    pub(crate) fn introduced(&self) -> Option<Introduced> {
        let state = self.state.lock();
        let incarnation = state.incarnation.filter(|_| !state.is_observer)?;
        Some(Introduced {
            id: NodeId::of(&self.name, incarnation),
            name: self.name.clone(),
            incarnation,
            endpoints: state.endpoints.iter().map(Endpoint::to_string).collect(),
        })
    }

    /// Somebody told of it. Where it was found before is tried first: whoever tells may lie, and is not
    /// to make it unreachable.
    pub(crate) fn hear(&self, incarnation: Incarnation, mut endpoints: Vec<Endpoint>) -> Heard {
        let mut state = self.state.lock();
        if state.incarnation.is_some_and(|known| known >= incarnation) {
            return Heard::Old;
        }
        let before = state.incarnation.replace(incarnation);
        endpoints.retain(|heard| !state.endpoints.contains(heard));
        endpoints.truncate(ENDPOINTS_MAX / 2);
        state.endpoints.truncate(ENDPOINTS_MAX / 2);
        state.endpoints.append(&mut endpoints);
        Heard::New(before.map(|before| NodeId::of(&self.name, before)))
    }

    /// It said so itself, having proven who it is; `dialled` is where it answered. The id of
    /// another life that it outdates.
    pub(crate) fn meet(
        &self,
        who: &Introduction,
        mut endpoints: Vec<Endpoint>,
        dialled: Option<&Endpoint>,
    ) -> Option<NodeId> {
        let incarnation = who.incarnation;
        let mut state = self.state.lock();
        state.is_observer = who.role == Role::Observer;
        if let Some(dialled) = dialled {
            endpoints.retain(|other| other != dialled);
            endpoints.insert(0, dialled.clone());
        }
        endpoints.truncate(ENDPOINTS_MAX);
        if !endpoints.is_empty() {
            state.endpoints = endpoints;
        }
        let before =
            state.incarnation.replace(incarnation).filter(|before| *before != incarnation)?;
        // Its dials are counted from 1 again.
        state.gone = None;
        Some(NodeId::of(&self.name, before))
    }

    /// Accepts a signal that is to wait for a session, and then completes it.
    pub(crate) fn queue(
        &self,
        router: &Router,
        to: &Address,
        waiting: Waiting,
        reach: Reach,
        complete: impl FnOnce(Waiting) -> Waiting,
    ) -> Result<Queued, Box<Failed>> {
        let mut state = self.state.lock();
        if router.is_live(&self.name) {
            return Ok(Queued::Session(waiting));
        }
        let may_dial = match router.auto_connect() {
            AutoConnect::Always => true,
            AutoConnect::Once => !state.was_lost,
            AutoConnect::Never => false,
        };
        let may_dial = may_dial && !state.is_observer && !state.endpoints.is_empty();
        let may_wait = may_dial || matches!(reach, Reach::Within(_));
        if !may_wait || router.is_stopping() {
            return Err(Failed::new(waiting, Refusal::Disconnected));
        }
        if !state.queue.has_room(&waiting) {
            return Err(Failed::new(waiting, Refusal::Busy));
        }
        state.tickets += 1;
        let ticket = RequestId::from_u64(state.tickets).expect("counts from 1");
        state.queue.push(ticket, to.clone(), complete(waiting), reach);
        let must_dial = may_dial && !std::mem::replace(&mut state.is_dialled, true);
        drop(state);
        self.changed.notify_one();
        Ok(Queued::Waits { ticket, must_dial })
    }

    /// There is a session: what waits goes first. `publish` makes it known.
    pub(crate) fn begin(&self, link: &Arc<Link>, publish: impl FnOnce()) -> Vec<Failed> {
        let mut state = self.state.lock();
        let failed = state.queue.flush(link);
        state.redial.handle_session();
        publish();
        drop(state);
        self.settle();
        failed
    }

    /// The session is lost. Whether its dialler is to be started.
    pub(crate) fn handle_loss(&self, router: &Router, now: Moment, jitter: f64) -> bool {
        let mut state = self.state.lock();
        state.was_lost = true;
        state.redial.handle_loss(now, jitter);
        state.redials(router)
            && !router.is_stopping()
            && !std::mem::replace(&mut state.is_dialled, true)
    }

    /// One of its dials, which this node answered, is closed.
    pub(crate) fn note_gone(&self, attempt: AttemptNo) {
        let mut state = self.state.lock();
        state.gone = state.gone.max(Some(attempt));
    }

    pub(crate) fn gone(&self) -> Option<AttemptNo> {
        self.state.lock().gone
    }

    /// Whether it was to be found there.
    pub(crate) fn is_at(&self, endpoint: &Endpoint) -> bool {
        self.state.lock().endpoints.contains(endpoint)
    }

    /// A session is asked for, or no longer.
    pub(crate) fn want(&self, is_wanted: bool) {
        self.state.lock().is_wanted = is_wanted;
        self.changed.notify_one();
    }

    /// What its dialler is to do; after [`Plan::Stop`] there is none.
    pub(crate) fn plan(&self, router: &Router, now: Moment) -> Plan {
        let mut state = self.state.lock();
        let is_idle = state.queue.is_empty() && !state.redials(router);
        let is_done = is_idle || router.is_live(&self.name);
        if is_done || router.is_stopping() || state.endpoints.is_empty() {
            state.is_dialled = false;
            let is_over = router.is_stopping();
            let failed = if is_over { state.queue.fail() } else { state.queue.fail_impatient() };
            drop(state);
            self.settle();
            return Plan::Stop(failed);
        }
        let next = state.redial.next(!state.queue.is_empty());
        if next > now {
            return Plan::WaitUntil(next);
        }
        state.redial.handle_attempt(now);
        Plan::Dial(state.endpoints.clone())
    }

    /// It cannot be reached: what waits has failed, unless it is to wait longer.
    pub(crate) fn handle_failure(&self, jitter: f64) -> Vec<Failed> {
        let mut state = self.state.lock();
        state.redial.handle_failure(jitter);
        let failed = state.queue.fail_impatient();
        drop(state);
        self.settle();
        failed
    }

    /// What waits under this ticket, if it still does, has waited long enough.
    pub(crate) fn give_up(&self, ticket: RequestId) -> Option<Failed> {
        let given_up = self.state.lock().queue.give_up(ticket);
        self.settle();
        given_up
    }

    /// Gives up a call that waits. `false` if it is on its way.
    pub(crate) fn cancel(&self, ticket: RequestId) -> bool {
        self.state.lock().queue.cancel(ticket)
    }

    /// Gives up a monitor that waits. `false` if it is on its way.
    pub(crate) fn demonitor(&self, monitor: MonitorRef) -> bool {
        let taken = self.state.lock().queue.demonitor(monitor);
        // Its watcher is dropped outside of the lock: that may wake a task.
        taken.is_some()
    }

    /// Gives up a link that waits. `false` if it is on its way.
    pub(crate) fn unlink(&self, ids: &LinkIds) -> bool {
        let taken = self.state.lock().queue.unlink(ids);
        taken.is_some()
    }

    /// Resolves when what was refused for want of room is worth another try.
    pub(crate) async fn room(&self) {
        loop {
            let settled = self.settled.notified();
            if self.state.lock().queue.is_drained() {
                return;
            }
            settled.await;
        }
    }

    fn settle(&self) {
        self.settled.notify_waiters();
        self.changed.notify_one();
    }
}

impl State {
    /// Whether it is dialled again when its session is lost.
    fn redials(&self, router: &Router) -> bool {
        self.is_wanted && !self.is_observer && router.auto_connect() == AutoConnect::Always
    }
}

/// What is new about a node.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Old,
    /// A life that was not known, and the id of an earlier one.
    New(Option<NodeId>),
}
