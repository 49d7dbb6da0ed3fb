//! One-way messages: casts, which never wait, and sends, which wait for room.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use holm_cell::PushError;
use holm_wire::body::BodyError;
use holm_wire::session::TooLarge;

use crate::cell::{ActorCell, Item, Sending};
use crate::handle::Route;
use crate::{Actor, Handle, Refusal};

/// Why a message was not sent. It is handed back, and nothing has happened.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SendError<M> {
    /// The inbox is full.
    #[error("the inbox is full")]
    Full(M),
    /// The receiver on another node, or the connection to it, has no room.
    #[error("the receiver or the connection to its node has no room")]
    Busy(M),
    /// The actor has ended.
    #[error("no such process")]
    Noproc(M),
    /// There is no session with the receiver's node.
    #[error("no connection to the receiver's node")]
    Disconnected(M),
    /// The message cannot be encoded.
    #[error("the message cannot be sent: {1}")]
    Unsendable(M, #[source] BodyError),
    /// The message is larger than the peer takes.
    #[error("{1}")]
    TooLarge(M, #[source] TooLarge),
}

impl<M> SendError<M> {
    /// The message that was not sent.
    pub fn into_message(self) -> M {
        match self {
            Self::Full(msg)
            | Self::Busy(msg)
            | Self::Noproc(msg)
            | Self::Disconnected(msg)
            | Self::Unsendable(msg, _)
            | Self::TooLarge(msg, _) => msg,
        }
    }

    fn refused(msg: M, refusal: Refusal) -> Self {
        match refusal {
            Refusal::Busy => Self::Busy(msg),
            Refusal::Disconnected => Self::Disconnected(msg),
            Refusal::Unsendable(error) => Self::Unsendable(msg, error),
            Refusal::TooLarge(error) => Self::TooLarge(msg, error),
        }
    }
}

impl<M> fmt::Debug for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SendError({self})")
    }
}

/// Sends `msg` without waiting and without a reply.
///
/// A remote receiver's end is not noticed here: a message to a process that has ended is
/// a dead letter on its node.
///
/// # Errors
/// [`SendError`], which hands the message back.
pub fn cast<A: Actor>(to: &Handle<A>, msg: A::Msg) -> Result<(), SendError<A::Msg>> {
    match &to.0 {
        Route::Local(cell) => push(cell, msg),
        Route::Remote(route) => {
            match route.here() {
                Some(Some(cell)) => return push(&cell, msg),
                Some(None) => return Err(SendError::Noproc(msg)),
                None => {}
            }
            let mut outgoing = route.outgoing(msg);
            route
                .outlet()
                .cast(&route.address, &mut outgoing)
                .map_err(|refusal| SendError::refused(outgoing.msg, refusal))
        }
    }
}

fn push<A: Actor>(cell: &ActorCell<A>, msg: A::Msg) -> Result<(), SendError<A::Msg>> {
    cell.push(Item::Msg(msg)).map_err(|error| match error {
        PushError::Full(item) => SendError::Full(item.into_msg()),
        closed => SendError::Noproc(closed.into_message().into_msg()),
    })
}

/// A message waiting for room.
///
/// Cancel safe: dropped before it completed, nothing was sent.
#[must_use = "a send does nothing unless awaited"]
pub struct Delivery<'a, A: Actor> {
    handle: &'a Handle<A>,
    unsent: Option<A::Msg>,
    sending: Option<Box<Sending<'a, A>>>,
    room: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<'a, A: Actor> Delivery<'a, A> {
    /// Will send `msg` when first polled.
    pub fn new(handle: &'a Handle<A>, msg: A::Msg) -> Self {
        Self { handle, unsent: Some(msg), sending: None, room: None }
    }
}

impl<A: Actor> Future for Delivery<'_, A> {
    type Output = Result<(), SendError<A::Msg>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            if let Some(sending) = &mut this.sending {
                let sent = ready!(Pin::new(&mut **sending).poll(cx));
                this.sending = None;
                return Poll::Ready(sent.map_err(|item| SendError::Noproc(item.0.into_msg())));
            }
            if let Some(room) = &mut this.room {
                ready!(room.as_mut().poll(cx));
                this.room = None;
            }
            let msg = this.unsent.take().expect("polled after it completed");
            match cast(this.handle, msg) {
                Err(SendError::Full(msg) | SendError::Busy(msg)) => match &this.handle.0 {
                    Route::Local(cell) => {
                        this.sending = Some(Box::new(cell.send(Item::Msg(msg))));
                    }
                    Route::Remote(route) => {
                        this.unsent = Some(msg);
                        this.room = Some(route.room());
                    }
                },
                other => return Poll::Ready(other),
            }
        }
    }
}

// Nothing in it is pinned in place: what is polled is boxed or `Unpin` itself.
impl<A: Actor> Unpin for Delivery<'_, A> {}

impl<A: Actor> fmt::Debug for Delivery<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("to", self.handle).finish_non_exhaustive()
    }
}
