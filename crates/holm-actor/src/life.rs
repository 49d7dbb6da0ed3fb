//! The one state transition of an actor's life: alive, exiting, dead.

use std::collections::BTreeMap;
use std::sync::Arc;

use holm_proto::ledger::{Ended, Ledger, LinkId, LinkIds, LinkKey, Lost, Stamp};
use holm_wire::{ExitReason, MonitorId, Pid};

use crate::signal::{Queued, Settled};
use crate::sync::Mutex;
use crate::{Address, Exit, MonitorRef, Signal, Watcher};

/// The ledger of an actor, with what this crate keeps in it.
type ActorLedger = Ledger<Address, MonitorRef, Watcher>;

/// Alive until a reason is fixed, exiting while `stopped` runs, then dead for good.
///
/// Links, monitors and names are changed under the same lock that ends the life, so that
/// each hears of the end exactly once: a late one is refused.
///
/// Lock order: a session, then one life. An append to a session stamps the ledger under the
/// session's lock, so nobody is called under the lock of a life; and no two lives are locked at
/// once.
#[derive(Debug, Default)]
pub(crate) struct Life(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Fixed once; the first reason wins. Boxed: an actor that lives pays eight bytes.
    reason: Option<Box<ExitReason>>,
    /// By a kill, which spares nothing but `Drop`.
    killed: bool,
    dead: bool,
    traps: bool,
    /// Boxed when first needed, so that an idle actor pays eight bytes.
    kin: Option<Box<Kin>>,
}

/// What binds this actor to others.
#[derive(Debug, Default)]
struct Kin {
    ledger: ActorLedger,
    names: Vec<Arc<str>>,
    /// It is, or was, in some group.
    grouped: bool,
    /// Some timer is, or was, set for it.
    timed: bool,
    /// Explicit exits in the inbox of a trapping actor, by sender: one each.
    exits: BTreeMap<Option<Pid>, ExitReason>,
    supervisor: Option<Pid>,
}

/// How an interrupted handler is to end.
#[derive(Debug)]
pub(crate) enum Urgency {
    /// It was not interrupted.
    None,
    /// It may run on for the shutdown time.
    Grace(ExitReason),
    /// It is dropped.
    Now(ExitReason),
}

/// What an exit signal does to its receiver.
#[derive(Debug)]
pub(crate) enum Effect {
    Nothing,
    /// The reason is fixed: the task is to be interrupted.
    Ends,
    /// It traps exits: this goes to its inbox.
    Queue(Queued),
}

/// What is to be released and told at the end of a life.
#[derive(Debug, Default)]
pub(crate) struct Estate {
    pub(crate) names: Vec<Arc<str>>,
    pub(crate) grouped: bool,
    pub(crate) timed: bool,
    pub(crate) links: Vec<(Pid, LinkIds)>,
    pub(crate) watchers: Vec<Watcher>,
    /// Monitors that this actor held and that have not fired.
    pub(crate) monitors: Vec<(MonitorRef, Address)>,
}

/// How an actor is bound to others, for inspection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bonds {
    pub(crate) names: Vec<Arc<str>>,
    pub(crate) links: Vec<Pid>,
    pub(crate) monitors: usize,
    pub(crate) watchers: usize,
    pub(crate) traps: bool,
    pub(crate) supervisor: Option<Pid>,
}

impl State {
    fn kin(&mut self) -> &mut Kin {
        self.kin.get_or_insert_default()
    }

    /// The ledger, if there is anything in it.
    fn ledger(&mut self) -> Option<&mut ActorLedger> {
        self.kin.as_mut().map(|kin| &mut kin.ledger)
    }

    fn begin_exit(&mut self, reason: ExitReason) -> bool {
        let first = self.reason.is_none();
        if first {
            self.reason = Some(Box::new(reason));
        }
        first
    }

