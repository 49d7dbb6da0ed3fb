//! The hash of a type's structure.

use super::{Schema, SchemaHasher};
use std::fmt;

/// The structure of a type, hashed; shown as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// Of `T`. For a method: of the pair of its argument tuple and its result.
    pub fn of<T: Schema + ?Sized>() -> Self {
        let mut hasher = SchemaHasher::new();
        T::describe(&mut hasher);
        Self(hasher.finish())
    }

    /// The fingerprint with this value, as one computed elsewhere over fingerprints.
    pub const fn from_u64(value: u64) -> Self {
        Self(value)
    }

    /// The value.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    pub(crate) fn to_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }

    pub(crate) fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_le_bytes(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
