//! Calls: a message with a reply.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use holm_cell::reply::{self, slot};
use holm_wire::body::BodyError;
use holm_wire::session::TooLarge;
use holm_wire::{ExitReason, WireError};

use crate::cell::{ActorCell, AnyCell};
use crate::handle::{RemoteRoute, Route};
use crate::inbox::{Offer, Verb, Waiting, offer, wait_for_room};
use crate::{Actor, CallTicket, Handle, Refusal, Reply, poll_scope};

/// Why a call has no reply.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// There is no such actor; the message was not handled.
    #[error("no such process")]
    Noproc,
    /// The inbox is full, and its policy is [`Policy::Fail`](crate::Policy::Fail); the message was
    /// not handled.
    #[error("the inbox is full")]
    Full,
    /// The inbox was full, and its policy dropped the message unhandled.
    #[error("the inbox was full and its policy dropped the message")]
    Dropped,
    /// The actor crashed and its supervisor starts it anew; the message was not handled, or not to
    /// its end.
    #[error("the actor is being restarted")]
    Restarting,
    /// The actor ended before it replied; the message may have been handled.
    #[error("the actor ended before it replied: {0}")]
    Exited(ExitReason),
    /// The handler dropped its [`Reply`] without answering.
    #[error("the handler gave no answer")]
    Unanswered,
    /// No reply came within the call's timeout; the message may have been handled.
    #[error("no reply within {0:?}")]
    Timeout(Duration),
    /// The actor's node cannot be reached; if the session was lost during
    /// the call, the message may have been handled.
    #[error("no connection to the actor's node")]
    Disconnected,
    /// The message could not be encoded; nothing was sent.
    #[error("the message cannot be sent: {0}")]
    Unsendable(BodyError),
    /// The message is larger than the peer takes; nothing was sent.
    #[error(transparent)]
    TooLarge(TooLarge),
    /// The actor is of another type than its reference says; the message was not handled.
    #[error("{0}")]
    WrongType(String),
    /// The reply did not decode: the callee's node means another type.
    #[error("the reply does not decode: {0}")]
    BadReply(BodyError),
    /// The callee's node refused the call.
    #[error("the other node refused the call: {0}")]
    Refused(WireError),
}

impl From<Refusal> for CallError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            // Waited for by the call itself.
            Refusal::Busy | Refusal::Disconnected => Self::Disconnected,
            Refusal::Noproc => Self::Noproc,
            Refusal::Unsendable(error) => Self::Unsendable(error),
            Refusal::TooLarge(error) => Self::TooLarge(error),
        }
    }
}

/// A call under way: waits for room in the inbox if need be, then for the reply.
///
/// Cancel safe: dropping it before the message was sent sends nothing; after
/// that it cancels the call, which the handler can see.
#[must_use = "a call does nothing unless awaited"]
pub struct Call<'a, A: Actor, T: Send> {
    handle: &'a Handle<A>,
    /// The message, until it is sent.
    unsent: Option<A::Msg>,
    reply: reply::Reply<Result<T, CallError>>,
    /// Waiting for room in a full local inbox.
    waiting: Option<Waiting<A>>,
    /// Waiting for a remote receiver to take messages again.
    room: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    ticket: Option<CallTicket>,
    /// Who was offered the message, where that was looked up here: of a slot, one life of its child.
    callee: Option<Arc<ActorCell<A>>>,
    timeout: Option<Timeout>,
}

struct Timeout {
    after: Duration,
    sleep: Pin<Box<tokio::time::Sleep>>,
}