    fn end_with(&mut self, reason: ExitReason) -> Effect {
        if self.begin_exit(reason) { Effect::Ends } else { Effect::Nothing }
    }

    /// What the end of a linked actor does, whose link is gone now.
    fn end_of_linked(&mut self, from: Pid, reason: ExitReason) -> Effect {
        if self.reason.is_some() {
            return Effect::Nothing;
        }
        // The end of its supervisor is the end of a child, trapping or not.
        let orphan = self.kin.as_ref().is_some_and(|kin| kin.supervisor == Some(from));
        if self.traps && !orphan {
            let token = self.kin().ledger.queue_exit(from);
            return Effect::Queue(Queued::LinkExit { from, reason, token });
        }
        if reason == ExitReason::Normal && !orphan {
            return Effect::Nothing;
        }
        self.end_with(reason)
    }
}

impl Life {
    pub(crate) fn new(traps: bool, supervisor: Option<Pid>) -> Self {
        let kin = supervisor.map(|pid| Box::new(Kin { supervisor: Some(pid), ..Kin::default() }));
        Self(Mutex::new(State { traps, kin, ..State::default() }))
    }

    // The end.

    /// Fixes the reason to end with. `false` if one was fixed before.
    pub(crate) fn begin_exit(&self, reason: ExitReason) -> bool {
        self.0.lock().begin_exit(reason)
    }

    /// Fixes `Killed` as the reason, unless another is fixed, and ends the actor at once.
    pub(crate) fn kill(&self) {
        let mut state = self.0.lock();
        state.killed = true;
        state.reason.get_or_insert_with(|| Box::new(ExitReason::Killed));
    }

    pub(crate) fn is_killed(&self) -> bool {
        self.0.lock().killed
    }

    /// What an interrupted handler is to do.
    pub(crate) fn urgency(&self) -> Urgency {
        let state = self.0.lock();
        match state.reason.as_deref() {
            None => Urgency::None,
            Some(reason @ ExitReason::Shutdown(_)) if !state.killed => {
                Urgency::Grace(reason.clone())
            }
            Some(reason) => Urgency::Now(reason.clone()),
        }
    }

    /// The reason, once it is fixed.
    pub(crate) fn reason(&self) -> Option<ExitReason> {
        self.0.lock().reason.as_deref().cloned()
    }

    /// Ends the life and takes what is to be released and told.
    pub(crate) fn end(&self, reason: ExitReason) -> Estate {
        let mut state = self.0.lock();
        state.reason = Some(Box::new(reason));
        state.dead = true;
        let Some(kin) = state.kin.take() else { return Estate::default() };
        drop(state);
        let Kin { mut ledger, names, grouped, timed, .. } = *kin;
        let Ended { links, watchers, monitors } = ledger.end();
        let monitors = monitors.into_iter().map(|(id, at)| (MonitorRef::from(id), at)).collect();
        Estate { names, grouped, timed, links, watchers, monitors }
    }

    // Exit signals.

    pub(crate) fn trap_exits(&self, traps: bool) {
        self.0.lock().traps = traps;
    }

    /// An exit signal that somebody sent.
    pub(crate) fn handle_exit(&self, from: Option<Pid>, me: Pid, reason: ExitReason) -> Effect {
        let mut state = self.0.lock();
        if state.dead || state.reason.is_some() {
            return Effect::Nothing;
        }
        if state.traps {
            let exits = &mut state.kin().exits;
            if exits.contains_key(&from) {
                return Effect::Nothing;
            }
            exits.insert(from, reason);
            return Effect::Queue(Queued::Exit { from });
        }
        if reason == ExitReason::Normal && from != Some(me) {
            return Effect::Nothing;
        }
        state.end_with(reason)
    }

