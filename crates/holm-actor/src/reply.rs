//! The callee's end of a call: where the answer goes.

use std::cell::Cell;
use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll};

use holm_cell::reply::Promise;
use holm_wire::body::{
    BodyError, decode_named, decode_positional, encode_named, encode_positional,
};
use holm_wire::{BodyCodec, Message};

use crate::{ArrivalError, CallError, decode_scope, poll_scope};

/// Answers one call. A cast carries one that goes nowhere.
///
/// Dropping it unanswered fails the call: with the actor's exit reason if the actor
/// is ending, else with [`CallError::Unanswered`].
pub struct Reply<T: Send + 'static>(Inner<T>);

enum Inner<T: Send + 'static> {
    Nobody,
    Local(Promise<Result<T, CallError>>),
    /// Boxed, so that a local message pays 16 bytes for its reply.
    Remote(Box<Remote<T>>),
}

struct Remote<T> {
    path: Box<dyn ReturnPath>,
    encode: fn(&T, &mut Vec<u8>) -> Result<(), BodyError>,
}

/// What writes the body of a reply.
pub type ReplyBody<'a> = &'a mut dyn FnMut(&mut Vec<u8>) -> Result<(), BodyError>;

/// Why a message is dropped that nobody will handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unhandled {
    /// The inbox was full.
    Full,
    /// The policy of the inbox dropped it.
    Dropped,
    /// The actor ended before it took it.
    Noproc,
}

impl From<Unhandled> for CallError {
    fn from(unhandled: Unhandled) -> Self {
        match unhandled {
            Unhandled::Full => Self::Full,
            Unhandled::Dropped => Self::Dropped,
            Unhandled::Noproc => Self::Noproc,
        }
    }
}

impl From<Unhandled> for ArrivalError {
    fn from(unhandled: Unhandled) -> Self {
        match unhandled {
            Unhandled::Full => Self::Full,
            Unhandled::Dropped => Self::Dropped,
            Unhandled::Noproc => Self::Noproc,
        }
    }
}

thread_local! {
    /// Why the messages that this thread drops just now are not handled.
    static UNHANDLED: Cell<Option<Unhandled>> = const { Cell::new(None) };
}

/// Drops messages within `drop`: their calls fail for this reason.
pub(crate) fn drop_as(why: Unhandled, drop: impl FnOnce()) {
    struct Restore(Option<Unhandled>);
    impl Drop for Restore {
        fn drop(&mut self) {
            UNHANDLED.set(self.0);
        }
    }
    let _restore = Restore(UNHANDLED.replace(Some(why)));
    drop();
}

