//! The place of a supervised actor: a reference to it stays valid across restarts.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use holm_proto::supervision::Outlook;
use holm_wire::Pid;
use parking_lot::Mutex;

use crate::cell::ActorCell;
use crate::inbox::{Offer, Verb, offer};
use crate::{Actor, ActorSystem, Handle, Ref};

/// Points at the child that lives now.
pub(crate) struct Slot<A: Actor> {
    /// Shaped like a pid and never that of an actor: linking to it or monitoring it gives `Noproc`.
    id: Pid,
    child: ArcSwapOption<ActorCell<A>>,
    /// What follows the life of this child.
    outlook: Mutex<Outlook>,
}

/// The side of whoever starts the child. Dropped, it leaves no child behind.
pub(crate) struct SlotOwner<A: Actor>(Arc<Slot<A>>);

impl<A: Actor> SlotOwner<A> {
    pub(crate) fn new(system: &ActorSystem) -> Self {
        let id = system.slot_id();
        let outlook = Mutex::new(Outlook::Restart);
        Self(Arc::new(Slot { id, child: ArcSwapOption::empty(), outlook }))
    }

    pub(crate) fn reference(&self) -> Ref<A> {
        Ref::new(Handle::slot(Arc::clone(&self.0)), self.0.id)
    }

    pub(crate) fn slot(&self) -> Arc<Slot<A>> {
        Arc::clone(&self.0)
    }

    /// The child has been started anew.
    pub(crate) fn put(&self, child: Arc<ActorCell<A>>, outlook: Outlook) {
        self.expect(outlook);
        self.0.child.store(Some(child));
    }

    /// What follows the life of the present child; where there is none, whether one will come.
    pub(crate) fn expect(&self, outlook: Outlook) {
        *self.0.outlook.lock() = outlook;
    }

    /// Whether there is no child, or only one that ends.
    pub(crate) fn is_over(&self) -> bool {
        self.0.child().is_none_or(|cell| cell.header().life.reason().is_some())
    }
}

impl<A: Actor> Drop for SlotOwner<A> {
    fn drop(&mut self) {
        self.expect(Outlook::End);
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

    /// What follows the life of the present child.
    pub(crate) fn outlook(&self) -> Outlook {
        *self.outlook.lock()
    }

    /// Whether another child takes, or has taken, the place of this one, which has ended; the
    /// place is empty if it is `None`.
    pub(crate) fn refills_after(&self, ended: Option<&ActorCell<A>>) -> bool {
        let present = self.child.load();
        let outlook = self.outlook();
        match (&*present, ended) {
            (Some(present), Some(ended)) if std::ptr::eq(&**present, ended) => {
                ended.header().life.reason().is_none_or(|reason| outlook.restarts_after(&reason))
            }
            (Some(_), _) => true,
            (None, _) => outlook != Outlook::End,
        }
    }

    /// Offers a message to the child.
    pub(crate) fn offer(&self, msg: A::Msg, verb: Verb) -> Offer<A::Msg> {
        let child = self.child.load();
        let offered = match &*child {
            Some(cell) => offer(cell, msg, verb),
            None => Offer::Closed(msg),
        };
        match offered {
            Offer::Closed(msg) if self.refills_after(child.as_deref()) => Offer::Restarting(msg),
            offered => offered,
        }
    }
}
