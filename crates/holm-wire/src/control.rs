//! The control frames of a running session.

use crate::{
    Code, FrameHead, Kind, Malformed, Serial, Violation,
    cursor::{Cursor, malformed, put_text},
    error::{ERROR_TEXT_MAX, take_code},
    varint,
};

/// A control frame between the handshake and the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control<'a> {
    /// Nothing else was sent for a while. Empty.
    Tick,
    /// The sender ends the session; nothing follows.
    Close {
        /// Why.
        code: Code,
        /// For a reader; at most 4 KiB cross the wire.
        message: &'a str,
    },
    /// An actor's inbox is full: the peer accepts no more messages for it; or, without an actor, for any.
    Pause(Option<Serial>),
    /// Half of that inbox is free, or its actor has ended.
    Resume(Option<Serial>),
}

impl<'a> Control<'a> {
    /// The head of its frame.
    pub fn head(&self) -> FrameHead {
        FrameHead::new(match self {
            Self::Tick => Kind::Tick,
            Self::Close { .. } => Kind::Close,
            Self::Pause(_) => Kind::Pause,
            Self::Resume(_) => Kind::Resume,
        })
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Tick => {}
            Self::Close { code, message } => {
                varint::encode(code.as_u16().into(), out);
                put_text(message, ERROR_TEXT_MAX, out);
            }
            Self::Pause(serial) | Self::Resume(serial) => {
                varint::encode(serial.map_or(0, Serial::as_u64), out);
            }
        }
    }

    /// Reads a frame of the control class.
    ///
    /// # Errors
    /// The peer's fault: a handshake frame in a running session, or a payload that
    /// is not what its kind says.
    pub fn decode(head: FrameHead, payload: &'a [u8]) -> Result<Self, Violation> {
        let decoded = match head.kind {
            Kind::Tick | Kind::Close | Kind::Pause | Kind::Resume if head.id.is_some() => {
                Err(malformed("id", "is not 0"))
            }
            Kind::Tick => Ok(Self::Tick),
            Kind::Close => Self::decode_close(payload),
            Kind::Pause => take_serial(payload).map(Self::Pause),
            Kind::Resume => take_serial(payload).map(Self::Resume),
            other => return Err(Violation::Unexpected(other)),
        };
        decoded.map_err(|fault| Violation::Malformed { kind: head.kind, fault })
    }

    fn decode_close(payload: &'a [u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(payload);
        let code = take_code(&mut cursor)?;
        let message = cursor.str("message", ERROR_TEXT_MAX)?;
        cursor.finish()?;
        Ok(Self::Close { code, message })
    }
}

fn take_serial(payload: &[u8]) -> Result<Option<Serial>, Malformed> {
    let mut cursor = Cursor::new(payload);
    let serial = Serial::from_u64(cursor.varint("serial")?);
    cursor.finish()?;
    Ok(serial)
}
