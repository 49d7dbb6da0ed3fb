//! Large messages from other nodes, decoded by their receivers.

use std::fmt;

use bytes::Bytes;
use holm_wire::Fingerprint;
use holm_wire::body::decode_keeping;
use parking_lot::Mutex;

use crate::cell::decode_untyped;
use crate::due::Due;
use crate::{Actor, ArrivalError, ArrivedBody, Context, DecodeScope, ReturnPath};

/// A large message from another node. Whoever reads a session leaves decoding it to the receiver: it
/// takes as long as thousands of small ones, which would wait.
pub struct LateMessage {
    /// How to read it.
    pub kind: LateKind,
    /// Its arguments.
    pub body: Bytes,
    /// Who waits for an answer.
    pub caller: Option<Box<dyn ReturnPath>>,
    /// Is told why nobody got it, if nobody waits.
    pub refused: Box<dyn FnOnce(&ArrivalError) + Send>,
}

/// How a [`LateMessage`] is to be read.
#[derive(Clone, Debug)]
pub enum LateKind {
    /// By position, for the method at this place in the table of its actor.
    Positional(usize),
    /// By names, for that method; with the sender's fingerprint.
    Named(usize, Option<Fingerprint>),
    /// By names, for the method of this name; the sender has no types.
    Untyped(String),
}

impl LateMessage {
    /// Its message.
    pub(crate) fn decode<A: Actor>(self) -> Option<A::Msg> {
        let Self { kind, body, mut caller, refused } = self;
        let is_call = caller.is_some();
        let decoded = decode_keeping(&body, || {
            let body = &body[..];
            match kind {
                LateKind::Positional(method) => {
                    ArrivedBody::Positional(body).decode::<A>(method, &mut caller)
                }
                LateKind::Named(method, theirs) => {
                    ArrivedBody::Named { body, theirs }.decode::<A>(method, &mut caller)
                }
                LateKind::Untyped(method) => decode_untyped::<A>(&method, body, &mut caller),
            }
        });
        match (decoded, caller) {
            (Ok(msg), _) => return Some(msg),
            (Err(error), Some(caller)) => caller.refuse(&error),
            (Err(error), None) if !is_call => refused(&error),
            // The caller was dropped with what was decoded, and has been told.
            (Err(_), None) => {}
        }
        None
    }
}

impl fmt::Debug for LateMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LateMessage").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// One in its receiver's inbox.
pub(crate) struct Late(Mutex<Option<LateMessage>>);

impl Late {
    pub(crate) fn new(message: LateMessage) -> Self {
        Self(Mutex::new(Some(message)))
    }
}

impl<A: Actor> Due<A> for Late {
    fn take(&self, cx: &mut Context<A>) -> Option<A::Msg> {
        let message = self.0.lock().take()?;
        let _scope = DecodeScope::enter(cx.system());
        message.decode::<A>()
    }
}
