//! Why no actor was spawned on another node.

use std::time::Duration;

use holm_wire::body::BodyError;
use holm_wire::session::TooLarge;
use holm_wire::{Code, NodeName, Shown, WireError};

/// Why a node spawned no actor, or did not say that it did. Texts without more are the node's own.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemoteSpawnError {
    /// There is no session with the node, or it was lost before the answer: then the actor may
    /// have been spawned.
    #[error("no connection to {0}")]
    Disconnected(NodeName),
    /// Too much waits for a session with the node already; nothing was sent.
    #[error("too much waits for a connection to {0}")]
    Busy(NodeName),
    /// No answer came in time: the actor may have been spawned, or still be.
    #[error("no answer from {on} within {after:?}")]
    Timeout {
        /// The node that was asked.
        on: NodeName,
        /// How long the caller waited.
        after: Duration,
    },
    /// The arguments cannot be encoded; nothing was sent.
    #[error("the arguments cannot be sent: {0}")]
    Unsendable(#[from] BodyError),
    /// The arguments are larger than the node takes; nothing was sent.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The node has nothing of this name registered as spawnable.
    #[error("{0}")]
    NotSpawnable(String),
    /// The node does not let this one spawn it.
    #[error("{0}")]
    Denied(String),
    /// The caller and the node mean different arguments; names both fingerprints.
    #[error("{0}")]
    SchemaMismatch(String),
    /// The arguments do not decode.
    #[error("{0}")]
    BadArguments(String),
    /// It could not be created from the arguments.
    #[error("{0}")]
    Failed(String),
    /// The node refused for another reason, which its code tells: too many requests, say.
    #[error("{0}")]
    Refused(WireError),
}

impl From<WireError> for RemoteSpawnError {
    fn from(error: WireError) -> Self {
        let text = Shown(&error.message).to_string();
        match error.code {
            Code::NotFound => Self::NotSpawnable(text),
            Code::Forbidden => Self::Denied(text),
            Code::SchemaMismatch => Self::SchemaMismatch(text),
            Code::InvalidRequest => Self::BadArguments(text),
            Code::Internal => Self::Failed(text),
            _ => Self::Refused(error),
        }
    }
}
