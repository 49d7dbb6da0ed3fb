//! What the rest of a node sees of one actor: a single allocation.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use holm_cell::Cell;
use holm_wire::body::BodyError;
use holm_wire::{ExitReason, Fingerprint, Pid};

use crate::life::{Ledger, Life};
use crate::{Actor, ActorSystem, MonitorRef, ReturnPath, Signal, Watcher, decode_scope};

/// The cell of an `A`: its queue, its waker and this header, in one allocation.
pub(crate) type ActorCell<A> = Cell<Item<A>, Header<A>>;

/// A message waiting for room in the inbox of an `A`.
pub(crate) type Sending<'a, A> = holm_cell::Sending<&'a ActorCell<A>, Item<A>, Header<A>>;

/// What is queued in an inbox.
pub(crate) enum Item<A: Actor> {
    Msg(A::Msg),
    Signal(Box<Signal>),
}

impl<A: Actor> Item<A> {
    /// The message of an item that a sender made.
    pub(crate) fn into_msg(self) -> A::Msg {
        match self {
            Self::Msg(msg) => msg,
            Self::Signal(signal) => unreachable!("senders queue messages, not {signal:?}"),
        }
    }
}

/// The part of the cell that is no queue.
pub(crate) struct Header<A: Actor> {
    pub(crate) pid: Pid,
    pub(crate) system: ActorSystem,
    pub(crate) life: Life,
    pub(crate) actor: PhantomData<fn(A)>,
}

/// Why a message from another node was not taken. The sender is to blame.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArrivalError {
    /// The actor has ended.
    #[error("no such process")]
    Noproc,
    /// The actor stays on its node.
    #[error("{0} is a local actor and takes no messages from other nodes")]
    NotRemote(&'static str),
    /// The actor is of another type than the sender believes.
    #[error("the actor is a {found}, not a {wanted}")]
    WrongType {
        /// What the sender believes.
        wanted: String,
        /// What it is.
        found: &'static str,
    },
    /// The actor's type has no such method.
    #[error("{actor_type} has no method `{tag}`")]
    UnknownMethod {
        /// The receiving actor's type.
        actor_type: &'static str,
        /// What the sender asked for.
        tag: String,
    },
    /// Sender and receiver do not mean the same arguments.
    #[error(
        "`{tag}` of {actor_type} has other arguments at the sender (fingerprint {theirs:?}, here {ours:?})"
    )]
    SchemaMismatch {
        /// The receiving actor's type.
        actor_type: &'static str,
        /// The method.
        tag: String,
        /// The sender's fingerprint.
        theirs: Fingerprint,
        /// The receiver's fingerprint.
        ours: Fingerprint,
    },
    /// The arguments did not decode.
    #[error("the arguments do not decode: {0}")]
    Body(#[from] BodyError),
}

/// An actor of whatever type, as routers of signals see it.
pub trait AnyCell: Send + Sync + 'static {
    /// The actor's pid.
    fn pid(&self) -> Pid;
    /// The stable name of its type, or the Rust name of a local one.
    fn type_name(&self) -> &'static str;
    /// Identifies the table that [`method`](Self::method) counts in.
    fn table_id(&self) -> usize;
    /// The reason it ends or ended with, once that is fixed.
    fn exit_reason(&self) -> Option<ExitReason>;
    /// Asks it to end. The first reason wins.
    fn exit(&self, reason: ExitReason);
    /// Ends it at once, without `stopped`; seen by others as [`ExitReason::Killed`].
    fn kill(&self);
    /// Appends a signal to the inbox. `false` if the actor has ended.
    fn signal(&self, signal: Signal) -> bool;
    /// Adds a watcher, or hands it back if the actor has ended.
    ///
    /// # Errors
    /// The watcher, unfired.
    fn watch(&self, watcher: Watcher) -> Result<(), Watcher>;
    /// Removes a watcher that has not fired.
    fn unwatch(&self, monitor: MonitorRef);
    /// The position of a method in the actor's table.
    ///
    /// # Errors
    /// [`ArrivalError`], to be told to the sender.
    fn method(&self, tag: &str, fingerprint: Fingerprint) -> Result<usize, ArrivalError>;
    /// Decodes a message and appends it, past the bound if need be; takes `caller` unless the
    /// arguments do not decode. `true` if the inbox
    /// is now over its bound, so that the sender should pause.
    ///
    /// # Errors
    /// [`ArrivalError`], to be told to the sender.
    fn arrive(
        &self,
        method: usize,
        body: &[u8],
        caller: &mut Option<Box<dyn ReturnPath>>,
    ) -> Result<bool, ArrivalError>;
    /// Resolves when half of the inbox is free, or the actor has ended.
    fn room(self: Arc<Self>) -> Pin<Box<dyn Future<Output = ()> + Send>>;
    /// For a typed reference.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
    /// Notes a name to release at the end. `false` if the actor has ended.
    fn add_name(&self, name: Arc<str>) -> bool;
    /// Forgets a name.
    fn remove_name(&self, name: &str);
}

