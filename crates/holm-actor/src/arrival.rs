//! A message from another node at its actor: how it is to be read, and why it was not taken.

use std::fmt;

use holm_wire::body::BodyError;
use holm_wire::{Code, Fingerprint, Shown};

/// Why a message from another node was not taken. The sender is to blame.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArrivalError {
    /// The actor has ended.
    #[error("no such process")]
    Noproc,
    /// The actor stays on its node.
    #[error("{0} is a local actor and takes no messages from other nodes")]
    NotRemote(&'static str),
    /// The actor is of another type than the sender believes.
    #[error("the actor is a {found}, not a {}", Shown(.wanted))]
    WrongType {
        /// What the sender believes.
        wanted: String,
        /// What it is.
        found: &'static str,
    },
    /// The actor's type has no such method.
    #[error("{actor_type} has no method `{}`", Shown(.tag))]
    UnknownMethod {
        /// The receiving actor's type.
        actor_type: &'static str,
        /// What the sender asked for.
        tag: String,
    },
    /// Sender and receiver do not mean the same arguments or reply.
    #[error(
        "`{tag}` of {actor_type} is another at the sender ({}) than here ({ours}){}",
        Theirs(*.theirs),
        Fault(.fault)
    )]
    SchemaMismatch {
        /// The receiving actor's type.
        actor_type: &'static str,
        /// The method.
        tag: String,
        /// The sender's fingerprint; none of a sender without types.
        theirs: Option<Fingerprint>,
        /// The receiver's fingerprint.
        ours: Fingerprint,
        /// What does not fit, and where, if they may differ as far as they fit.
        fault: Option<BodyError>,
    },
    /// The inbox is full, and its policy hands messages back.
    #[error("the inbox is full")]
    Full,
    /// The inbox is full, and its policy drops messages.
    #[error("the inbox is full and its policy dropped the message")]
    Dropped,
    /// The arguments did not decode.
    #[error("the arguments do not decode: {0}")]
    Body(#[from] BodyError),
}

impl ArrivalError {
    /// The code by which a sender on another node is told.
    pub fn code(&self) -> Code {
        match self {
            Self::Noproc => Code::Noproc,
            Self::NotRemote(_) => Code::Forbidden,
            Self::WrongType { .. } => Code::WrongType,
            Self::UnknownMethod { .. } => Code::UnknownMethod,
            Self::SchemaMismatch { .. } => Code::SchemaMismatch,
            Self::Body(_) => Code::InvalidRequest,
            Self::Full => Code::Full,
            Self::Dropped => Code::Dropped,
        }
    }
}

struct Theirs(Option<Fingerprint>);

impl fmt::Display for Theirs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(theirs) => write!(f, "fingerprint {theirs}"),
            None => f.write_str("without types"),
        }
    }
}

/// Shows what does not fit behind what differs.
struct Fault<'a>(&'a Option<BodyError>);

impl fmt::Display for Fault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |fault| write!(f, ": {fault}"))
    }
}

/// The body of a message from another node, as it is to be read.
#[derive(Clone, Copy, Debug)]
pub enum ArrivedBody<'a> {
    /// By position: the sender holds the same fingerprint.
    Positional(&'a [u8]),
    /// By names.
    Named {
        /// The bytes.
        body: &'a [u8],
        /// The sender's fingerprint; none of a sender without types.
        theirs: Option<Fingerprint>,
    },
}
