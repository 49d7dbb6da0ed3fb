//! One-way messages: casts, which never wait, and sends, which wait for room.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use holm_wire::body::BodyError;
use holm_wire::session::TooLarge;

use crate::handle::Route;
use crate::inbox::{Offer, Verb, Waiting, offer};
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
    /// The actor crashed, and its supervisor starts it anew.
    #[error("the actor is being restarted")]
    Restarting(M),
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
            | Self::Restarting(msg)
            | Self::Noproc(msg)
            | Self::Disconnected(msg)
            | Self::Unsendable(msg, _)
            | Self::TooLarge(msg, _) => msg,
        }
    }

    /// The same error about another form of the message.
    pub fn map<N>(self, form: impl FnOnce(M) -> N) -> SendError<N> {
        match self {
            Self::Full(msg) => SendError::Full(form(msg)),
            Self::Busy(msg) => SendError::Busy(form(msg)),
            Self::Restarting(msg) => SendError::Restarting(form(msg)),
            Self::Noproc(msg) => SendError::Noproc(form(msg)),
            Self::Disconnected(msg) => SendError::Disconnected(form(msg)),
            Self::Unsendable(msg, error) => SendError::Unsendable(form(msg), error),
            Self::TooLarge(msg, error) => SendError::TooLarge(form(msg), error),
        }
    }

    fn refused(msg: M, refusal: Refusal) -> Self {
        match refusal {
            Refusal::Busy => Self::Busy(msg),
            Refusal::Disconnected => Self::Disconnected(msg),
            Refusal::Noproc => Self::Noproc(msg),
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
        Route::Local(cell) => pushed(offer(cell, msg, Verb::Tell)),
        Route::Slot(slot) => pushed(slot.offer(msg, Verb::Tell)),
        Route::Remote(route) => {
            match route.here() {
                Some(Some(cell)) => return pushed(offer(&cell, msg, Verb::Tell)),
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

/// What an inbox said, to a sender that does not wait.
fn pushed<M>(offer: Offer<M>) -> Result<(), SendError<M>> {
    match offer {
        Offer::Taken | Offer::Dropped(_) => Ok(()),
        Offer::Wait(msg) | Offer::Full(msg) => Err(SendError::Full(msg)),
        Offer::Closed(msg) => Err(SendError::Noproc(msg)),
        Offer::Restarting(msg) => Err(SendError::Restarting(msg)),
    }
}

/// A message waiting for room.
///
/// Cancel safe: dropped before it completed, nothing was sent.
#[must_use = "a send does nothing unless awaited"]
pub struct Delivery<'a, A: Actor> {
    handle: &'a Handle<A>,
    unsent: Option<A::Msg>,
    waiting: Option<Waiting<A>>,
    room: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<'a, A: Actor> Delivery<'a, A> {
    /// Will send `msg` when first polled.
    pub fn new(handle: &'a Handle<A>, msg: A::Msg) -> Self {
        Self { handle, unsent: Some(msg), waiting: None, room: None }
    }
}

impl<A: Actor> Future for Delivery<'_, A> {
    type Output = Result<(), SendError<A::Msg>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            if let Some(waiting) = &mut this.waiting {
                let sent = ready!(waiting.as_mut().poll(cx));
                this.waiting = None;
                return Poll::Ready(sent.map_err(|msg| this.handle.refusal(msg)));
            }
            if let Some(room) = &mut this.room {
                ready!(room.as_mut().poll(cx));
                this.room = None;
            }
            let msg = this.unsent.take().expect("polled after it completed");
            let offered = match &this.handle.0 {
                Route::Local(cell) => offer(cell, msg, Verb::Tell),
                Route::Slot(slot) => slot.offer(msg, Verb::Tell),
                Route::Remote(route) => match cast(this.handle, msg) {
                    Err(SendError::Full(msg)) if route.is_final() => Offer::Full(msg),
                    Err(SendError::Full(msg) | SendError::Busy(msg)) => {
                        this.unsent = Some(msg);
                        this.room = Some(route.room());
                        continue;
                    }
                    other => return Poll::Ready(other),
                },
            };
            match offered {
                Offer::Wait(msg) => this.waiting = Some(this.handle.wait(msg, Verb::Tell)),
                offered => return Poll::Ready(pushed(offered)),
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
