//! Who a peer was proven to be.

use std::fmt;

use holm_proto::access::Fingerprint;
use holm_wire::ShardId;
use ring::digest::{SHA256, digest};

/// A proven peer. What a peer merely says of itself, its node name and role, is in its Hello.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerIdentity {
    /// How it was proven.
    pub method: Method,
    /// The peer's key: what lists of identities name. Only where it was proven by one.
    pub key: Option<Fingerprint>,
    /// The SHA-256 of the public key in its certificate (SubjectPublicKeyInfo in DER): what
    /// stays when the certificate is renewed with the same key.
    pub spki: Option<Fingerprint>,
    /// The DNS names in its certificate.
    pub names: Vec<String>,
    /// The node names in its certificate (URIs `holm:NAME@AUTHORITY`). If there are any, the
    /// handshake checked that the peer's name is one of them.
    pub nodes: Vec<String>,
    /// The SPIFFE id in its certificate, `spiffe://DOMAIN/PATH`.
    pub spiffe: Option<String>,
    /// What the token is good for that the peer has shown, too.
    pub token: Option<TokenScope>,
}

impl PeerIdentity {
    pub(crate) fn new(method: Method) -> Self {
        Self {
            method,
            key: None,
            spki: None,
            names: Vec::new(),
            nodes: Vec::new(),
            spiffe: None,
            token: None,
        }
    }
}

/// How a peer was proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Method {
    /// By nothing: plain TCP, or a named pipe.
    Nothing,
    /// By the kernel: a process of this user on this machine, or in this process.
    Local,
    /// By a token alone, over a channel on which it cannot be read.
    Token,
    /// By a cookie that all nodes share.
    Cookie,
    /// By a certificate that an accepted authority signed.
    Authority,
    /// By a self-signed certificate. Strict: whom no list names is not admitted.
    SelfSigned,
    /// By a Noise key. Strict: whom no list names is not admitted.
    Noise,
}

impl Method {
    /// Whether an empty list of identities admits nobody: anyone can make such a key.
    pub fn is_strict(self) -> bool {
        match self {
            Self::SelfSigned | Self::Noise => true,
            Self::Nothing | Self::Local | Self::Token | Self::Cookie | Self::Authority => false,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "nothing",
            Self::Local => "local",
            Self::Token => "token",
            Self::Cookie => "cookie",
            Self::Authority => "mtls",
            Self::SelfSigned => "mtls, self-signed",
            Self::Noise => "noise",
        })
    }
}

/// What a token is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenScope {
    /// Whatever its holder wants to do.
    All,
    /// Serving these shards, as a worker.
    Shards(Vec<ShardId>),
}

/// The SHA-256 of a certificate or a public key in DER.
pub fn fingerprint_of_der(der: &[u8]) -> Fingerprint {
    Fingerprint::from_bytes(digest(&SHA256, der).as_ref().try_into().expect("32 bytes"))
}
