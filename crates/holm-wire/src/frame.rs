//! The frame: `length | kind | class and flags | id | payload`.

use crate::{
    Class, Kind, RequestId, Violation,
    compression::Codec,
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

/// Bytes of the checksum at a frame's end, where one was agreed on: CRC32C.
pub(crate) const CHECKSUM_BYTES: usize = 4;

/// What a chunk has before its data, after its frame's length: kind, flags, id, and the
/// four numbers of a compressed chunk.
const CHUNK_HEAD_MAX: usize = 2 + 5 * VARINT_BYTES_MAX;

/// What a frame may hold beside its data, in bytes.
pub(crate) const FRAME_OVERHEAD_MAX: usize = CHUNK_HEAD_MAX + CHECKSUM_BYTES;

/// Low bits of the second byte: the class.
const CLASS_MASK: u8 = 0b0000_0111;
/// The frame is one chunk of a larger message.
pub(crate) const FLAG_CHUNK: u8 = 0b0000_1000;
/// It is the last one.
pub(crate) const FLAG_LAST: u8 = 0b0001_0000;
/// The payload, or the chunk's data, is compressed; where a method was agreed on.
pub(crate) const FLAG_COMPRESSED: u8 = 0b0010_0000;
/// Reserved bits; a feature bit will say who may set them.
const FLAGS_RESERVED: u8 = 0b1100_0000;

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

/// Appends the head of a frame whose payload of so many bytes follows elsewhere.
pub(crate) fn write_head(out: &mut Vec<u8>, head: FrameHead, payload: usize) {
    let length = 2 + varint::width(head.id_on_wire()) + payload;
    varint::encode(length as u64, out);
    out.extend_from_slice(&[head.kind as u8, head.kind.class() as u8]);
    varint::encode(head.id_on_wire(), out);
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

/// Makes the frame that [`write_frame`] appended at `start`, with a payload of `written`
/// bytes, what travels where more was agreed on: compressed where that is smaller, and
/// with a checksum.
pub(crate) fn code_frame(
    out: &mut Vec<u8>,
    head: FrameHead,
    (start, written): (usize, usize),
    codec: Option<&mut Codec>,
    checksum: bool,
) {
    let payload = out.len() - written;
    let counted = payload - varint::width(head.id_on_wire()) - 2;
    if let Some(compressed) = codec.and_then(|codec| codec.compress(&out[payload..])) {
        out[counted + 1] |= FLAG_COMPRESSED;
        out.truncate(payload);
        varint::encode(written as u64, out);
        out.extend_from_slice(compressed);
    }
    if checksum {
        let sum = crc32c::crc32c(&out[counted..]);
        out.extend_from_slice(&sum.to_le_bytes());
    }
    let mut bytes = [0; VARINT_BYTES_MAX];
    let width = varint::encode_into((out.len() - counted) as u64, &mut bytes);
    out.splice(start..counted, bytes[..width].iter().copied());
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

/// The bytes before and after a chunk's data, kept with the chunk.
#[derive(Debug)]
pub(crate) struct ChunkHeader {
    bytes: [u8; VARINT_BYTES_MAX + CHUNK_HEAD_MAX],
    range: Range<usize>,
    checksum: Option<[u8; CHECKSUM_BYTES]>,
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
    /// In a compressed message: how many bytes the data stands for, 0 if it is as it is.
    pub(crate) raw: Option<u64>,
    /// It is the last one.
    pub(crate) last: bool,
}

impl ChunkHeader {
    /// What goes with a chunk of this data.
    pub(crate) fn new(head: FrameHead, mark: ChunkMark, data: &[u8], checksum: bool) -> Self {
        let flags = FLAG_CHUNK
            | if mark.last { FLAG_LAST } else { 0 }
            | if mark.raw.is_some() { FLAG_COMPRESSED } else { 0 };
        let mut bytes = [0; VARINT_BYTES_MAX + CHUNK_HEAD_MAX];
        // The length goes right before what it counts, once that is known.
        let counted = VARINT_BYTES_MAX;
        bytes[counted] = head.kind as u8;
        bytes[counted + 1] = head.kind.class() as u8 | flags;
        let mut end = counted + 2;
        let mut number = [0; VARINT_BYTES_MAX];
        let id = Some(head.id_on_wire());
        for value in [id, Some(mark.message), Some(mark.sequence), mark.total, mark.raw]
            .into_iter()
            .flatten()
        {
            let width = varint::encode_into(value, &mut number);
            bytes[end..end + width].copy_from_slice(&number[..width]);
            end += width;
        }
        let checksum = checksum.then(|| {
            let sum = crc32c::crc32c(&bytes[counted..end]);
            crc32c::crc32c_append(sum, data).to_le_bytes()
        });
        let length = end - counted + data.len() + checksum.map_or(0, |sum| sum.len());
        let width = varint::encode_into(length as u64, &mut number);
        bytes[counted - width..counted].copy_from_slice(&number[..width]);
        Self { bytes, range: counted - width..end, checksum }
    }

    /// What goes before the data.
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[self.range.clone()]
    }

    /// What goes after it.
    pub(crate) fn trailer(&self) -> &[u8] {
        self.checksum.as_ref().map_or(&[], |sum| sum)
    }
}

/// A frame's first bytes, read and checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawHead {
    /// Bytes from the frame's start to its payload.
    pub(crate) header: usize,
    /// Bytes of the payload.
    pub(crate) payload: usize,
    /// Bytes of the length itself.
    pub(crate) width: usize,
    pub(crate) kind: u8,
    /// The number of its class.
    pub(crate) class: u8,
    pub(crate) id: Option<RequestId>,
    /// `FLAG_CHUNK`, `FLAG_LAST`, `FLAG_COMPRESSED`.
    pub(crate) flags: u8,
}

impl RawHead {
    /// Reads the head of a frame outside a session, see
    /// [`decode_in_session`](Self::decode_in_session).
    #[inline]
    pub(crate) fn decode(bytes: &[u8], frame_max: usize) -> Result<Option<Self>, Violation> {
        Self::decode_in_session(bytes, frame_max, false)
    }

    /// Reads the head at the start of `bytes`; `None` if more bytes are needed.
    /// `frame_max` is the most that the length may say; `compression`: one was agreed on.
    #[inline]
    pub(crate) fn decode_in_session(
        bytes: &[u8],
        frame_max: usize,
        compression: bool,
    ) -> Result<Option<Self>, Violation> {
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
        if class_and_flags & FLAG_COMPRESSED != 0 && !compression {
            return Err(Violation::Flags(class_and_flags));
        }
        check_class(kind, class_and_flags)?;
        let (id, id_width) = match varint::decode(rest) {
            Ok(found) => found,
            Err(VarintError::Incomplete) => return incomplete(),
            Err(VarintError::Overlong) => return Err(Violation::OverlongInteger),
        };
        Ok(Some(Self {
            header: width + 2 + id_width,
            width,
            payload: length - 2 - id_width,
            kind,
            class: class_and_flags & CLASS_MASK,
            id: RequestId::from_u64(id),
            flags: class_and_flags & !CLASS_MASK,
        }))
    }

    /// Reads the most frequent sort of frame, of a known kind, short and without flags, if all of it is
    /// at the start of `bytes`: its head, and where its payload starts and ends.
    #[inline]
    pub(crate) fn decode_short(bytes: &[u8]) -> Option<(FrameHead, Range<usize>)> {
        let &[length, kind, class_and_flags, ref rest @ ..] = bytes else { return None };
        let kind = Kind::from_u8(kind)?;
        let end = usize::from(length) + 1;
        if length >= 0x80 || end > bytes.len() || class_and_flags != kind.class() as u8 {
            return None;
        }
        let (id, width) = varint::decode(rest).ok()?;
        let start = 3 + width;
        (start <= end).then(|| (FrameHead { kind, id: RequestId::from_u64(id) }, start..end))
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
    if class == Class::Control as u8 && class_and_flags & (FLAG_CHUNK | FLAG_COMPRESSED) != 0 {
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
            let short = (frame.len() <= 128).then_some((head, raw.header..frame.len()));
            prop_assert_eq!(RawHead::decode_short(frame), short);
            prop_assert_eq!(RawHead::decode_short(&frame[..frame.len() - 1]), None);
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
        for other in [&[3, 0x05, 0, 0x80][..], &[2, 0x05, 0, 0], &[3, 0x12, 0, 0], &[3, 0x12, 9, 0]]
        {
            assert_eq!(RawHead::decode_short(other), None);
        }
        let skipped = RawHead::decode(&[3, 0x80, 0x04, 0], 64).unwrap().unwrap();
        assert_eq!(RawHead::known(skipped.kind, skipped.id), None);
    }
}
