//! No session, and why.

use super::{HandshakeError, VERSIONS, VersionRange};
use crate::{
    Code, FrameHead, Kind, Malformed, Shown,
    cursor::{Cursor, put_text},
    error::{ERROR_TEXT_MAX, take_code},
    frame::write_frame,
    varint,
};
use std::sync::Arc;

/// A refusal, readable by every version: its layout never changes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {}", Shown(.message))]
pub struct Reject {
    /// The versions that the refusing side speaks.
    pub versions: VersionRange,
    /// Why.
    pub code: Code,
    /// Why, for a reader; at most 4 KiB cross the wire.
    pub message: Arc<str>,
}

impl Reject {
    /// A refusal by this build.
    pub fn new(code: Code, message: impl Into<Arc<str>>) -> Self {
        Self { versions: VERSIONS, code, message: message.into() }
    }

    /// Appends the frame. Any state of a handshake may send it, and then closes.
    pub fn send(&self, out: &mut Vec<u8>) {
        write_frame(out, FrameHead::new(Kind::Reject), |out| {
            self.versions.encode(out);
            varint::encode(self.code.as_u16().into(), out);
            put_text(&self.message, ERROR_TEXT_MAX, out);
        });
    }

    pub(crate) fn decode(payload: &[u8]) -> Result<Self, HandshakeError> {
        let read = |cursor: &mut Cursor<'_>| -> Result<Self, Malformed> {
            let versions = VersionRange::decode(cursor)?;
            let code = take_code(cursor)?;
            let message = cursor.str("message", ERROR_TEXT_MAX)?.into();
            // What follows is of a later version.
            Ok(Self { versions, code, message })
        };
        read(&mut Cursor::new(payload))
            .map_err(|fault| HandshakeError::Malformed { kind: Kind::Reject, fault })
    }
}
