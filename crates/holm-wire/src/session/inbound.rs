//! The receiving half of a session: bytes read in, frames out.

use super::{
    buffers::{Buffer, Buffers},
    read_buffer::ReadBuffer,
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

/// Payloads from this length on are read into a buffer of their own, which the receiver may keep:
/// below it a copy costs less than a system call.
const DIRECT_MIN: usize = 16 * 1024;
/// Behind such a payload another one is likely: so much of it, with its head, is read and then
/// copied; the rest is read to where it belongs.
const LEAD: usize = 4 * 1024;

/// The payload of a complete message.
#[derive(Debug)]
pub enum Payload<'a> {
    /// Valid during the call.
    Small(&'a [u8]),
    /// It came in chunks, or in one long frame.
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
    unread: ReadBuffer,
    /// The last payload was long.
    lead: bool,
    reassembly: Reassembly,
    buffers: Buffers,
    direct: Option<Direct>,
    /// The last decompressed payload.
    plain: Vec<u8>,
}

/// The rest of a payload, read right to where it belongs.
#[derive(Debug)]
struct Direct {
    to: To,
    left: usize,
}

#[derive(Debug)]
enum To {
    /// A chunk, the last of its message or not.
    Chunk { place: Place, last: bool },
    /// The payload of a frame; of none to deliver, if its kind is to be skipped.
    Frame { head: Option<FrameHead>, payload: Buffer },
}

impl Inbound {
    /// For a session on these terms, beginning with bytes that were read behind the
    /// handshake. They are handled by the first `handle_read`, which may be of 0 bytes.
    pub fn new(terms: impl Into<Terms>, already_read: &[u8]) -> Self {
        let terms = terms.into();
        Self {
            limits: terms.limits,
            codec: terms.compression.map(Codec::new),
            checksum: terms.features.contains(Features::CHECKSUM),
            unread: ReadBuffer::new(already_read),
            lead: false,
            reassembly: Reassembly::default(),
            buffers: Buffers::default(),
            direct: None,
            plain: Vec::new(),
        }
    }

    /// Where to read to; never empty. In the midst of a chunk this is the message itself.
    pub fn buffer(&mut self) -> &mut [u8] {
        match &mut self.direct {
            Some(Direct { to: To::Chunk { place, .. }, left }) => {
                self.reassembly.lend(*place, *left)
            }
            Some(Direct { to: To::Frame { payload, .. }, left }) => {
                let payload = payload.as_mut_slice();
                let start = payload.len() - *left;
                &mut payload[start..]
            }
            None => {
                let frame_max = VARINT_BYTES_MAX + self.limits.chunk_max + FRAME_OVERHEAD_MAX;
                self.unread.room(frame_max, if self.lead { LEAD } else { usize::MAX })
            }
        }
    }

    /// `n` bytes were read into what [`buffer`](Self::buffer) lent.
    ///
    /// # Errors
    /// The peer broke the protocol, or the sink says so.
    ///
    /// # Panics
    /// If `n` is more than was lent.
    pub fn handle_read(&mut self, n: usize, sink: &mut impl Sink) -> Result<(), Violation> {
        if let Some(direct) = self.direct.take() {
            return self.handle_direct(direct, n, sink);
        }
        self.unread.filled(n);
        while let Some(raw) = self.next_head(sink)? {
            let end = raw.header + raw.payload;
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
            } else if end > self.unread.as_slice().len() {
                if raw.payload >= DIRECT_MIN {
                    self.begin_direct(&raw);
                }
                break;
            } else {
                if let Some(head) = RawHead::known(raw.kind, raw.id) {
                    let payload = &self.unread.as_slice()[raw.header..end];
                    sink.frame(head, Payload::Small(payload))?;
                }
                self.unread.handled(end);
            }
        }
        if self.direct.is_none() {
            self.lead = false;
            if self.reassembly.is_empty() {
                self.buffers.shrink();
            }
        }
        Ok(())
    }

    /// The head of the next frame that is not short, as most are: the sink is given those before it.
    #[inline]
    fn next_head(&mut self, sink: &mut impl Sink) -> Result<Option<RawHead>, Violation> {
        if !self.checksum {
            while let Some((head, payload)) = RawHead::decode_short(self.unread.as_slice()) {
                let end = payload.end;
                sink.frame(head, Payload::Small(&self.unread.as_slice()[payload]))?;
                self.unread.handled(end);
            }
        }
        let frame_max = self.limits.chunk_max + FRAME_OVERHEAD_MAX;
        RawHead::decode_in_session(self.unread.as_slice(), frame_max, self.codec.is_some())
    }

    /// `n` bytes of a long payload were read.
    fn handle_direct(
        &mut self,
        mut direct: Direct,
        n: usize,
        sink: &mut impl Sink,
    ) -> Result<(), Violation> {
        assert!(n <= direct.left, "more was read than was lent");
        direct.left -= n;
        if let To::Chunk { place, .. } = direct.to {
            self.reassembly.filled(place, n);
        }
        if direct.left > 0 {
            self.direct = Some(direct);
            return Ok(());
        }
        self.lead = true;
        match direct.to {
            To::Chunk { place, last } => self.end_chunk(place, last, sink),
            To::Frame { head: Some(head), payload } => {
                sink.frame(head, Payload::Large(payload.freeze()))
            }
            To::Frame { head: None, .. } => Ok(()),
        }
    }

    /// Has the rest of the frame at `start` read to a buffer of its own.
    fn begin_direct(&mut self, raw: &RawHead) {
        let here = &self.unread.as_slice()[raw.header..];
        let mut payload = self.buffers.take(raw.payload);
        payload.as_mut_slice()[..here.len()].copy_from_slice(here);
        let left = raw.payload - here.len();
        self.unread.clear();
        let head = RawHead::known(raw.kind, raw.id);
        self.direct = Some(Direct { to: To::Frame { head, payload }, left });
    }

    /// Takes what is here of the chunk at `start`; false if nothing follows it yet.
    fn handle_chunk(&mut self, raw: &RawHead, sink: &mut impl Sink) -> Result<bool, Violation> {
        let unread = self.unread.as_slice();
        let end = unread.len().min(raw.header + raw.payload);
        let here = &unread[raw.header..end];
        let Some(chunk) = ChunkStart::decode(raw, here)? else {
            return Ok(false);
        };
        let place = self.reassembly.begin_chunk(&chunk, &self.limits, &self.buffers)?;
        let data = &here[chunk.header..];
        self.reassembly.append(place, data);
        let left = chunk.data - data.len();
        self.unread.handled(end);
        if left == 0 {
            self.end_chunk(place, chunk.last, sink)?;
            Ok(true)
        } else {
            self.direct = Some(Direct { to: To::Chunk { place, last: chunk.last }, left });
            Ok(false)
        }
    }

    /// Takes a frame with a checksum or a compressed payload, once it is here as a whole;
    /// false if it is not.
    fn handle_coded(&mut self, mut raw: RawHead, sink: &mut impl Sink) -> Result<bool, Violation> {
        let end = raw.header + raw.payload;
        let trailer = if self.checksum { CHECKSUM_BYTES } else { 0 };
        raw.payload = raw.payload.checked_sub(trailer).ok_or(Violation::FrameTooShort)?;
        let chunk = raw.flags & FLAG_CHUNK != 0;
        if !chunk && raw.payload > self.limits.chunk_max {
            let (length, max) = (raw.payload, self.limits.chunk_max);
            return Err(Violation::FrameTooLong { length, max });
        }
        let Some(frame) = self.unread.take(end) else { return Ok(false) };
        let body = raw.header + raw.payload;
        if self.checksum {
            // The length is no part of it: a damaged one shows by what it covers.
            let sum = crc32c::crc32c(&frame[raw.width..body]);
            if sum.to_le_bytes() != frame[body..] {
                return Err(Violation::Checksum);
            }
        }
        let payload = &frame[raw.header..body];
        if chunk {
            let Some(start) = ChunkStart::decode(&raw, payload)? else {
                unreachable!("the payload is here as a whole")
            };
            let place = self.reassembly.begin_chunk(&start, &self.limits, &self.buffers)?;
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
        if last && let (Some(head), message) = self.reassembly.finish(place, &self.buffers) {
            sink.frame(head, Payload::Large(message))?;
        }
        Ok(())
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
