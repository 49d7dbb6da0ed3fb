//! Why a connection became no session.

use std::io;

use holm_proto::access::Fingerprint;
use holm_wire::handshake::{HandshakeError, Reject};
use holm_wire::{Code, NodeName};

use crate::identity::Method;
use crate::posture::PostureError;
use crate::talk::HANDSHAKE_DEADLINE;
use crate::tls::TlsFailure;

/// Why a connection became no session. It is closed, and the peer was told where possible.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeFailure {
    /// The peer cannot be talked to, broke the protocol, or refused.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// This node refused the peer.
    #[error("refused: {0}")]
    Refused(Reject),
    /// The connection broke.
    #[error("the connection broke during the handshake: {0}")]
    Io(io::Error),
    /// Nothing was agreed on within [`HANDSHAKE_DEADLINE`].
    #[error("the peer did not complete the handshake within {HANDSHAKE_DEADLINE:?}")]
    Timeout,
    /// This node does not trust the connection.
    #[error(transparent)]
    Posture(#[from] PostureError),
    /// The peer does not agree to an insecure connection.
    #[error("this connection is insecure; this node allows that, the peer does not")]
    PeerForbidsInsecure,
    /// The two sides secure the connection in different ways.
    #[error("this port speaks {due}; the peer secures its connection with {spoken}")]
    Channel {
        /// What the peer does.
        spoken: &'static str,
        /// What this side does.
        due: &'static str,
    },
    /// TLS: certificates, versions, or a damaged stream.
    #[error(transparent)]
    Tls(#[from] TlsFailure),
    /// Noise: the two sides did not come together.
    #[error("the Noise handshake does not verify: it was altered on its way")]
    Noise,
    /// The peer's key is on no list of this node.
    #[error("no list of this node has the peer's key {key} ({method})")]
    UnknownKey {
        /// How it was proven.
        method: Method,
        /// The key.
        key: Fingerprint,
    },
    /// The peer's certificate names other nodes.
    #[error("the peer calls itself {0}, which its certificate does not say")]
    NodeName(NodeName),
    /// The peer shows no token.
    #[error("this node asks for a token; the peer shows none")]
    NoToken,
    /// The peer's token is none of those that are valid.
    #[error("the peer's token is wrong")]
    WrongToken,
}

impl From<io::Error> for HandshakeFailure {
    fn from(error: io::Error) -> Self {
        match TlsFailure::from_io(&error) {
            Some(failure) => Self::Tls(failure),
            None => Self::Io(error),
        }
    }
}

impl HandshakeFailure {
    /// What to tell the peer before closing, if it is still to be told.
    pub fn reject(&self) -> Option<Reject> {
        let code = match self {
            Self::Handshake(error) => return error.reject(),
            Self::Refused(reject) => return Some(reject.clone()),
            // TLS has told the peer in its own words.
            Self::Io(_) | Self::Timeout | Self::Tls(_) => return None,
            Self::Posture(_) | Self::NodeName(_) | Self::PeerForbidsInsecure => Code::Forbidden,
            Self::Channel { .. } => Code::InvalidRequest,
            Self::Noise | Self::UnknownKey { .. } | Self::NoToken | Self::WrongToken => {
                Code::Unauthorized
            }
        };
        Some(Reject::new(code, self.to_string()))
    }
}
