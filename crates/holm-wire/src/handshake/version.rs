//! Versions of the protocol, and the opening bytes that no version changes.

use super::HandshakeError;
use crate::cursor::{Cursor, Malformed, malformed};
use std::fmt;

/// The versions that this code speaks.
pub const VERSIONS: VersionRange = VersionRange { min: 1, max: 1 };

const MAGIC: [u8; 4] = *b"HOLM";

/// A range of versions, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionRange {
    /// The oldest.
    pub min: u16,
    /// The newest.
    pub max: u16,
}

impl VersionRange {
    /// The newest version in both.
    pub fn common(self, other: Self) -> Option<u16> {
        let newest = self.max.min(other.max);
        (newest >= self.min.max(other.min)).then_some(newest)
    }

    /// Appends magic and range, the first 8 bytes of every handshake payload but Commit's.
    pub(crate) fn encode(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.min.to_le_bytes());
        out.extend_from_slice(&self.max.to_le_bytes());
    }

    pub(crate) fn decode(cursor: &mut Cursor<'_>) -> Result<Self, Malformed> {
        if cursor.array("magic")? != MAGIC {
            return Err(malformed("magic", "is not HOLM"));
        }
        let min = u16::from_le_bytes(cursor.array("version")?);
        let max = u16::from_le_bytes(cursor.array("version")?);
        if min > max {
            return Err(malformed("version", "is an empty range"));
        }
        Ok(Self { min, max })
    }

    /// The version to speak with a peer of the range `theirs`.
    pub(crate) fn agree(theirs: Self) -> Result<u16, HandshakeError> {
        VERSIONS.common(theirs).ok_or(HandshakeError::Version { theirs })
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min == self.max {
            self.min.fmt(f)
        } else {
            write!(f, "{} to {}", self.min, self.max)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_common_wins() {
        let range = |min, max| VersionRange { min, max };
        assert_eq!(range(1, 3).common(range(2, 5)), Some(3));
        assert_eq!(range(2, 5).common(range(1, 3)), Some(3));
        assert_eq!(range(1, 1).common(range(2, 5)), None);
    }
}
