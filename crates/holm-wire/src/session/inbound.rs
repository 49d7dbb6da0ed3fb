//! The receiving half of a session: bytes read in, frames out.

use super::{
    reassembly::{ChunkStart, Place, Reassembly},
    terms::Terms,
};
use crate::{
    Codec, CompressionFault, FrameHead, Limits, Violation,
    frame::{CHECKSUM_BYTES, FLAG_CHUNK, FLAG_COMPRESSED, FRAME_OVERHEAD_MAX, RawHead},
    handshake::Features,
    varint::{self, VARINT_BYTES_MAX},
};
use bytes::Bytes;

/// Read buffer of a quiet session, in bytes. It doubles whenever one read fills it.
const BUFFER_MIN: usize = 8 * 1024;
/// Read buffer of a busy one: four default chunks a read; more gains nothing and leaves
/// the cache. A frame that is longer still (the longest chunks) gets its own room.
const BUFFER_MAX: usize = 256 * 1024;

/// The payload of a complete message.
#[derive(Debug)]
pub enum Payload<'a> {
    /// It came in one frame; valid during the call.
    Small(&'a [u8]),
    /// It came in chunks.
    Large(Bytes),
}

impl Payload<'_> {
    /// The bytes, wherever they are.
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Small(bytes) => bytes,
            Self::Large(bytes) => bytes,
        }
    }
}

/// Takes the frames of a session.
pub trait Sink {
    /// A complete message arrived, in order.
    ///
    /// # Errors
    /// What it says breaks the protocol; the session ends.
    fn frame(&mut self, head: FrameHead, payload: Payload<'_>) -> Result<(), Violation>;
}

/// The receiving half.
///
/// The driver reads into [`buffer`](Self::buffer) and reports it to
/// [`handle_read`](Self::handle_read), which gives complete messages to the sink.
/// Any violation ends the session: the driver must not read on.
#[derive(Debug)]
pub struct Inbound {
    limits: Limits,
    codec: Option<Codec>,
    checksum: bool,
    buffer: Vec<u8>,
    /// What of `buffer` is read and not handled.
    start: usize,
    end: usize,
    reassembly: Reassembly,
    direct: Option<Direct>,
    /// The last decompressed payload.
    plain: Vec<u8>,
}

/// The rest of a chunk, read right into its message.
#[derive(Clone, Copy, Debug)]
struct Direct {
    place: Place,
    left: usize,
    last: bool,
}

impl Inbound {
    /// For a session on these terms, beginning with bytes that were read behind the
    /// handshake. They are handled by the first `handle_read`, which may be of 0 bytes.
    pub fn new(terms: impl Into<Terms>, already_read: &[u8]) -> Self {
        let terms = terms.into();
        let mut buffer = already_read.to_vec();
        buffer.resize(buffer.len().max(BUFFER_MIN), 0);
        Self {
            limits: terms.limits,
            codec: terms.compression.map(Codec::new),
            checksum: terms.features.contains(Features::CHECKSUM),
            buffer,
            start: 0,
            end: already_read.len(),
            reassembly: Reassembly::default(),
            direct: None,
            plain: Vec::new(),
        }
    }

    /// Where to read to; never empty. In the midst of a chunk this is the message itself.
    pub fn buffer(&mut self) -> &mut [u8] {
        if let Some(direct) = self.direct {
            return self.reassembly.lend(direct.place, direct.left);
        }
        if self.buffer.len() - self.end < self.buffer.len() / 2 {
            self.make_room();
        }
        &mut self.buffer[self.end..]
    }

    /// `n` bytes were read into what [`buffer`](Self::buffer) lent.
    ///
    /// # Errors
    /// The peer broke the protocol, or the sink says so.
    ///
    /// # Panics
    /// If `n` is more than was lent.
    pub fn handle_read(&mut self, n: usize, sink: &mut impl Sink) -> Result<(), Violation> {
        if let Some(direct) = &mut self.direct {
            assert!(n <= direct.left, "more was read than was lent");
            direct.left -= n;
            let direct = *direct;
            self.reassembly.filled(direct.place, n);
            if direct.left == 0 {
                self.direct = None;
                self.end_chunk(direct.place, direct.last, sink)?;
            }
            return Ok(());
        }
        assert!(n <= self.buffer.len() - self.end, "more was read than was lent");
        self.end += n;
        while let Some(raw) = RawHead::decode_in_session(
            &self.buffer[self.start..self.end],
            self.limits.chunk_max + FRAME_OVERHEAD_MAX,
            self.codec.is_some(),
        )? {
            let payload = self.start + raw.header;
            let end = payload + raw.payload;
            if self.checksum || raw.flags & FLAG_COMPRESSED != 0 {
                if !self.handle_coded(raw, sink)? {
                    break;
                }
            } else if raw.flags & FLAG_CHUNK != 0 {
                if !self.handle_chunk(&raw, sink)? {
                    break;
                }
            } else if raw.payload > self.limits.chunk_max {
                return Err(Violation::FrameTooLong {
                    length: raw.payload,
                    max: self.limits.chunk_max,
                });
            } else if end > self.end {
                break;
            } else {
                if let Some(head) = RawHead::known(raw.kind, raw.id) {
                    sink.frame(head, Payload::Small(&self.buffer[payload..end]))?;
                }
                self.start = end;
            }
        }
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        Ok(())
    }

