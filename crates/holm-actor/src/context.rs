//! What a handler may ask of the runtime.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use holm_wire::{ExitReason, Pid};

use crate::cell::{ActorCell, AnyCell, Header};
use crate::system::Bond;
use crate::{
    Actor, ActorSystem, Address, Handle, MonitorRef, Ref, SpawnOptions, Watcher,
};

/// An actor's own view of itself and its system.
pub struct Context<A: Actor> {
    cell: Arc<ActorCell<A>>,
    /// This actor is to end after the running handler.
    stopping: bool,
    /// Its supervisor waits to hear that it has started.
    reports_start: bool,
    /// Boxed when first needed, so that an idle actor pays eight bytes.
    extras: Option<Box<Extras>>,
}

/// What few actors have.
#[derive(Default)]
struct Extras {
    idle: IdlePlan,
}

/// What an actor wants to happen while nothing arrives.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IdlePlan {
    pub(crate) signal_after: Option<Duration>,
    pub(crate) hibernate_after: Option<Duration>,
}

impl<A: Actor> Context<A> {
    pub(crate) fn new(
        cell: Arc<ActorCell<A>>,
        options: &SpawnOptions,
        reports_start: bool,
    ) -> Self {
        let mut new = Self { cell, stopping: false, reports_start, extras: None };
        if options.hibernate_after.is_some() {
            new.extras().idle.hibernate_after = options.hibernate_after;
        }
        new
    }

    fn extras(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    pub(crate) fn header(&self) -> &Header<A> {
        self.cell.header()
    }

    pub(crate) fn cell(&self) -> &Arc<ActorCell<A>> {
        &self.cell
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// What to do while nothing arrives, if there is a plan.
    pub(crate) fn idle_plan(&self) -> Option<IdlePlan> {
        let plan = self.extras.as_ref()?.idle;
        (plan.signal_after.is_some() || plan.hibernate_after.is_some()).then_some(plan)
    }

    pub(crate) fn reports_start(&self) -> bool {
        self.reports_start
    }

    /// Tells the supervisor, if there is one, that this actor has started.
    pub(crate) fn report_started(&self) {
        let supervisor = self.header().life.supervisor();
        if let Some(supervisor) = supervisor.and_then(|pid| self.system().find(pid)) {
            supervisor.child_started(self.pid());
        }
    }

    /// This actor's pid.
    pub fn pid(&self) -> Pid {
        self.header().pid
    }

    /// A reference to this actor.
    pub fn me(&self) -> Ref<A> {
        Ref::new(Handle::local(Arc::clone(&self.cell)), self.pid())
    }

    /// The system that this actor lives in.
    pub fn system(&self) -> &ActorSystem {
        &self.header().system
    }

    /// Ends this actor with `reason` once the running handler returns, trapping or not, unless it
    /// was asked to end before: the first reason wins.
    pub fn stop(&mut self, reason: ExitReason) {
        self.header().life.begin_exit(reason);
        self.stopping = true;
    }

    /// Ends this actor with `reason` once everything that is in its inbox now is handled.
    pub fn stop_when_drained(&mut self, reason: ExitReason) {
        AnyCell::drain(&*self.cell, reason);
    }

    /// Sends an exit signal. One that the receiver traps reaches its handler; else `Normal` is
    /// ignored, unless an actor sends it to itself, and any other reason ends the receiver.
    pub fn exit(&self, target: Pid, reason: ExitReason) {
        self.system().exit_from(Some(self.pid()), target, reason);
    }

    /// From now on exit signals reach [`Actor::signal`] instead of ending this actor; or no longer.
    /// A kill cannot be trapped.
    pub fn trap_exits(&mut self, trap: bool) {
        self.header().life.trap_exits(trap);
    }

    /// Links this actor with another: the end of one is an exit signal to the other. One that
    /// has ended, or cannot be reached, answers with the exit signal `Noproc` or `Noconnection`.
    /// There is one link per pair; a second call does nothing.
    pub fn link(&mut self, peer: Pid) {
        self.system().link(&*self.cell, self.pid(), peer, None);
    }

    /// Ends the link with another actor, at once: no exit signal of it comes through the link any
    /// more, one that waits in the inbox included.
    pub fn unlink(&mut self, peer: Pid) {
        self.system().unlink(&self.header().life, self.pid(), peer);
    }

    /// Watches an actor: exactly one [`Signal::Down`](crate::Signal::Down) will come.
    pub fn monitor(&mut self, target: impl Into<Address>) -> MonitorRef {
        let monitor = self.system().next_monitor();
        let at = self.system().holder(target.into());
        if self.header().life.monitor(monitor, at.clone()) {
            let me = Arc::clone(&self.cell) as Arc<dyn AnyCell>;
            self.system().watch(Watcher::actor(monitor, at, me));
        }
        monitor
    }

    /// Ends a monitor. Its [`Signal::Down`](crate::Signal::Down) may wait in the inbox already, and
    /// then still comes.
    pub fn demonitor(&mut self, monitor: MonitorRef) {
        self.end_monitor(monitor, false);
    }

    /// Ends a monitor, so that its [`Signal::Down`](crate::Signal::Down) does not come any more.
    pub fn demonitor_flush(&mut self, monitor: MonitorRef) {
        self.end_monitor(monitor, true);
    }

    fn end_monitor(&self, monitor: MonitorRef, flush: bool) {
        if let Some(target) = self.header().life.demonitor(monitor, flush) {
            self.system().unwatch(&target, monitor);
        }
    }

    /// Spawns an actor that is linked with this one from its start.
    pub fn spawn_linked<B: Actor>(&mut self, actor: B, options: SpawnOptions) -> Ref<B> {
        let bond = Bond::Link(Arc::clone(&self.cell) as Arc<dyn AnyCell>);
        self.system().spawn_bound(actor, options, Some(bond))
    }

    /// Spawns an actor that this one monitors from its start.
    pub fn spawn_monitored<B: Actor>(
        &mut self,
        actor: B,
        options: SpawnOptions,
    ) -> (Ref<B>, MonitorRef) {
        let monitor = self.system().next_monitor();
        let bond = Bond::Monitor(Arc::clone(&self.cell) as Arc<dyn AnyCell>, monitor);
        (self.system().spawn_bound(actor, options, Some(bond)), monitor)
    }

    /// Has [`Signal::Idle`](crate::Signal::Idle) come whenever nothing has arrived for `time`;
    /// `None` for never. Counted from when the inbox was found empty.
    pub fn idle_after(&mut self, time: Option<Duration>) {
        self.extras().idle.signal_after = time;
    }

    /// Aborts the tasks of its scope.
    pub(crate) fn end_tasks(&mut self) {}
}

impl<A: Actor> fmt::Debug for Context<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({})", self.pid())
    }
}
