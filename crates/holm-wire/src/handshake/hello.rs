//! The dialler's first frame.

use super::{
    HandshakeError, Introduction, VersionRange,
    introduction::missing,
    tlv::{Fields, put_field},
};
use crate::{
    AttemptNo, Kind, Malformed,
    cursor::{Cursor, malformed},
    varint,
};
use std::num::NonZeroU64;

/// What the dialler says of this dial, for the arbiter of the pair
/// (`docs/semantics.md`, rule 15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dial {
    /// Which of its dials to this peer it is.
    pub attempt: AttemptNo,
    /// The last of the *peer's* dials that the dialler answered and has since seen closed.
    pub gone: Option<AttemptNo>,
    /// The dialler does not know whom it dials, and may have a session with it: this dial does not
    /// say that one is over.
    pub is_blind: bool,
}

/// The dialler's first frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// About this dial.
    pub dial: Dial,
    /// About the dialler.
    pub from: Introduction,
}

const TAG_ATTEMPT: u64 = 1;
const TAG_GONE: u64 = 2;
/// Behind those of the introduction: tags ascend.
const TAG_BLIND: u64 = 17;

impl Hello {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        self.from.versions.encode(out);
        put_field(TAG_ATTEMPT, out, |out| {
            varint::encode(self.dial.attempt.0.get(), out);
        });
        if let Some(gone) = self.dial.gone {
            put_field(TAG_GONE, out, |out| varint::encode(gone.0.get(), out));
        }
        self.from.encode_fields(out);
        if self.dial.is_blind {
            put_field(TAG_BLIND, out, |_| ());
        }
    }

    pub(crate) fn decode(payload: &[u8]) -> Result<Self, HandshakeError> {
        let (mut attempt, mut gone, mut is_blind) = (None, None, false);
        let from = decode_introduction(Kind::Hello, payload, |tag, mut value| {
            match tag {
                TAG_ATTEMPT => attempt = Some(take_attempt("attempt", &mut value)?),
                TAG_GONE => gone = Some(take_attempt("gone", &mut value)?),
                TAG_BLIND => is_blind = true,
                // A field of a later version.
                _ => {}
            }
            Ok(())
        })?;
        let attempt = attempt
            .ok_or(HandshakeError::Malformed { kind: Kind::Hello, fault: missing("attempt") })?;
        Ok(Self { dial: Dial { attempt, gone, is_blind }, from })
    }
}

/// Reads the payload of Hello or Welcome. Peers without a common version are refused
/// before their fields are looked at.
pub(crate) fn decode_introduction(
    kind: Kind,
    payload: &[u8],
    other: impl FnMut(u64, Cursor<'_>) -> Result<(), Malformed>,
) -> Result<Introduction, HandshakeError> {
    let malformed = |fault| HandshakeError::Malformed { kind, fault };
    let mut cursor = Cursor::new(payload);
    let versions = VersionRange::decode(&mut cursor).map_err(malformed)?;
    VersionRange::agree(versions)?;
    Introduction::decode_fields(versions, Fields::new(cursor), other).map_err(malformed)
}

fn take_attempt(field: &'static str, value: &mut Cursor<'_>) -> Result<AttemptNo, Malformed> {
    let number = NonZeroU64::new(value.varint(field)?).ok_or_else(|| malformed(field, "is 0"))?;
    value.finish()?;
    Ok(AttemptNo(number))
}
