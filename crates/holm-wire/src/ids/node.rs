//! One life of a node: its incarnation, and the id made of name and incarnation.

use super::NodeName;
use crate::hash::StableHash;
use serde::{Deserialize, Serialize};
use std::{fmt, num::NonZeroU64, str::FromStr};

/// Which life of a node: greater at each start. A lower one than known is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Incarnation(pub u64);

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A node in one life, never 0. Shown as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId(NonZeroU64);

impl NodeId {
    /// The id of `name` in its life `incarnation`: FNV-1a 64 over the name's bytes,
    /// one byte 0xFF and the incarnation as 8 little-endian bytes, finished by
    /// splitmix64; 0 is mapped to 1. Whoever keeps ids must check that two names do
    /// not share one.
    pub fn of(name: &NodeName, incarnation: Incarnation) -> Self {
        let hash = StableHash::new()
            .write(name.as_str().as_bytes())
            .write(&[0xff])
            .write(&incarnation.0.to_le_bytes())
            .finish();
        Self(NonZeroU64::new(hash).unwrap_or(NonZeroU64::MIN))
    }

    /// The id with this value, if it is one.
    pub fn from_u64(value: u64) -> Option<Self> {
        NonZeroU64::new(value).map(Self)
    }

    /// The value.
    pub fn as_u64(self) -> u64 {
        self.0.into()
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for NodeId {
    type Err = super::ParsePidError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // `from_str_radix` alone would accept a sign.
        if text.len() != 16 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(super::ParsePidError);
        }
        let value = u64::from_str_radix(text, 16).map_err(|_| super::ParsePidError)?;
        Self::from_u64(value).ok_or(super::ParsePidError)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn name_and_incarnation_both_count() {
        let a: NodeName = "a@h".parse().unwrap();
        let b: NodeName = "b@h".parse().unwrap();
        let id = NodeId::of(&a, Incarnation(1));
        assert_ne!(id, NodeId::of(&a, Incarnation(2)));
        assert_ne!(id, NodeId::of(&b, Incarnation(1)));
        assert_eq!(id.to_string().parse::<NodeId>().unwrap(), id);
    }
}