    /// Takes what is here of the chunk at `start`; false if nothing follows it yet.
    fn handle_chunk(&mut self, raw: &RawHead, sink: &mut impl Sink) -> Result<bool, Violation> {
        let payload = self.start + raw.header;
        let here = &self.buffer[payload..self.end.min(payload + raw.payload)];
        let Some(chunk) = ChunkStart::decode(raw, here)? else {
            return Ok(false);
        };
        let place = self.reassembly.begin_chunk(&chunk, &self.limits)?;
        let data = &here[chunk.header..];
        self.reassembly.append(place, data);
        let left = chunk.data - data.len();
        self.start = payload + here.len();
        if left == 0 {
            self.end_chunk(place, chunk.last, sink)?;
            Ok(true)
        } else {
            self.direct = Some(Direct { place, left, last: chunk.last });
            Ok(false)
        }
    }

    /// Takes a frame with a checksum or a compressed payload, once it is here as a whole;
    /// false if it is not.
    fn handle_coded(&mut self, mut raw: RawHead, sink: &mut impl Sink) -> Result<bool, Violation> {
        let head = self.start + raw.header;
        let end = head + raw.payload;
        let trailer = if self.checksum { CHECKSUM_BYTES } else { 0 };
        raw.payload = raw.payload.checked_sub(trailer).ok_or(Violation::FrameTooShort)?;
        let chunk = raw.flags & FLAG_CHUNK != 0;
        if !chunk && raw.payload > self.limits.chunk_max {
            let (length, max) = (raw.payload, self.limits.chunk_max);
            return Err(Violation::FrameTooLong { length, max });
        }
        if end > self.end {
            return Ok(false);
        }
        let body = head + raw.payload;
        if self.checksum {
            // The length is no part of it: a damaged one shows by what it covers.
            let sum = crc32c::crc32c(&self.buffer[self.start + raw.width..body]);
            if sum.to_le_bytes() != self.buffer[body..end] {
                return Err(Violation::Checksum);
            }
        }
        let payload = &self.buffer[head..body];
        self.start = end;
        if chunk {
            let Some(start) = ChunkStart::decode(&raw, payload)? else {
                unreachable!("the payload is here as a whole")
            };
            let place = self.reassembly.begin_chunk(&start, &self.limits)?;
            let data = &payload[start.header..];
            match &mut self.codec {
                Some(codec) if start.packed => {
                    Codec::check(data.len(), start.data, self.limits.chunk_max)
                        .map_err(Violation::Compression)?;
                    let room = self.reassembly.lend(place, start.data);
                    codec.decompress(data, room).map_err(Violation::Compression)?;
                    self.reassembly.filled(place, start.data);
                }
                Some(_) | None => self.reassembly.append(place, data),
            }
            self.end_chunk(place, start.last, sink)?;
        } else if let Some(head) = RawHead::known(raw.kind, raw.id) {
            match &mut self.codec {
                Some(codec) if raw.flags & FLAG_COMPRESSED != 0 => {
                    decompress(codec, payload, self.limits.chunk_max, &mut self.plain)
                        .map_err(Violation::Compression)?;
                    sink.frame(head, Payload::Small(&self.plain))?;
                }
                Some(_) | None => sink.frame(head, Payload::Small(payload))?,
            }
        }
        Ok(true)
    }

    fn end_chunk(
        &mut self,
        place: Place,
        last: bool,
        sink: &mut impl Sink,
    ) -> Result<(), Violation> {
        if last && let (Some(head), message) = self.reassembly.finish(place) {
            sink.frame(head, Payload::Large(message))?;
        }
        Ok(())
    }

    /// Frees the end of the buffer: moves what is not handled to its start, and doubles
    /// the buffer if the last read filled it.
    fn make_room(&mut self) {
        let full = self.end == self.buffer.len();
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
        }
        (self.start, self.end) = (0, self.end - self.start);
        let frame_max = VARINT_BYTES_MAX + self.limits.chunk_max + FRAME_OVERHEAD_MAX;
        let max = BUFFER_MAX.max(frame_max);
        if full && self.buffer.len() < max {
            self.buffer.resize((2 * self.buffer.len()).min(max), 0);
        }
        assert!(self.end < self.buffer.len(), "the buffer holds the longest frame");
    }
}

/// Fills `plain` with what the compressed payload of a frame stands for.
fn decompress(
    codec: &mut Codec,
    payload: &[u8],
    max: usize,
    plain: &mut Vec<u8>,
) -> Result<(), CompressionFault> {
    let (length, width) = varint::decode(payload).map_err(|_| CompressionFault::Corrupt)?;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    Codec::check(payload.len(), length, max)?;
    plain.resize(length, 0);
    codec.decompress(&payload[width..], plain)
}
