//! The trace context that travels with a request.

use crate::cursor::{Cursor, Malformed, malformed};
use std::{fmt, num::NonZeroU64, num::NonZeroU128, str::FromStr};

/// Bytes of a context in an envelope.
const TRACE_BYTES: usize = 16 + 8 + 1;

/// A W3C trace context (`traceparent`, version 00). Its text form is the header's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Traceparent {
    /// The whole trace.
    pub trace: NonZeroU128,
    /// The span that the request comes from.
    pub parent: NonZeroU64,
    /// Bit 0: the caller records it. Others are carried along.
    pub flags: u8,
}

/// A text that is no `traceparent` of version 00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a traceparent of version 00")]
pub struct ParseTraceError;

impl Traceparent {
    /// Appends `trace | parent | flags`, the numbers big-endian, as in the text.
    pub(crate) fn encode(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.trace.get().to_be_bytes());
        out.extend_from_slice(&self.parent.get().to_be_bytes());
        out.push(self.flags);
    }

    pub(crate) fn decode(cursor: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let zero = || malformed("trace", "is 0");
        let trace = u128::from_be_bytes(cursor.array("trace")?);
        let parent = u64::from_be_bytes(cursor.array("trace")?);
        Ok(Self {
            trace: NonZeroU128::new(trace).ok_or_else(zero)?,
            parent: NonZeroU64::new(parent).ok_or_else(zero)?,
            flags: cursor.u8("trace")?,
        })
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.parent, self.flags)
    }
}

impl FromStr for Traceparent {
    type Err = ParseTraceError;

    fn from_str(text: &str) -> Result<Self, ParseTraceError> {
        let mut bytes = [0; TRACE_BYTES];
        let parts: Vec<&str> = text.split('-').collect();
        let [version, trace, parent, flags] = parts[..] else { return Err(ParseTraceError) };
        let lengths = [version.len(), trace.len(), parent.len(), flags.len()];
        let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let digits = [trace, parent, flags].concat();
        if version != "00" || lengths != [2, 32, 16, 2] || !digits.bytes().all(lower) {
            return Err(ParseTraceError);
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte =
                u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).map_err(|_| ParseTraceError)?;
        }
        Self::decode(&mut Cursor::new(&bytes)).map_err(|_| ParseTraceError)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn text_and_bytes() {
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let trace: Traceparent = text.parse().unwrap();
        assert_eq!(trace.to_string(), text);
        let mut bytes = Vec::new();
        trace.encode(&mut bytes);
        assert_eq!(bytes.len(), TRACE_BYTES);
        assert_eq!(bytes[..3], [0x0a, 0xf7, 0x65]);
        assert_eq!(Traceparent::decode(&mut Cursor::new(&bytes)), Ok(trace));
    }

    #[test]
    fn what_is_no_context() {
        for text in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319-cb7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319é-b7ad6b7169203331-01",
        ] {
            assert_eq!(text.parse::<Traceparent>(), Err(ParseTraceError), "{text}");
        }
    }
}
