//! The frame: `length | kind | class and flags | id | payload`.

use crate::{
    Class, Kind, RequestId, Violation,
    kind::SKIPPABLE,
    varint::{self, VARINT_BYTES_MAX, VarintError},
};
use std::ops::Range;

/// What a frame is and whom it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHead {
    /// What it is.
    pub kind: Kind,
    /// The request it opens, answers or cancels.
    pub id: Option<RequestId>,
}

impl FrameHead {
    /// A frame outside any request.
    pub const fn new(kind: Kind) -> Self {
        Self { kind, id: None }
    }

    /// A frame of the request `id`.
    pub const fn of_request(kind: Kind, id: RequestId) -> Self {
        Self { kind, id: Some(id) }
    }

    fn id_on_wire(self) -> u64 {
        self.id.map_or(0, RequestId::as_u64)
    }
}

/// Longest frame before the handshake is done, in bytes after the length: room for
/// any Hello, small enough to hold for 128 strangers. Longer: closed at once.
pub(crate) const HANDSHAKE_FRAME_MAX: usize = 1024 * 1024;

/// What a frame may hold beside its data, in bytes: kind, flags, id, and the three
/// numbers of a chunk.
pub(crate) const FRAME_OVERHEAD_MAX: usize = 2 + 4 * VARINT_BYTES_MAX;

/// Low bits of the second byte: the class.
const CLASS_MASK: u8 = 0b0000_0111;
/// The frame is one chunk of a larger message.
pub(crate) const FLAG_CHUNK: u8 = 0b0000_1000;
/// It is the last one.
pub(crate) const FLAG_LAST: u8 = 0b0001_0000;
/// Reserved bits; a feature bit will say who may set them.
const FLAGS_RESERVED: u8 = 0b1110_0000;

/// Appends a frame whose payload `write` appends; returns the payload's length.
///
/// If `write` panics the buffer is as before.
#[inline]
pub(crate) fn write_frame(
    out: &mut Vec<u8>,
    head: FrameHead,
    write: impl FnOnce(&mut Vec<u8>),
) -> usize {
    let start = out.len();
    let rollback = Rollback { out, start };
    // One byte for the length, as nearly every frame needs; more are made room for below.
    rollback.out.extend_from_slice(&[0, head.kind as u8, head.kind.class() as u8]);
    varint::encode(head.id_on_wire(), rollback.out);
    let payload = rollback.out.len();
    write(rollback.out);
    let written = rollback.out.len() - payload;
    set_length(rollback.out, start);
    std::mem::forget(rollback);
    written
}

struct Rollback<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl Drop for Rollback<'_> {
    fn drop(&mut self) {
        self.out.truncate(self.start);
    }
}

/// Fills in the length of the frame that starts at `start` with one byte of room.
#[inline]
fn set_length(out: &mut Vec<u8>, start: usize) {
    let length = out.len() - start - 1;
    if length < 0x80 {
        out[start] = length as u8;
    } else {
        let mut bytes = [0; VARINT_BYTES_MAX];
        let width = varint::encode_into(length as u64, &mut bytes);
        let end = out.len();
        out.resize(end + width - 1, 0);
        out.copy_within(start + 1..end, start + width);
        out[start..start + width].copy_from_slice(&bytes[..width]);
    }
}

/// The bytes before a chunk's data, kept with the chunk.
#[derive(Debug)]
pub(crate) struct ChunkHeader {
    bytes: [u8; VARINT_BYTES_MAX + FRAME_OVERHEAD_MAX],
    range: Range<usize>,
}

/// Where a chunk belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChunkMark {
    /// Which chunked message of this session and direction, from 0 in order of opening.
    pub(crate) message: u64,
    /// Which chunk of it, from 0.
    pub(crate) sequence: u64,
    /// The message's length in bytes, on its first chunk.
    pub(crate) total: Option<u64>,
}

impl ChunkHeader {
    /// The header of a chunk with `data` bytes of data.
    pub(crate) fn new(head: FrameHead, mark: ChunkMark, data: usize, last: bool) -> Self {
        let flags = FLAG_CHUNK | if last { FLAG_LAST } else { 0 };
        let mut bytes = [0; VARINT_BYTES_MAX + FRAME_OVERHEAD_MAX];
        // The length goes right before what it counts, once that is known.
        let counted = VARINT_BYTES_MAX;
        bytes[counted] = head.kind as u8;
        bytes[counted + 1] = head.kind.class() as u8 | flags;
        let mut end = counted + 2;
        let mut number = [0; VARINT_BYTES_MAX];
        for value in [Some(head.id_on_wire()), Some(mark.message), Some(mark.sequence), mark.total]
            .into_iter()
            .flatten()
        {
            let width = varint::encode_into(value, &mut number);
            bytes[end..end + width].copy_from_slice(&number[..width]);
            end += width;
        }
        let width = varint::encode_into((end - counted + data) as u64, &mut number);
        bytes[counted - width..counted].copy_from_slice(&number[..width]);
        Self { bytes, range: counted - width..end }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[self.range.clone()]
    }
}

/// A frame's first bytes, read and checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawHead {
    /// Bytes from the frame's start to its payload.
    pub(crate) header: usize,
    /// Bytes of the payload.
    pub(crate) payload: usize,
    pub(crate) kind: u8,
    pub(crate) id: Option<RequestId>,
    /// `FLAG_CHUNK`, `FLAG_LAST`.
    pub(crate) flags: u8,
}