/// The way back to a caller on another node. Dropping it unused tells the
/// caller that the call failed, and why.
pub trait ReturnPath: Send + Sync {
    /// How the body of the reply is to be written.
    fn codec(&self) -> BodyCodec {
        BodyCodec::Positional
    }
    /// Answers the call.
    fn reply(self: Box<Self>, body: ReplyBody<'_>);
    /// Tells the caller that its message was not taken.
    fn refuse(self: Box<Self>, error: &ArrivalError);
    /// Whether the caller has cancelled.
    fn is_cancelled(&self) -> bool;
    /// Ready when the caller has cancelled; wakes the task of the last poll.
    fn poll_cancelled(&mut self, task: &mut Context<'_>) -> Poll<()>;
}

/// The caller's end of a call to another node: takes the encoded reply.
pub trait ReplySink: Send {
    /// Completes the call, with a body of this codec.
    fn complete(self: Box<Self>, outcome: Result<(BodyCodec, &[u8]), CallError>);
}

impl<T: Send + 'static> Reply<T> {
    /// A reply that nobody waits for.
    pub fn nobody() -> Self {
        Self(Inner::Nobody)
    }

    pub(crate) fn local(promise: Promise<Result<T, CallError>>) -> Self {
        Self(Inner::Local(promise))
    }

    /// A reply to a caller on another node, or to nobody.
    pub fn remote(path: &mut Option<Box<dyn ReturnPath>>) -> Self
    where
        T: Message,
    {
        Self(match path.take() {
            Some(path) => Inner::Remote(Box::new(Remote {
                encode: match path.codec() {
                    BodyCodec::Positional | BodyCodec::Raw | BodyCodec::Both => {
                        |value, out| encode_positional(value, out)
                    }
                    BodyCodec::Named => |value, out| encode_named(value, out),
                },
                path,
            })),
            None => Inner::Nobody,
        })
    }

    fn take(&mut self) -> Inner<T> {
        std::mem::replace(&mut self.0, Inner::Nobody)
    }

    /// Answers the call. A caller that has gone away is no error.
    #[inline]
    pub fn send(self, value: T) {
        if !matches!(self.0, Inner::Nobody) {
            self.answer(value);
        }
    }

    fn answer(mut self, value: T) {
        match self.take() {
            Inner::Nobody => {}
            Inner::Local(promise) => {
                let _ = promise.complete(Ok(value));
            }
            Inner::Remote(remote) => {
                let Remote { path, encode } = *remote;
                path.reply(&mut |out| encode(&value, out));
            }
        }
    }

    /// Whether nobody waits for the answer: a cast, or a call that was
    /// cancelled or has timed out.
    pub fn is_abandoned(&self) -> bool {
        match &self.0 {
            Inner::Nobody => true,
            Inner::Local(promise) => promise.is_abandoned(),
            Inner::Remote(remote) => remote.path.is_cancelled(),
        }
    }

    /// Resolves when nobody waits for the answer any more: the call was cancelled or has timed
    /// out, or its node cannot be reached any more. For a cast at once.
    ///
    /// Cancel safe.
    pub async fn abandoned(&mut self) {
        match &mut self.0 {
            Inner::Nobody => {}
            Inner::Local(promise) => poll_fn(|cx| promise.poll_abandoned(cx)).await,
            Inner::Remote(remote) => poll_fn(|cx| remote.path.poll_cancelled(cx)).await,
        }
    }

    /// Takes out of the reply of a message that has been encoded what completes the
    /// call when the encoded reply comes back.
    pub fn take_sink(&mut self) -> Option<Box<dyn ReplySink>>
    where
        T: Message,
    {
        match self.take() {
            Inner::Local(promise) => Some(Box::new(Sink(promise))),
            // A message that came from afar is not sent on with its reply.
            Inner::Nobody | Inner::Remote(_) => None,
        }
    }
}

impl<T: Send + 'static> Drop for Reply<T> {
    #[inline]
    fn drop(&mut self) {
        if !matches!(self.0, Inner::Nobody) {
            self.abandon();
        }
    }
}

impl<T: Send + 'static> Reply<T> {
    /// It is dropped without an answer.
    fn abandon(&mut self) {
        if let Some(why) = UNHANDLED.get() {
            match self.take() {
                Inner::Nobody => {}
                Inner::Local(promise) => {
                    let _ = promise.complete(Err(why.into()));
                }
                Inner::Remote(remote) => remote.path.refuse(&why.into()),
            }
        } else if std::thread::panicking() {
            // A handler that panics drops its reply before the exit reason is fixed; the
            // caller is to hear that reason.
            poll_scope::keep_orphan(Box::new(self.take()));
        }
    }
}

impl<T: Send + 'static> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Inner::Nobody => "Reply(nobody)",
            Inner::Local(_) => "Reply(local)",
            Inner::Remote(_) => "Reply(remote)",
        })
    }
}

struct Sink<T: Send>(Promise<Result<T, CallError>>);

impl<T: Message> ReplySink for Sink<T> {
    fn complete(self: Box<Self>, outcome: Result<(BodyCodec, &[u8]), CallError>) {
        let outcome = outcome.and_then(|(codec, body)| {
            let decode = || match codec {
                BodyCodec::Positional => decode_positional(body),
                BodyCodec::Named => decode_named(body),
                BodyCodec::Raw | BodyCodec::Both => Err(BodyError::Invalid("codec")),
            };
            decode_scope::catch(decode).map_err(CallError::BadReply)
        });
        let _ = self.0.complete(outcome);
    }
}