    /// The end of a linked actor; and the ids that the link had.
    pub(crate) fn handle_link_exit(
        &self,
        from: Pid,
        ids: &LinkIds,
        reason: ExitReason,
    ) -> (Effect, LinkIds) {
        let mut state = self.0.lock();
        let ended = state.ledger().map(|ledger| ledger.handle_exit(from, ids)).unwrap_or_default();
        let effect =
            if ended.is_empty() { Effect::Nothing } else { state.end_of_linked(from, reason) };
        (effect, ended)
    }

    /// A session is lost: the links that went by it end with `Noconnection`.
    pub(crate) fn lose(&self, session: Stamp) -> Vec<Effect> {
        let mut state = self.0.lock();
        let Some(ledger) = state.ledger() else { return Vec::new() };
        // Monitors have no stamps: the tables of the session keep them.
        let Lost { links, monitors: _, watchers: _ } = ledger.lose(session);
        let lost = |peer| state.end_of_linked(peer, ExitReason::Noconnection);
        links.into_iter().map(lost).collect()
    }

    // Links.

    /// Links `me` to `peer`, who is to be told of the key; `None` if they are linked.
    pub(crate) fn link(&self, me: Pid, peer: Pid, mint: LinkId) -> Option<LinkKey> {
        let mut state = self.0.lock();
        if state.dead {
            return None;
        }
        state.kin().ledger.link(me, peer, mint)
    }

    /// `peer` has linked to this actor. `false` if it has ended.
    pub(crate) fn handle_link(&self, peer: Pid, key: LinkKey) -> bool {
        let mut state = self.0.lock();
        if !state.dead {
            state.kin().ledger.handle_link(peer, key);
        }
        !state.dead
    }

    /// Ends the link with `peer`, who is to be told of the ids.
    pub(crate) fn unlink(&self, peer: Pid) -> LinkIds {
        self.0.lock().ledger().map(|ledger| ledger.unlink(peer)).unwrap_or_default()
    }

    /// `peer` has ended its link with this actor; the ids that are retired by it.
    pub(crate) fn handle_unlink(&self, peer: Pid, ids: &LinkIds) -> LinkIds {
        let mut state = self.0.lock();
        state.ledger().map(|ledger| ledger.handle_unlink(peer, ids)).unwrap_or_default()
    }

    /// The link with `peer` went, or came, by this session. `false` if it is no longer live.
    pub(crate) fn stamp_link(&self, peer: Pid, key: LinkKey, session: Stamp) -> bool {
        let mut state = self.0.lock();
        state.ledger().is_some_and(|ledger| ledger.stamp_link(peer, key, session))
    }

    // Monitors that this actor holds.

    /// Notes a monitor, before its target is told. `false` if this actor has ended.
    pub(crate) fn monitor(&self, monitor: MonitorRef, target: Address) -> bool {
        let mut state = self.0.lock();
        if !state.dead {
            state.kin().ledger.monitor(monitor.into(), target);
        }
        !state.dead
    }

    /// The target has ended. `true` if the `Down` is to be queued.
    pub(crate) fn fire(&self, monitor: MonitorRef) -> bool {
        self.0.lock().ledger().is_some_and(|ledger| ledger.fire(monitor.into()))
    }

    /// Ends a monitor; whom to tell, if it had not fired.
    pub(crate) fn demonitor(&self, monitor: MonitorRef, flush: bool) -> Option<Address> {
        let id = MonitorId::from(monitor);
        self.0.lock().ledger().and_then(|ledger| ledger.demonitor(id, flush))
    }

    /// What a queued signal comes to: it may have been flushed meanwhile.
    pub(crate) fn settle(&self, queued: Queued) -> Settled {
        let mut state = self.0.lock();
        let kin = state.kin();
        let signal = match queued {
            Queued::Down(down) => {
                kin.ledger.take_down(down.monitor.into()).then_some(Signal::Down(down))
            }
            Queued::LinkExit { from, reason, token } => kin
                .ledger
                .take_exit(token)
                .then_some(Signal::Exit(Exit { from: Some(from), reason, linked: true })),
            Queued::Exit { from } => kin
                .exits
                .remove(&from)
                .map(|reason| Signal::Exit(Exit { from, reason, linked: false })),
            Queued::Started(pid) => Some(Signal::Started(pid)),
            Queued::Stop(reason) => return Settled::Stop(reason),
        };
        signal.map_or(Settled::Nothing, Settled::Signal)
    }

