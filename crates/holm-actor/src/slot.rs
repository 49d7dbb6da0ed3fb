//! The place of a supervised actor: a reference to it stays valid across restarts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use holm_wire::Pid;

use crate::Actor;
use crate::cell::ActorCell;
use crate::inbox::{Offer, Verb, offer};

/// Points at the child that lives now.
pub(crate) struct Slot<A: Actor> {
    /// Shaped like a pid and never that of an actor: linking to it or monitoring it gives `Noproc`.
    id: Pid,
    child: ArcSwapOption<ActorCell<A>>,
    /// The supervisor has ended, or has given the child up.
    gone: AtomicBool,
}

impl<A: Actor> Slot<A> {
    pub(crate) fn new(id: Pid) -> Self {
        Self { id, child: ArcSwapOption::empty(), gone: AtomicBool::new(false) }
    }

    pub(crate) fn id(&self) -> Pid {
        self.id
    }

    /// The pid of the child known last; the slot's id before there was one.
    pub(crate) fn pid(&self) -> Pid {
        self.child.load().as_ref().map_or(self.id, |cell| cell.header().pid)
    }

    pub(crate) fn child(&self) -> Option<Arc<ActorCell<A>>> {
        self.child.load_full()
    }

    /// The child has been started anew.
    pub(crate) fn put(&self, child: Arc<ActorCell<A>>) {
        self.gone.store(false, Ordering::Release);
        self.child.store(Some(child));
    }

    /// There will be no child any more.
    pub(crate) fn retire(&self) {
        self.gone.store(true, Ordering::Release);
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
