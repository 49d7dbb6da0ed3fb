//! The traits that an actor implements, by hand or through `#[actor]`.

use std::future::Future;

use holm_wire::ExitReason;

use crate::{Context, Handle, Signal, WireTable};

/// A state that handles one message at a time.
///
/// `#[actor]` on an `impl` block writes this for you; the manual form is for
/// actors that want their own message type.
pub trait Actor: Sized + Send + 'static {
    /// What arrives in the inbox. Nothing is boxed or serialised on the way
    /// from a sender on the same node.
    type Msg: Send + 'static;

    /// The methods that a [`Ref`](crate::Ref) to this actor offers;
    /// [`PlainApi`] where there is nothing but messages.
    type Api: Api<Self>;

    /// How messages cross nodes; `None` for actors that stay on one.
    const WIRE: Option<&'static WireTable<Self>> = None;

    /// Makes a message of any method name and value; `None` for actors with methods of their own.
    const ANY_METHOD: Option<crate::dynamic::AnyMethod<Self::Msg>> = None;

    /// The names of its messages, for reports about this actor.
    const MESSAGES: &'static [&'static str] = &[];

    /// The position in [`MESSAGES`](Self::MESSAGES) of a message's name.
    fn message_index(_msg: &Self::Msg) -> usize {
        0
    }

    /// Which message a newer one replaces under [`Policy::Coalesce`](crate::Policy::Coalesce):
    /// one of the same key. `None` for a message that stands for itself.
    fn coalesce_key(_msg: &Self::Msg) -> Option<u64> {
        None
    }

    /// Handles one message. It may await anything; the next message waits
    /// until it returns. A panic ends the actor with
    /// [`ExitReason::Failed`], and nobody else.
    fn handle(&mut self, msg: Self::Msg, cx: &mut Context<Self>)
    -> impl Future<Output = ()> + Send;

    /// Runs before the first message. An error ends the actor with that reason.
    fn started(
        &mut self,
        _cx: &mut Context<Self>,
    ) -> impl Future<Output = Result<(), ExitReason>> + Send {
        std::future::ready(Ok(()))
    }

    /// Handles a signal, in its place among the messages.
    fn signal(
        &mut self,
        _signal: Signal,
        _cx: &mut Context<Self>,
    ) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Runs after the last message, on every exit but a kill, within the
    /// shutdown time. It may see state that a panicked or dropped handler left
    /// half changed.
    fn stopped(
        &mut self,
        _reason: &ExitReason,
        _cx: &mut Context<Self>,
    ) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// An actor whose messages can cross nodes. `#[actor]` implements it;
/// `#[actor(local)]` does not, so that remote use is a compile error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is a local actor: it cannot be reached from other nodes, nor sent to them",
    note = "`#[actor]` without `local` makes an actor that can"
)]
pub trait Remote: Actor {
    /// The same table as [`Actor::WIRE`], known to be there.
    const TABLE: &'static WireTable<Self>;
}

/// What `Ref<A>` dereferences to: a handle with one method for each message.
pub trait Api<A: Actor>: Clone + Send + Sync + 'static {
    /// Wraps a handle.
    fn new(handle: Handle<A>) -> Self;
    /// The wrapped handle.
    fn handle(&self) -> &Handle<A>;
}

/// The [`Api`] of an actor in manual form: messages are sent as they are.
#[derive(Debug)]
pub struct PlainApi<A: Actor> {
    handle: Handle<A>,
}

impl<A: Actor<Api = Self>> Api<A> for PlainApi<A> {
    fn new(handle: Handle<A>) -> Self {
        Self { handle }
    }

    fn handle(&self) -> &Handle<A> {
        &self.handle
    }
}

impl<A: Actor> Clone for PlainApi<A> {
    fn clone(&self) -> Self {
        Self { handle: self.handle.clone() }
    }
}

impl<A: Actor<Api = Self>> PlainApi<A> {
    /// Appends `msg` to the inbox without waiting.
    ///
    /// # Errors
    /// Hands the message back where it could not be accepted.
    pub fn tell(&self, msg: A::Msg) -> Result<(), crate::SendError<A::Msg>> {
        crate::cast(&self.handle, msg)
    }

    /// Waits for room in the inbox, then appends `msg`.
    pub fn send(&self, msg: A::Msg) -> crate::Delivery<'_, A> {
        crate::Delivery::new(&self.handle, msg)
    }

    /// Sends what `make` builds around a [`Reply`](crate::Reply), and awaits
    /// the reply.
    pub fn ask<T: Send + 'static>(
        &self,
        make: impl FnOnce(crate::Reply<T>) -> A::Msg,
    ) -> crate::Call<'_, A, T> {
        crate::Call::new(&self.handle, make)
    }
}