impl<'a, A: Actor, T: Send + 'static> Call<'a, A, T> {
    /// A call with the message that `make` builds around its reply.
    pub fn new(handle: &'a Handle<A>, make: impl FnOnce(Reply<T>) -> A::Msg) -> Self {
        let (promise, reply) = slot();
        Self {
            handle,
            unsent: Some(make(Reply::local(promise))),
            reply,
            waiting: None,
            room: None,
            ticket: None,
            callee: None,
            timeout: None,
        }
    }

    /// Gives up after `after`, counted from now, waiting for room included.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn timeout(mut self, after: Duration) -> Self {
        self.timeout = Some(Timeout { after, sleep: Box::pin(tokio::time::sleep(after)) });
        self
    }

    /// Hands the message over, or waits until that is possible.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), CallError>> {
        loop {
            if let Some(waiting) = &mut self.waiting {
                let sent = ready!(waiting.as_mut().poll(cx));
                self.waiting = None;
                return Poll::Ready(sent.map_err(|_| self.ended()));
            }
            let Some(msg) = self.unsent.take() else { return Poll::Ready(Ok(())) };
            let offered = match &self.handle.0 {
                Route::Local(cell) => offer(cell, msg, Verb::Call),
                Route::Slot(slot) => {
                    self.callee = slot.child();
                    match &self.callee {
                        Some(cell) => offer(cell, msg, Verb::Call),
                        None => Offer::Closed(msg),
                    }
                }
                Route::Remote(route) => {
                    if let Some(room) = &mut self.room
                        && room.as_mut().poll(cx).is_pending()
                    {
                        self.unsent = Some(msg);
                        return Poll::Pending;
                    }
                    match self.send_by(route, msg) {
                        Ok(Offer::Wait(msg)) => {
                            self.unsent = Some(msg);
                            self.room = Some(route.room());
                            continue;
                        }
                        Ok(offered) => offered,
                        Err(error) => return Poll::Ready(Err(error)),
                    }
                }
            };
            return Poll::Ready(match offered {
                Offer::Taken => Ok(()),
                Offer::Wait(msg) => {
                    let Some(cell) = self.callee() else { unreachable!("it had no room") };
                    self.waiting = Some(Box::pin(wait_for_room(Arc::clone(cell), msg, Verb::Call)));
                    continue;
                }
                Offer::Dropped(_) => Err(CallError::Dropped),
                Offer::Full(_) => Err(CallError::Full),
                Offer::Closed(_) | Offer::Restarting(_) => Err(self.ended()),
            });
        }
    }

    /// Sends to an actor that is looked up for this message; `Wait` if there is no room.
    fn send_by(&mut self, route: &RemoteRoute<A>, msg: A::Msg) -> Result<Offer<A::Msg>, CallError> {
        let mut outgoing = route.outgoing(msg);
        match route.here() {
            Some(None) => Err(route.refusal()),
            Some(Some(cell)) => {
                let offered = offer(&cell, outgoing.msg, Verb::Call);
                self.callee = Some(cell);
                Ok(offered)
            }
            None => match route.outlet().call(&route.address, &mut outgoing) {
                Ok(ticket) => {
                    self.ticket = Some(ticket);
                    Ok(Offer::Taken)
                }
                Err(Refusal::Busy) => Ok(Offer::Wait(outgoing.msg)),
                Err(refusal) => Err(refusal.into()),
            },
        }
    }

    /// Who was offered the message, if it is an actor of this node.
    fn callee(&self) -> Option<&Arc<ActorCell<A>>> {
        match &self.handle.0 {
            Route::Local(cell) => Some(cell),
            Route::Slot(_) | Route::Remote(_) => self.callee.as_ref(),
        }
    }

    /// The actor had ended before it took the message.
    fn ended(&self) -> CallError {
        if self.handle.restarts(self.callee.as_deref()) {
            CallError::Restarting
        } else {
            CallError::Noproc
        }
    }

    /// What a reply that was dropped unanswered means.
    fn unanswered(&self) -> CallError {
        let callee = self.callee();
        match callee.and_then(|cell| cell.exit_reason()) {
            Some(_) if self.handle.restarts(self.callee.as_deref()) => CallError::Restarting,
            Some(reason) => CallError::Exited(reason),
            None => CallError::Unanswered,
        }
    }
}

impl<A: Actor, T: Send + 'static> Future for Call<'_, A, T> {
    type Output = Result<T, CallError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let outcome = match this.poll_send(cx) {
            Poll::Ready(Ok(())) => match Pin::new(&mut this.reply).poll(cx) {
                Poll::Ready(Ok(outcome)) => Some(outcome),
                Poll::Ready(Err(_)) => Some(Err(this.unanswered())),
                Poll::Pending => None,
            },
            Poll::Ready(Err(error)) => Some(Err(error)),
            Poll::Pending => None,
        };
        if let Some(outcome) = outcome {
            this.ticket = None;
            return Poll::Ready(outcome);
        }
        if let Some(cell) = this.callee() {
            poll_scope::note_waits_for(cell.header().pid.serial.as_u64());
        }
        if let Some(timeout) = &mut this.timeout {
            ready!(timeout.sleep.as_mut().poll(cx));
            return Poll::Ready(Err(CallError::Timeout(timeout.after)));
        }
        Poll::Pending
    }
}

impl<A: Actor, T: Send> Drop for Call<'_, A, T> {
    fn drop(&mut self) {
        if let (Some(ticket), Route::Remote(route)) = (self.ticket, &self.handle.0) {
            route.outlet().cancel(&route.address, ticket);
        }
    }
}

// Nothing in it is pinned in place: what is polled is boxed or `Unpin` itself.
impl<A: Actor, T: Send> Unpin for Call<'_, A, T> {}

impl<A: Actor, T: Send> fmt::Debug for Call<'_, A, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("to", self.handle).finish_non_exhaustive()
    }
}
