//! How a history breaks a promise.

use super::view::Entry;

/// A promise that a history breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{promise:?}: {text}")]
#[non_exhaustive]
pub struct Fault {
    /// Which promise.
    pub promise: Promise,
    /// What happened.
    pub text: String,
}

/// What a history is checked for. The numbers are those of `docs/semantics.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Promise {
    /// Messages of a pair arrive in the order sent, none twice, and none that was refused (1).
    Order,
    /// Nothing that was accepted is lost while there is a session (1, 2).
    Loss,
    /// Who watches a node is told of a break before anything sent later arrives (2).
    Told,
    /// A call ends once, and its reply comes of its arrival (2).
    Calls,
    /// A monitor has one outcome (11, 12).
    Monitors,
    /// A link has one outcome (9 to 11).
    Links,
    /// Sessions come and go in turn, `Down`s come before `NodeDown`, and nothing comes of a node
    /// between two sessions (16).
    Sessions,
}

impl Promise {
    /// It is broken by this event.
    pub(super) fn broken(self, entry: &Entry, why: impl std::fmt::Display) -> Fault {
        let Entry { at, event } = entry;
        Fault { promise: self, text: format!("{event:?} at {at:?}: {why}") }
    }
}