impl RawHead {
    /// Reads the head at the start of `bytes`; `None` if more bytes are needed.
    /// `frame_max` is the most that the length may say.
    #[inline]
    pub(crate) fn decode(bytes: &[u8], frame_max: usize) -> Result<Option<Self>, Violation> {
        // The common frame: lengths and id of one byte each.
        let (length, width) = match varint::decode(bytes) {
            Ok(found) => found,
            Err(VarintError::Incomplete) => return Ok(None),
            Err(VarintError::Overlong) => return Err(Violation::OverlongInteger),
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > frame_max {
            return Err(Violation::FrameTooLong { length, max: frame_max });
        }
        let frame = &bytes[width..bytes.len().min(width + length)];
        let complete = frame.len() == length;
        let incomplete = || {
            if complete { Err(Violation::FrameTooShort) } else { Ok(None) }
        };
        let &[kind, class_and_flags, ref rest @ ..] = frame else {
            return incomplete();
        };
        check_class(kind, class_and_flags)?;
        let (id, id_width) = match varint::decode(rest) {
            Ok(found) => found,
            Err(VarintError::Incomplete) => return incomplete(),
            Err(VarintError::Overlong) => return Err(Violation::OverlongInteger),
        };
        Ok(Some(Self {
            header: width + 2 + id_width,
            payload: length - 2 - id_width,
            kind,
            id: RequestId::from_u64(id),
            flags: class_and_flags & !CLASS_MASK,
        }))
    }

    /// The head as users see it; `None` for a kind that is unknown and skipped.
    #[inline]
    pub(crate) fn known(kind: u8, id: Option<RequestId>) -> Option<FrameHead> {
        Kind::from_u8(kind).map(|kind| FrameHead { kind, id })
    }
}

#[inline]
fn check_class(kind: u8, class_and_flags: u8) -> Result<(), Violation> {
    if class_and_flags & FLAGS_RESERVED != 0
        || class_and_flags & (FLAG_CHUNK | FLAG_LAST) == FLAG_LAST
    {
        return Err(Violation::Flags(class_and_flags));
    }
    let class = class_and_flags & CLASS_MASK;
    match Kind::from_u8(kind) {
        Some(known) if known.class() as u8 != class => {
            return Err(Violation::WrongClass { kind: known, class });
        }
        None if kind & SKIPPABLE == 0 => return Err(Violation::UnknownKind(kind)),
        None if Class::from_u8(class).is_none() => return Err(Violation::Flags(class_and_flags)),
        Some(_) | None => {}
    }
    if class == Class::Control as u8 && class_and_flags & FLAG_CHUNK != 0 {
        return Err(Violation::Flags(class_and_flags));
    }
    Ok(())
}

/// Bytes of the frame at the start of `bytes`, which our own side wrote whole.
pub(crate) fn own_frame_length(bytes: &[u8]) -> usize {
    match varint::decode(bytes) {
        Ok((length, width)) => width + length as usize,
        Err(error) => unreachable!("own frames are well formed: {error}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_cut_wants_more(id: u64, payload in proptest::collection::vec(any::<u8>(), 0..400)) {
            let head = FrameHead { kind: Kind::Call, id: RequestId::from_u64(id) };
            let mut bytes = vec![9];
            let written = write_frame(&mut bytes, head, |out| out.extend_from_slice(&payload));
            prop_assert_eq!(written, payload.len());
            let frame = &bytes[1..];
            prop_assert_eq!(own_frame_length(frame), frame.len());
            let raw = RawHead::decode(frame, 1000).unwrap().unwrap();
            prop_assert_eq!(&frame[raw.header..], &payload[..]);
            prop_assert_eq!(RawHead::known(raw.kind, raw.id), Some(head));
            for cut in 0..raw.header {
                prop_assert!(RawHead::decode(&frame[..cut], 1000).unwrap().is_none());
            }
        }
    }

    #[test]
    fn a_panicking_writer_leaves_nothing() {
        let mut bytes = vec![1, 2];
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            write_frame(&mut bytes, FrameHead::new(Kind::Send), |out| {
                out.push(3);
                panic!("the argument's serializer panics");
            })
        }));
        assert!(caught.is_err());
        assert_eq!(bytes, [1, 2]);
    }

    #[test]
    fn what_is_refused() {
        let decode = |bytes: &[u8]| RawHead::decode(bytes, 64).map(|_| ()).unwrap_err();
        assert_eq!(
            decode(&[0xff, 0xff, 0xff, 0xff, 0x0f]),
            Violation::FrameTooLong { length: 0xffff_ffff, max: 64 }
        );
        assert_eq!(decode(&[0x83, 0x00]), Violation::OverlongInteger);
        assert_eq!(decode(&[4, 0x12, 1, 0x80, 0x00]), Violation::OverlongInteger);
        for short in [&[0][..], &[1, 0x05], &[2, 0x05, 0], &[3, 0x05, 0, 0x80]] {
            assert_eq!(decode(short), Violation::FrameTooShort);
        }
        assert_eq!(decode(&[3, 0x7f, 0, 0]), Violation::UnknownKind(0x7f));
        assert_eq!(decode(&[3, 0x12, 0, 0]), Violation::WrongClass { kind: Kind::Send, class: 0 });
        for flags in [0x21, 0x41, 0x81, 0x11] {
            assert_eq!(decode(&[3, 0x12, flags, 0]), Violation::Flags(flags));
        }
        assert_eq!(decode(&[3, 0x05, FLAG_CHUNK, 0]), Violation::Flags(FLAG_CHUNK));
        assert_eq!(decode(&[3, 0x80, 0x07, 0]), Violation::Flags(0x07));
        let skipped = RawHead::decode(&[3, 0x80, 0x04, 0], 64).unwrap().unwrap();
        assert_eq!(RawHead::known(skipped.kind, skipped.id), None);
    }
}