    /// What [`settle`](Self::settle) would say now.
    pub(crate) fn view(&self, queued: &Queued) -> Settled {
        let mut state = self.0.lock();
        let kin = state.kin();
        let signal = match queued {
            Queued::Down(down) => {
                kin.ledger.is_fired(down.monitor.into()).then(|| Signal::Down(down.clone()))
            }
            Queued::LinkExit { from, reason, token } => kin.ledger.is_queued(token).then(|| {
                Signal::Exit(Exit { from: Some(*from), reason: reason.clone(), linked: true })
            }),
            Queued::Exit { from } => kin.exits.get(from).map(|reason| {
                Signal::Exit(Exit { from: *from, reason: reason.clone(), linked: false })
            }),
            Queued::Started(pid) => Some(Signal::Started(*pid)),
            Queued::Stop(reason) => return Settled::Stop(reason.clone()),
        };
        signal.map_or(Settled::Nothing, Settled::Signal)
    }

    // Who monitors this actor, and its names.

    /// Adds a watcher, or hands it back if the life has ended.
    pub(crate) fn watch(&self, watcher: Watcher) -> Result<(), Watcher> {
        let mut state = self.0.lock();
        if state.dead {
            return Err(watcher);
        }
        state.kin().ledger.watch(watcher.monitor(), watcher);
        Ok(())
    }

    /// Removes a watcher that has not fired.
    pub(crate) fn unwatch(&self, monitor: MonitorRef) {
        let removed = self.0.lock().ledger().and_then(|ledger| ledger.unwatch(&monitor));
        // Outside of the lock: its drop may wake a task.
        drop(removed);
    }

    /// Notes a name to release at the end. `false` if the life has ended.
    pub(crate) fn add_name(&self, name: Arc<str>) -> bool {
        self.note(|kin| kin.names.push(name))
    }

    /// Forgets a name that was given up.
    pub(crate) fn remove_name(&self, name: &str) {
        if let Some(kin) = &mut self.0.lock().kin {
            kin.names.retain(|held| &**held != name);
        }
    }

    /// Notes that groups are to be left at the end. `false` if the life has ended.
    pub(crate) fn note_group(&self) -> bool {
        self.note(|kin| kin.grouped = true)
    }

    /// Notes that timers are to be cleared at the end. `false` if the life has ended.
    pub(crate) fn note_timer(&self) -> bool {
        self.note(|kin| kin.timed = true)
    }

    fn note(&self, note: impl FnOnce(&mut Kin)) -> bool {
        let mut state = self.0.lock();
        if !state.dead {
            note(state.kin());
        }
        !state.dead
    }

    pub(crate) fn supervisor(&self) -> Option<Pid> {
        self.0.lock().kin.as_ref()?.supervisor
    }

    /// Whether nothing is left that binds it to another, nor a signal to settle.
    #[cfg(test)]
    pub(crate) fn is_unbound(&self) -> bool {
        let state = self.0.lock();
        state.kin.as_ref().is_none_or(|kin| kin.ledger.is_empty() && kin.exits.is_empty())
    }

    /// How the actor is bound to others.
    pub(crate) fn bonds(&self) -> Bonds {
        let state = self.0.lock();
        let traps = state.traps;
        let Some(kin) = &state.kin else { return Bonds { traps, ..Bonds::default() } };
        Bonds {
            names: kin.names.clone(),
            links: kin.ledger.links().collect(),
            monitors: kin.ledger.monitors_live(),
            watchers: kin.ledger.watchers(),
            traps,
            supervisor: kin.supervisor,
        }
    }
}
