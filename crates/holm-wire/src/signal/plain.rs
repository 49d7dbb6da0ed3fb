//! The most frequent signal, and its frame.

use crate::{
    BodyCodec, FrameHead, Kind, MethodId, Serial,
    varint::{self, VARINT_BYTES_MAX},
};

/// The most frequent signal: a message to a serial, coded by position, and of no trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainSend<'a> {
    /// To whom.
    pub to: Serial,
    /// Which method.
    pub method: MethodId,
    /// The arguments.
    pub body: &'a [u8],
}

/// What a frame begins with: a length of two bytes at most, kind, class, no id; serial, options, method.
const HEAD_BYTES_MAX: usize = 2 + 3 + VARINT_BYTES_MAX + 1 + VARINT_BYTES_MAX;

/// The first length that takes three bytes; what is shorter is within the smallest chunk, too.
const LENGTH_END: usize = 1 << 14;

impl<'a> PlainSend<'a> {
    /// Reads a frame that is one; [`Signal::decode`](super::Signal::decode) reads all others, and says what is
    /// wrong with them.
    #[inline]
    pub fn decode(head: FrameHead, payload: &'a [u8]) -> Option<Self> {
        if head.kind != Kind::Send || head.id.is_some() {
            return None;
        }
        let (serial, width) = varint::decode(payload).ok()?;
        let (&options, rest) = payload[width..].split_first()?;
        let (method, width) = varint::decode(rest).ok()?;
        if options != BodyCodec::Positional as u8 {
            return None;
        }
        let (to, method) = (Serial::from_u64(serial)?, MethodId(method.try_into().ok()?));
        Some(Self { to, method, body: &rest[width..] })
    }

    /// Appends the whole frame, as it travels where nothing more was agreed on; how many bytes it has. `None` if
    /// it is longer than a few KiB, and nothing was appended.
    #[inline]
    pub(crate) fn put_frame(&self, out: &mut Vec<u8>) -> Option<usize> {
        let (to, method) = (self.to.as_u64(), u64::from(self.method.0));
        let counted = 4 + varint::width(to) + varint::width(method) + self.body.len();
        if counted >= LENGTH_END {
            return None;
        }
        let mut head = Head { bytes: [0; HEAD_BYTES_MAX], length: 0 };
        head.put_varint(counted as u64);
        head.put(Kind::Send as u8);
        head.put(Kind::Send.class() as u8);
        head.put(0);
        head.put_varint(to);
        head.put(BodyCodec::Positional as u8);
        head.put_varint(method);
        let start = out.len();
        // A copy of known length is a few moves.
        out.extend_from_slice(&head.bytes);
        out.truncate(start + head.length);
        out.extend_from_slice(self.body);
        Some(out.len() - start)
    }
}

struct Head {
    bytes: [u8; HEAD_BYTES_MAX],
    length: usize,
}

impl Head {
    #[inline]
    fn put(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }

    #[inline]
    fn put_varint(&mut self, value: u64) {
        let room =
            self.bytes[self.length..].first_chunk_mut().expect("there is room for the longest");
        self.length += varint::encode_into(value, room);
    }
}
