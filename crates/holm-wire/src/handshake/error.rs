//! Why a handshake failed, and what the peer is told.

use super::{Reject, VERSIONS, VersionRange};
use crate::{ClusterName, Code, Kind, Malformed, NodeName, Violation};
use std::fmt;

/// What a peer speaks instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Foreign {
    /// HTTP/1 or HTTP/2.
    Http,
    /// TLS, where this side expects none.
    Tls,
    /// SSH.
    Ssh,
    /// Something else.
    Unknown,
}

impl Foreign {
    /// Judges by the first bytes of a connection.
    pub(crate) fn of(first: &[u8]) -> Self {
        const HTTP: [&[u8]; 9] =
            [b"GET ", b"POST", b"PUT ", b"HEAD", b"DELE", b"OPTI", b"PATC", b"PRI ", b"HTTP"];
        // So much of the pattern as is here, and at least 2 bytes, which the shortest
        // refused head has.
        let begins = |pattern: &&[u8]| {
            let here = first.len().min(pattern.len());
            here >= 2 && first[..here] == pattern[..here]
        };
        if HTTP.iter().any(begins) {
            Self::Http
        } else if begins(&&b"SSH-"[..]) {
            Self::Ssh
        } else if matches!(first, [0x14..=0x17, 0x03, ..]) {
            Self::Tls
        } else {
            Self::Unknown
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "HTTP",
            Self::Tls => "TLS",
            Self::Ssh => "SSH",
            Self::Unknown => "an unknown protocol",
        })
    }
}

/// A handshake failed. Nothing came of the connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The peer's first frame is none.
    #[error("the peer speaks {0}; this port speaks the Holm protocol")]
    Foreign(Foreign),
    /// A later frame of the peer is none.
    #[error("the peer broke the protocol: {0}")]
    Violation(#[from] Violation),
    /// A frame of the peer does not hold what it should.
    #[error("the peer's {} is wrong: {fault}", .kind.name())]
    Malformed {
        /// The frame.
        kind: Kind,
        /// The field and what is wrong with it.
        fault: Malformed,
    },
    /// The peer sent a frame out of order.
    #[error("the peer sent {} where {} was due", .found.name(), .expected.name())]
    Unexpected {
        /// What was due.
        expected: Kind,
        /// What it sent.
        found: Kind,
    },
    /// No version in common.
    #[error("the peer speaks version {theirs}, this node {VERSIONS}")]
    Version {
        /// The peer's versions.
        theirs: VersionRange,
    },
    /// Two clusters.
    #[error("the peer is in cluster {theirs}, this node in {ours}")]
    Cluster {
        /// This node's.
        ours: ClusterName,
        /// The peer's.
        theirs: ClusterName,
    },
    /// The peer has this node's name, or is this node.
    #[error("the peer is called {0}, as this node")]
    SameName(NodeName),
    /// The peer writes signals in another way.
    #[error("the peer's envelopes differ from this node's: another build of the same version")]
    Envelope,
    /// The peer does not offer to prove that it knows the cookie.
    #[error("this node asks for a cookie; the peer shows none")]
    NoCookie,
    /// The peer asks for a proof that this node cannot give.
    #[error("the peer asks for a cookie; this node has none")]
    CookieAsked,
    /// The peer's proof is wrong: another cookie, or somebody between the two.
    #[error("the peer's proof is wrong: it has another cookie, or the connection is relayed")]
    WrongCookie,
    /// The peer proved to be somebody else than it says.
    #[error("the peer's Welcome is not of the node that proved itself")]
    Changed,
    /// The peer refused.
    #[error("the peer refused: {0}")]
    Rejected(Reject),
}

impl HandshakeError {
    /// What to tell the peer before closing; nothing if it was the peer who refused.
    pub fn reject(&self) -> Option<Reject> {
        let code = match self {
            Self::Foreign(_) | Self::Malformed { .. } | Self::Unexpected { .. } => {
                Code::InvalidRequest
            }
            Self::Violation(violation) => violation.code(),
            Self::Version { .. } => Code::UnsupportedVersion,
            Self::Cluster { .. } => Code::Forbidden,
            Self::NoCookie | Self::CookieAsked | Self::WrongCookie | Self::Changed => {
                Code::Unauthorized
            }
            Self::SameName(_) => Code::Duplicate,
            Self::Envelope => Code::SchemaMismatch,
            Self::Rejected(_) => return None,
        };
        Some(Reject::new(code, self.to_string()))
    }
}
