//! One entry of a list of identities.

use std::{fmt, str::FromStr};

use super::{Fingerprint, FingerprintError, Identity, Pattern, PatternError, Proof};

/// Names one identity, or several by a pattern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// A certificate or a Noise key.
    Key(Fingerprint),
    /// A public key in a certificate, written `spki:` and 64 digits.
    Spki(Fingerprint),
    /// SPIFFE ids, written `spiffe://domain/path`; a `*` in the path stands for any text.
    Spiffe(Pattern),
    /// The processes of a user of this machine, written `uid:1000`.
    Uid(u32),
    /// Whoever was proven by a token alone, written `token`.
    Token,
    /// Whoever was proven by the cookie, written `cookie`.
    Cookie,
}

/// A text that is no entry; its writer is to blame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// Neither a fingerprint nor any other form.
    #[error(transparent)]
    Fingerprint(#[from] FingerprintError),
    /// No user id follows `uid:`.
    #[error("`{0}` names no user: a number follows `uid:`")]
    Uid(String),
    /// No trust domain follows `spiffe://`, or it has a `*`: other domains would match.
    #[error("`{0}` names no SPIFFE id: spiffe://DOMAIN/PATH, with `*` in the path alone")]
    Spiffe(String),
    /// A pattern that is none.
    #[error("`{text}`: {fault}")]
    Pattern {
        /// The entry.
        text: String,
        /// What is wrong with it.
        fault: PatternError,
    },
}

impl Entry {
    /// Whether it names this identity.
    pub fn names(&self, identity: &Identity) -> bool {
        match self {
            Self::Key(key) => identity.key.as_ref() == Some(key),
            Self::Spki(spki) => identity.spki.as_ref() == Some(spki),
            Self::Spiffe(pattern) => identity.proven_spiffe().is_some_and(|id| pattern.matches(id)),
            Self::Uid(uid) => identity.proof == Proof::User(*uid),
            Self::Token => identity.proof == Proof::Token,
            Self::Cookie => identity.proof == Proof::Cookie,
        }
    }
}

impl FromStr for Entry {
    type Err = EntryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text == "token" {
            return Ok(Self::Token);
        }
        if text == "cookie" {
            return Ok(Self::Cookie);
        }
        if let Some(uid) = text.strip_prefix("uid:") {
            let digits = uid.bytes().all(|byte| byte.is_ascii_digit()); // `u32` alone would take `+1`.
            return (uid.parse().ok().filter(|_| digits))
                .map(Self::Uid)
                .ok_or_else(|| EntryError::Uid(text.to_owned()));
        }
        if let Some(spki) = text.strip_prefix("spki:") {
            return Ok(Self::Spki(spki.parse()?));
        }
        if let Some(id) = text.strip_prefix("spiffe://") {
            let domain = id.split_once('/').map_or("", |(domain, _)| domain);
            if domain.is_empty() || domain.contains('*') {
                return Err(EntryError::Spiffe(text.to_owned()));
            }
            let pattern = text.parse();
            return pattern
                .map(Self::Spiffe)
                .map_err(|fault| EntryError::Pattern { text: text.to_owned(), fault });
        }
        Ok(Self::Key(text.parse()?))
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => key.fmt(f),
            Self::Spki(spki) => write!(f, "spki:{spki}"),
            Self::Spiffe(pattern) => pattern.fmt(f),
            Self::Uid(uid) => write!(f, "uid:{uid}"),
            Self::Token => f.write_str("token"),
            Self::Cookie => f.write_str("cookie"),
        }
    }
}
