//! The way to one actor, local or remote, behind every reference.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use holm_wire::Pid;
use holm_wire::body::BodyError;

use crate::cell::ActorCell;
use crate::inbox::{Verb, Waiting, wait_for_room};
use crate::slot::Slot;
use crate::system::Place;
use crate::{
    Actor, ActorSystem, Address, AnyCell, ArrivalError, CallError, MethodInfo, Outgoing, Outlet,
    Reach, Remote, ReplySink, SendError, WireTable,
};

/// Reaches one actor; what [`Ref`](crate::Ref) and the generated methods are made of.
pub struct Handle<A: Actor>(pub(crate) Route<A>);

pub(crate) enum Route<A: Actor> {
    Local(Arc<ActorCell<A>>),
    /// The child of a supervisor on this node.
    Slot(Arc<Slot<A>>),
    Remote(Arc<RemoteRoute<A>>),
}

/// An actor on another node, or one that is looked up for each message.
pub(crate) struct RemoteRoute<A: Actor> {
    pub(crate) address: Address,
    system: ActorSystem,
    table: &'static WireTable<A>,
    reach: Reach,
}

impl<A: Actor> RemoteRoute<A> {
    pub(crate) fn outlet(&self) -> &dyn Outlet {
        self.system.outlet()
    }

    /// Whom a message is for if it is to be looked up on this very node, as by a local name;
    /// `Some(None)` if there is no such actor.
    pub(crate) fn here(&self) -> Option<Option<Arc<ActorCell<A>>>> {
        match self.system.place(&self.address) {
            Place::Elsewhere => None,
            Place::Here(cell) => Some(cell.and_then(|cell| cell.into_any().downcast().ok())),
        }
    }

    /// Why a call comes to nothing that finds no `A` here.
    pub(crate) fn refusal(&self) -> CallError {
        let Place::Here(Some(cell)) = self.system.place(&self.address) else {
            return CallError::Noproc;
        };
        let (wanted, found) = (self.table.type_name.to_owned(), cell.type_name());
        CallError::WrongType(ArrivalError::WrongType { wanted, found }.to_string())
    }

    /// Resolves when a refused message is worth another try.
    pub(crate) fn room(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        match self.here() {
            Some(Some(cell)) => AnyCell::room(cell),
            Some(None) => Box::pin(std::future::ready(())),
            None => self.outlet().room(&self.address),
        }
    }

    /// Whether `Full` is the receiver's last word: it lives here, and its policy is to fail.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self.here(), Some(Some(cell)) if cell.header().keeper.fails())
    }

    /// `msg` as the outlet takes it.
    pub(crate) fn outgoing(&self, msg: A::Msg) -> OutgoingMsg<A> {
        OutgoingMsg { table: self.table, reach: self.reach, msg }
    }
}

/// A message of `A` while an outlet decides about it.
pub(crate) struct OutgoingMsg<A: Actor> {
    table: &'static WireTable<A>,
    reach: Reach,
    /// The message; without its reply once an outlet took that.
    pub(crate) msg: A::Msg,
}

impl<A: Actor> Outgoing for OutgoingMsg<A> {
    fn method(&self) -> &'static MethodInfo {
        &self.table.methods[(self.table.method)(&self.msg)].info
    }

    fn reach(&self) -> Reach {
        self.reach
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        (self.table.encode)(&self.msg, out)
    }

    fn encode_named(&self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        (self.table.encode_named)(&self.msg, out)
    }

    fn take_sink(&mut self) -> Option<Box<dyn ReplySink>> {
        (self.table.take_sink)(&mut self.msg)
    }
}

impl<A: Actor> Handle<A> {
    pub(crate) fn local(cell: Arc<ActorCell<A>>) -> Self {
        Self(Route::Local(cell))
    }

    pub(crate) fn slot(slot: Arc<Slot<A>>) -> Self {
        Self(Route::Slot(slot))
    }

    /// The actor, if it is one of this node that needs no look-up by name.
    pub(crate) fn cell(&self) -> Option<Arc<ActorCell<A>>> {
        match &self.0 {
            Route::Local(cell) => Some(Arc::clone(cell)),
            Route::Slot(slot) => slot.child(),
            Route::Remote(_) => None,
        }
    }

    pub(crate) fn remote(address: Address, system: ActorSystem) -> Self
    where
        A: Remote,
    {
        let (table, reach) = (A::TABLE, Reach::default());
        Self(Route::Remote(Arc::new(RemoteRoute { address, system, table, reach })))
    }

    /// The same way, on which this becomes of what is sent without a session.
    pub(crate) fn reaching(&self, reach: Reach) -> Self {
        let Route::Remote(route) = &self.0 else { return self.clone() };
        let RemoteRoute { address, system, table, .. } = &**route;
        let (address, system) = (address.clone(), system.clone());
        Self(Route::Remote(Arc::new(RemoteRoute { address, system, table, reach })))
    }

    /// Waits until the inbox that had no room for `msg` takes it; hands it back if the actor ends.
    pub(crate) fn wait(&self, msg: A::Msg, verb: Verb) -> Waiting<A> {
        let Some(cell) = self.cell() else { unreachable!("it had no room for a message") };
        Box::pin(wait_for_room(cell, msg, verb))
    }

    /// Why a message is handed back whose receiver has ended.
    pub(crate) fn refusal(&self, msg: A::Msg) -> SendError<A::Msg> {
        if self.restarts(self.cell().as_deref()) {
            SendError::Restarting(msg)
        } else {
            SendError::Noproc(msg)
        }
    }

    /// Whether an actor that has ended will be started anew, or has been.
    pub(crate) fn restarts(&self, ended: Option<&ActorCell<A>>) -> bool {
        matches!(&self.0, Route::Slot(slot) if slot.refills_after(ended))
    }

    /// Whom it reaches.
    pub fn address(&self) -> Address {
        match &self.0 {
            Route::Local(cell) => Address::Pid(cell.header().pid),
            Route::Slot(slot) => Address::Pid(slot.pid()),
            Route::Remote(route) => route.address.clone(),
        }
    }

    /// The pid, unless the actor is addressed by name.
    pub fn pid(&self) -> Option<Pid> {
        match &self.0 {
            Route::Local(cell) => Some(cell.header().pid),
            Route::Slot(slot) => Some(slot.pid()),
            Route::Remote(route) => match &route.address {
                Address::Pid(pid) => Some(*pid),
                Address::Named { .. } => None,
            },
        }
    }
}

impl<A: Actor> Clone for Handle<A> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Route::Local(cell) => Route::Local(Arc::clone(cell)),
            Route::Slot(slot) => Route::Slot(Arc::clone(slot)),
            Route::Remote(route) => Route::Remote(Arc::clone(route)),
        })
    }
}

impl<A: Actor> fmt::Debug for Handle<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address())
    }
}
