//! The place of a supervised actor: a reference to it stays valid across restarts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use holm_wire::Pid;

use crate::cell::ActorCell;
use crate::inbox::{Offer, Verb, offer};
use crate::{Actor, ActorSystem, Handle, Ref};

/// Points at the child that lives now.
pub(crate) struct Slot<A: Actor> {
    /// Shaped like a pid and never that of an actor: linking to it or monitoring it gives `Noproc`.
    id: Pid,
    child: ArcSwapOption<ActorCell<A>>,
    /// The supervisor has ended, or has given the child up.
    gone: AtomicBool,
}

/// The side of whoever starts the child. Dropped, it leaves no child behind.
pub(crate) struct SlotOwner<A: Actor>(Arc<Slot<A>>);

impl<A: Actor> SlotOwner<A> {
    pub(crate) fn new(system: &ActorSystem) -> Self {
        let id = system.slot_id();
        Self(Arc::new(Slot { id, child: ArcSwapOption::empty(), gone: AtomicBool::new(false) }))
    }

    pub(crate) fn reference(&self) -> Ref<A> {
        Ref::new(Handle::slot(Arc::clone(&self.0)), self.0.id)
    }

    /// The child has been started anew.
    pub(crate) fn put(&self, child: Arc<ActorCell<A>>) {
        self.0.gone.store(false, Ordering::Release);
        self.0.child.store(Some(child));
    }

    /// There is no child any more, unless it is started again.
    pub(crate) fn retire(&self) {
        self.0.gone.store(true, Ordering::Release);
    }
}

impl<A: Actor> Drop for SlotOwner<A> {
    fn drop(&mut self) {
        self.retire();
    }
}

impl<A: Actor> Slot<A> {
    /// The pid of the child known last; the slot's id before there was one.
    pub(crate) fn pid(&self) -> Pid {
        self.child.load().as_ref().map_or(self.id, |cell| cell.header().pid)
    }

    pub(crate) fn child(&self) -> Option<Arc<ActorCell<A>>> {
        self.child.load_full()
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// Offers a message to the child.
    pub(crate) fn offer(&self, msg: A::Msg, verb: Verb) -> Offer<A::Msg> {
        let offered = match &*self.child.load() {
            Some(cell) => offer(cell, msg, verb),
            None => Offer::Closed(msg),
        };
        match offered {
            Offer::Closed(msg) if !self.is_gone() => Offer::Restarting(msg),
            offered => offered,
        }
    }
}
