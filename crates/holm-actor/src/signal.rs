//! What reaches an actor beside its messages.

use holm_proto::ledger::ExitToken;
use holm_wire::{ExitReason, Pid};

use crate::Down;

/// Something the runtime tells an actor, in order with its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// An actor that this one monitors has ended.
    Down(Down),
    /// An exit signal, told to an actor that traps exits instead of ending it.
    Exit(Exit),
    /// An actor that this one supervises has run its `started`.
    Started(Pid),
    /// No message came for as long as the actor had asked for with
    /// [`Context::idle_after`](crate::Context::idle_after).
    Idle,
}

/// An exit signal that was trapped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exit {
    /// Who sent it: the actor that ended, or that asked this one to end; `None` if it was
    /// asked from outside of an actor.
    pub from: Option<Pid>,
    /// Why.
    pub reason: ExitReason,
    /// It came through a link, which is gone now.
    pub linked: bool,
}

/// A signal in an inbox. What it says is settled when it is taken out: it may have been
/// flushed meanwhile.
#[derive(Debug)]
pub(crate) enum Queued {
    Down(Down),
    LinkExit {
        from: Pid,
        reason: ExitReason,
        token: ExitToken,
    },
    Exit {
        from: Option<Pid>,
    },
    Started(Pid),
    /// The actor is to end when all before this is handled.
    Stop(ExitReason),
}

/// What came out of an inbox.
#[derive(Debug)]
pub(crate) enum Settled {
    Signal(Signal),
    /// It was flushed.
    Nothing,
    Stop(ExitReason),
}
