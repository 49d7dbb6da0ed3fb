//! The way to one actor, local or remote, behind every reference.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use holm_wire::Pid;
use holm_wire::body::BodyError;

use crate::cell::ActorCell;
use crate::system::Place;
use crate::{
    Actor, ActorSystem, Address, AnyCell, MethodInfo, Outgoing, Outlet, Remote, ReplySink,
    WireTable,
};

/// Reaches one actor; what [`Ref`](crate::Ref) and the generated methods are made of.
pub struct Handle<A: Actor>(pub(crate) Route<A>);

pub(crate) enum Route<A: Actor> {
    Local(Arc<ActorCell<A>>),
    Remote(Arc<RemoteRoute<A>>),
}

/// An actor on another node, or one that is looked up for each message.
pub(crate) struct RemoteRoute<A: Actor> {
    pub(crate) address: Address,
    system: ActorSystem,
    table: &'static WireTable<A>,
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

    /// Resolves when a refused message is worth another try.
    pub(crate) fn room(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        match self.here() {
            Some(Some(cell)) => AnyCell::room(cell),
            Some(None) => Box::pin(std::future::ready(())),
            None => self.outlet().room(&self.address),
        }
    }

    /// `msg` as the outlet takes it.
    pub(crate) fn outgoing(&self, msg: A::Msg) -> OutgoingMsg<A> {
        OutgoingMsg { table: self.table, msg }
    }
}

/// A message of `A` while an outlet decides about it.
pub(crate) struct OutgoingMsg<A: Actor> {
    table: &'static WireTable<A>,
    /// The message; without its reply once an outlet took that.
    pub(crate) msg: A::Msg,
}

impl<A: Actor> Outgoing for OutgoingMsg<A> {
    fn method(&self) -> &'static MethodInfo {
        &self.table.methods[(self.table.method)(&self.msg)].info
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        (self.table.encode)(&self.msg, out)
    }

    fn take_sink(&mut self) -> Option<Box<dyn ReplySink>> {
        (self.table.take_sink)(&mut self.msg)
    }
}

impl<A: Actor> Handle<A> {
    pub(crate) fn local(cell: Arc<ActorCell<A>>) -> Self {
        Self(Route::Local(cell))
    }

    pub(crate) fn remote(address: Address, system: ActorSystem) -> Self
    where
        A: Remote,
    {
        Self(Route::Remote(Arc::new(RemoteRoute { address, system, table: A::TABLE })))
    }

    /// Whom it reaches.
    pub fn address(&self) -> Address {
        match &self.0 {
            Route::Local(cell) => Address::Pid(cell.header().pid),
            Route::Remote(route) => route.address.clone(),
        }
    }

    /// The pid, unless the actor is addressed by name.
    pub fn pid(&self) -> Option<Pid> {
        match &self.0 {
            Route::Local(cell) => Some(cell.header().pid),
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
            Route::Remote(route) => Route::Remote(Arc::clone(route)),
        })
    }
}

impl<A: Actor> fmt::Debug for Handle<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address())
    }
}
