//! What a handler may ask of the runtime.

use std::fmt;
use std::sync::Arc;

use holm_wire::{ExitReason, Pid};

use crate::cell::{ActorCell, AnyCell, Header};
use crate::{Actor, ActorSystem, Address, Handle, MonitorRef, Ref, Watcher};

/// An actor's own view of itself and its system.
pub struct Context<A: Actor> {
    cell: Arc<ActorCell<A>>,
    stop: Option<ExitReason>,
}

impl<A: Actor> Context<A> {
    pub(crate) fn new(cell: Arc<ActorCell<A>>) -> Self {
        Self { cell, stop: None }
    }

    pub(crate) fn header(&self) -> &Header<A> {
        self.cell.header()
    }

    pub(crate) fn take_stop(&mut self) -> Option<ExitReason> {
        self.stop.take()
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

    /// Ends this actor with `reason` once the running handler returns.
    pub fn stop(&mut self, reason: ExitReason) {
        self.stop.get_or_insert(reason);
    }

    /// Watches an actor: exactly one [`Signal::Down`](crate::Signal::Down) will come.
    pub fn monitor(&mut self, target: impl Into<Address>) -> MonitorRef {
        let monitor = self.system().next_monitor();
        let me = Arc::clone(&self.cell) as Arc<dyn AnyCell>;
        self.system().watch(Watcher::actor(monitor, target.into(), me));
        monitor
    }
}

impl<A: Actor> fmt::Debug for Context<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({})", self.pid())
    }
}