impl<A: Actor> AnyCell for ActorCell<A> {
    fn pid(&self) -> Pid {
        self.header().pid
    }

    fn type_name(&self) -> &'static str {
        A::WIRE.map_or_else(std::any::type_name::<A>, |table| table.type_name)
    }

    fn table_id(&self) -> usize {
        A::WIRE.map_or(0, |table| std::ptr::from_ref(table).addr())
    }

    fn exit_reason(&self) -> Option<ExitReason> {
        self.header().life.reason()
    }

    fn exit(&self, reason: ExitReason) {
        if self.header().life.begin_exit(reason) {
            self.interrupt();
        }
    }

    fn kill(&self) {
        self.header().life.kill();
        self.interrupt();
    }

    fn signal(&self, signal: Signal) -> bool {
        self.push_unbounded(Item::Signal(Box::new(signal))).is_ok()
    }

    fn watch(&self, watcher: Watcher) -> Result<(), Watcher> {
        self.header().life.watch(watcher)
    }

    fn unwatch(&self, monitor: MonitorRef) {
        self.header().life.unwatch(monitor);
    }

    fn method(&self, tag: &str, fingerprint: Fingerprint) -> Result<usize, ArrivalError> {
        let table = A::WIRE.ok_or_else(|| ArrivalError::NotRemote(self.type_name()))?;
        let index =
            table.methods.iter().position(|method| method.info.tag == tag).ok_or_else(|| {
                ArrivalError::UnknownMethod { actor_type: table.type_name, tag: tag.to_owned() }
            })?;
        let ours = (table.methods[index].info.fingerprint)();
        if ours != fingerprint {
            return Err(ArrivalError::SchemaMismatch {
                actor_type: table.type_name,
                tag: tag.to_owned(),
                theirs: fingerprint,
                ours,
            });
        }
        Ok(index)
    }

    fn arrive(
        &self,
        method: usize,
        body: &[u8],
        caller: &mut Option<Box<dyn ReturnPath>>,
    ) -> Result<bool, ArrivalError> {
        let table = A::WIRE.ok_or_else(|| ArrivalError::NotRemote(self.type_name()))?;
        let msg = decode_scope::catch(|| (table.methods[method].decode)(body, caller))?;
        self.push_unbounded(Item::Msg(msg)).map_err(|_| ArrivalError::Noproc)?;
        Ok(self.len() > self.capacity().messages() as usize)
    }

    fn room(self: Arc<Self>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(Self::room(self))
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn add_name(&self, name: Arc<str>) -> bool {
        self.header().life.add_name(name)
    }

    fn remove_name(&self, name: &str) {
        self.header().life.remove_name(name);
    }
}

impl<A: Actor> Header<A> {
    /// Closes the life, releases names, tells watchers: in that order, so that a look-up
    /// in a handler of the [`Down`](crate::Down) finds nothing.
    pub(crate) fn bury(&self, reason: &ExitReason) {
        let Ledger { watchers, names } = self.life.end(reason.clone());
        self.system.forget(self.pid, &names);
        for watcher in watchers {
            watcher.fire(reason.clone());
        }
    }
}

impl fmt::Debug for dyn AnyCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.type_name(), self.pid())
    }
}
