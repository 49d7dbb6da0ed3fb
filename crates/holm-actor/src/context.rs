//! What a handler may ask of the runtime.

use std::fmt;
use std::sync::Arc;

use holm_wire::{ExitReason, Pid};

use crate::cell::{ActorCell, AnyCell, Header};
use crate::{Actor, ActorSystem, Address, Handle, MonitorRef, Ref, Watcher};

/// An actor's own view of itself and its system.
pub struct Context<A: Actor> {
    cell: Arc<ActorCell<A>>,
    /// This actor is to end after the running handler.
    stopping: bool,
}

impl<A: Actor> Context<A> {
    pub(crate) fn new(cell: Arc<ActorCell<A>>) -> Self {
        Self { cell, stopping: false }
    }

    pub(crate) fn header(&self) -> &Header<A> {
        self.cell.header()
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping
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

    /// Ends this actor with `reason` once the running handler returns, unless it was asked to end
    /// before: the first reason wins.
    pub fn stop(&mut self, reason: ExitReason) {
        self.header().life.begin_exit(reason);
        self.stopping = true;
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
