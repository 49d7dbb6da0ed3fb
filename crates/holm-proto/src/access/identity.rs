//! Who a peer has proven to be.

use std::fmt;

use super::Fingerprint;

/// How a peer was proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Not at all.
    Nothing,
    /// It is in this process.
    Process,
    /// By the kernel: a process of this user, on this machine.
    User(u32),
    /// By a token alone.
    Token,
    /// By the cookie of the cluster.
    Cookie,
    /// By a certificate of an accepted authority.
    Authority,
    /// By a self-signed certificate.
    SelfSigned,
    /// By a Noise key.
    Noise,
}

impl Proof {
    /// Whether anybody can make such an identity, so that it is worth nothing until a list
    /// names it.
    pub fn is_strict(self) -> bool {
        match self {
            Self::SelfSigned | Self::Noise => true,
            Self::Nothing
            | Self::Process
            | Self::User(_)
            | Self::Token
            | Self::Cookie
            | Self::Authority => false,
        }
    }
}

/// A proven peer. What it merely says of itself is no part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// How it was proven.
    pub proof: Proof,
    /// Its certificate, or its Noise key.
    pub key: Option<Fingerprint>,
    /// The public key in its certificate, which outlives the certificate.
    pub spki: Option<Fingerprint>,
    /// The SPIFFE id in its certificate. It counts only if an authority signed that.
    pub spiffe: Option<String>,
}

impl Identity {
    /// An identity that no key tells from others.
    pub fn new(proof: Proof) -> Self {
        Self { proof, key: None, spki: None, spiffe: None }
    }

    /// Its SPIFFE id, if that is proven.
    pub fn proven_spiffe(&self) -> Option<&str> {
        self.spiffe.as_deref().filter(|_| self.proof == Proof::Authority)
    }

    /// Whether it is of one holder of a key, rather than one that many peers share.
    pub fn is_single(&self) -> bool {
        self.key.is_some() || self.proven_spiffe().is_some()
    }
}

impl fmt::Display for Identity {
    /// As a list names it, where one can.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.proven_spiffe(), &self.key, self.proof) {
            (Some(spiffe), _, _) => f.write_str(spiffe),
            (None, Some(key), _) => key.fmt(f),
            (None, None, Proof::User(uid)) => write!(f, "uid:{uid}"),
            (None, None, Proof::Token) => f.write_str("token"),
            (None, None, Proof::Cookie) => f.write_str("cookie"),
            (None, None, Proof::Process) => f.write_str("process"),
            (None, None, Proof::Nothing | Proof::Authority | Proof::SelfSigned | Proof::Noise) => {
                f.write_str("nobody in particular")
            }
        }
    }
}
