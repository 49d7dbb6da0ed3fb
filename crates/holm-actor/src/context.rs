//! What a handler may ask of the runtime.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use holm_wire::{ExitReason, Message, NodeName, Pid};
use tokio::time::{Instant, Sleep};

use crate::cell::{ActorCell, AnyCell, Header};
use crate::system::Bond;
use crate::{
    Actor, ActorSystem, Address, Handle, Inside, MonitorRef, Ref, SpawnOn, SpawnOptions, Spawnable,
    TaskScope, Watcher,
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
    tasks: Option<TaskScope>,
    signal_after: Option<Duration>,
    hibernate_after: Option<Duration>,
    /// While nothing arrives.
    idle: Option<Idle>,
}

struct Idle {
    since: Instant,
    hibernates: bool,
    timer: Pin<Box<Sleep>>,
}

/// What is to happen to an actor for which nothing has arrived for some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdleEvent {
    Signal,
    Hibernate,
}

impl<A: Actor> Context<A> {
    pub(crate) fn new(
        cell: Arc<ActorCell<A>>,
        options: &SpawnOptions,
        reports_start: bool,
    ) -> Self {
        let mut new = Self { cell, stopping: false, reports_start, extras: None };
        if let Some(after) = options.hibernate_after {
            new.extras().hibernate_after = Some(after);
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

    /// Ready when nothing has arrived for as long as this actor has asked for.
    #[inline]
    pub(crate) fn poll_idle(&mut self, task: &mut TaskContext<'_>) -> Poll<IdleEvent> {
        match &mut self.extras {
            Some(extras) => extras.poll_idle(task),
            None => Poll::Pending,
        }
    }

    /// Something has arrived.
    #[inline]
    pub(crate) fn end_idle(&mut self) {
        if let Some(extras) = &mut self.extras {
            extras.idle = None;
        }
    }

    /// Tells the supervisor that waits for it that this actor has started.
    pub(crate) fn report_started_once(&mut self) {
        if std::mem::take(&mut self.reports_start) {
            self.report_started();
        }
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

    /// Links this actor with another, here or elsewhere: the end of one is an exit signal to the other. One that
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

    /// Spawns an actor on another node, which must have registered its type as spawnable, or on
    /// this one. As [`ActorSystem::spawn_on`], and it can be linked with this actor, or monitored
    /// by it, from its start.
    pub fn spawn_on<B: Spawnable>(
        &self,
        node: &NodeName,
        args: B::Args,
    ) -> SpawnOn<Ref<B>, Inside> {
        self.system().spawn_on::<B>(node, args).inside(self.cell.clone())
    }

    /// Spawns a function that a node has registered as spawnable. As
    /// [`ActorSystem::spawn_fn_on`], and it can be linked with this actor, or monitored by it,
    /// from its start.
    pub fn spawn_fn_on<T: Message>(
        &self,
        node: &NodeName,
        name: &str,
        args: &T,
    ) -> SpawnOn<Pid, Inside> {
        self.system().spawn_fn_on(node, name, args).inside(self.cell.clone())
    }

    /// Has [`Signal::Idle`](crate::Signal::Idle) come whenever nothing has arrived for `time`;
    /// `None` for never. Counted from when the inbox was found empty.
    pub fn idle_after(&mut self, time: Option<Duration>) {
        self.extras().signal_after = time;
    }

    /// The tasks that end with this actor.
    pub(crate) fn tasks(&mut self) -> &mut TaskScope {
        let system = self.system().clone();
        self.extras().tasks.get_or_insert_with(|| TaskScope::new(&system))
    }

    /// Ends those tasks.
    pub(crate) async fn end_tasks(&mut self) {
        if let Some(mut tasks) = self.extras.as_mut().and_then(|extras| extras.tasks.take()) {
            tasks.end().await;
        }
    }
}

impl Extras {
    fn poll_idle(&mut self, task: &mut TaskContext<'_>) -> Poll<IdleEvent> {
        let idle = match &mut self.idle {
            Some(idle) => idle,
            None => {
                let Some(first) = self.hibernate_after.into_iter().chain(self.signal_after).min()
                else {
                    return Poll::Pending;
                };
                let since = Instant::now();
                let timer = Box::pin(tokio::time::sleep_until(since + first));
                let hibernates = self.hibernate_after == Some(first);
                self.idle.insert(Idle { since, hibernates, timer })
            }
        };
        ready!(idle.timer.as_mut().poll(task));
        if !std::mem::take(&mut idle.hibernates) {
            self.idle = None;
            return Poll::Ready(IdleEvent::Signal);
        }
        // Once; then it waits for the signal, if it wants one.
        match self.signal_after {
            Some(after) => idle.timer.as_mut().reset(idle.since + after),
            None => idle.timer.as_mut().reset(idle.since + FAR_FUTURE),
        }
        Poll::Ready(IdleEvent::Hibernate)
    }
}

/// No actor is idle for longer: a century.
const FAR_FUTURE: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

impl<A: Actor> fmt::Debug for Context<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({})", self.pid())
    }
}
