//! One kind of message for actors of many types.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use holm_wire::Pid;

use crate::{Actor, Delivery, Handle, Ref, SendError, cast};

/// An actor that takes `M` as one of its messages. `#[actor]` implements it for methods marked
/// `#[accepts]`.
pub trait Accepts<M>: Actor {
    /// The actor's message for `msg`.
    fn accept(msg: M) -> Self::Msg;

    /// `msg` again, out of a message that [`accept`](Self::accept) made.
    fn give_back(msg: Self::Msg) -> M;
}

/// A future of a send that waits for room.
pub type Sent<'a, M> = Pin<Box<dyn Future<Output = Result<(), SendError<M>>> + Send + 'a>>;

/// Takes messages `M`, whatever its actor's type. Cheap to clone; equal if the actor is the same.
pub struct Recipient<M> {
    actor: Arc<dyn Takes<M>>,
    pid: Pid,
}

trait Takes<M>: Send + Sync {
    fn tell(&self, msg: M) -> Result<(), SendError<M>>;
    fn send(&self, msg: M) -> Sent<'_, M>;
}

impl<A: Accepts<M>, M: Send + 'static> Takes<M> for Handle<A> {
    fn tell(&self, msg: M) -> Result<(), SendError<M>> {
        cast(self, A::accept(msg)).map_err(|error| error.map(A::give_back))
    }

    fn send(&self, msg: M) -> Sent<'_, M> {
        let delivery = Delivery::new(self, A::accept(msg));
        Box::pin(async move { delivery.await.map_err(|error| error.map(A::give_back)) })
    }
}

impl<A: Actor> Ref<A> {
    /// This actor as one of those that take `M`.
    pub fn recipient<M: Send + 'static>(&self) -> Recipient<M>
    where
        A: Accepts<M>,
    {
        Recipient { actor: Arc::new(self.handle().clone()), pid: self.pid() }
    }
}

impl<M> Recipient<M> {
    /// The actor's pid; of a supervised one, when this was made.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Sends without waiting.
    ///
    /// # Errors
    /// Hands the message back where it could not be accepted.
    pub fn tell(&self, msg: M) -> Result<(), SendError<M>> {
        self.actor.tell(msg)
    }

    /// Waits for room in the inbox, then sends. Cancel safe: dropped before it completed, nothing
    /// was sent.
    pub fn send(&self, msg: M) -> Sent<'_, M> {
        self.actor.send(msg)
    }
}

impl<M> Clone for Recipient<M> {
    fn clone(&self) -> Self {
        Self { actor: Arc::clone(&self.actor), pid: self.pid }
    }
}

impl<M> PartialEq for Recipient<M> {
    fn eq(&self, other: &Self) -> bool {
        self.pid == other.pid
    }
}

impl<M> Eq for Recipient<M> {}

impl<M> fmt::Debug for Recipient<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.pid)
    }
}
