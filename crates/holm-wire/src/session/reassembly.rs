//! Chunked messages on their way in.

use super::buffers::Buffers;
use crate::{
    Class, FrameHead, Limits, RequestId, Violation,
    error::ChunkFault,
    frame::{FLAG_COMPRESSED, FLAG_LAST, RawHead},
    limits::CHUNK_MIN,
    varint::{self, VarintError},
};
use bytes::Bytes;

/// How many classes there are.
const CLASSES: usize = Class::Bulk as usize + 1;

/// A chunk's place, read and not yet checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChunkStart {
    kind: u8,
    class: u8,
    id: Option<RequestId>,
    message: u64,
    sequence: u64,
    total: Option<usize>,
    compressed: bool,
    /// Bytes of the payload before the data.
    pub(crate) header: usize,
    /// Bytes of the message that its data are, or stand for.
    pub(crate) data: usize,
    /// Its data only stand for them.
    pub(crate) packed: bool,
    pub(crate) last: bool,
}

impl ChunkStart {
    /// Reads the numbers at the start of a chunk's payload, of which `available` is
    /// here; `None` if more is needed.
    pub(crate) fn decode(raw: &RawHead, available: &[u8]) -> Result<Option<Self>, Violation> {
        let mut at = 0;
        let mut message = 0;
        let mut next = |message| match varint::decode(&available[at..]) {
            Ok((value, width)) => {
                at += width;
                Ok(Some(value))
            }
            Err(VarintError::Incomplete) if available.len() < raw.payload => Ok(None),
            Err(VarintError::Incomplete | VarintError::Overlong) => {
                Err(Violation::Chunk { message, fault: ChunkFault::Header })
            }
        };
        let Some(number) = next(message)? else {
            return Ok(None);
        };
        message = number;
        let Some(sequence) = next(message)? else {
            return Ok(None);
        };
        let total = if sequence == 0 {
            let Some(total) = next(message)? else {
                return Ok(None);
            };
            Some(usize::try_from(total).unwrap_or(usize::MAX))
        } else {
            None
        };
        let length = if raw.flags & FLAG_COMPRESSED == 0 {
            None
        } else {
            let Some(length) = next(message)? else {
                return Ok(None);
            };
            Some(usize::try_from(length).unwrap_or(usize::MAX))
        };
        let packed = length.is_some_and(|length| length != 0);
        Ok(Some(Self {
            kind: raw.kind,
            class: raw.class,
            id: raw.id,
            message,
            sequence,
            total,
            compressed: length.is_some(),
            header: at,
            data: if packed { length.unwrap_or_default() } else { raw.payload - at },
            packed,
            last: raw.flags & FLAG_LAST != 0,
        }))
    }
}

/// A message of which some chunks are here.
#[derive(Debug)]
struct Open {
    kind: u8,
    class: u8,
    id: Option<RequestId>,
    message: u64,
    compressed: bool,
    next_sequence: u64,
    total: usize,
    /// How much of `data` is the message; the rest is lent, or of an earlier one.
    filled: usize,
    data: Vec<u8>,
}

/// The open messages of a session.
#[derive(Debug, Default)]
pub(crate) struct Reassembly {
    open: Vec<Open>,
    /// Sum of the open messages' lengths.
    open_bytes: usize,
    /// By class: they count for themselves, as each is sent when its turn comes.
    next_message: [u64; CLASSES],
}

/// Which open message; good until the next one is finished.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place(usize);

impl Reassembly {
    /// Checks a chunk against its message, opening it with its first one.
    pub(crate) fn begin_chunk(
        &mut self,
        start: &ChunkStart,
        limits: &Limits,
        buffers: &Buffers,
    ) -> Result<Place, Violation> {
        self.place(start, limits, buffers)
            .map_err(|fault| Violation::Chunk { message: start.message, fault })
    }

    /// Whether no message is open.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    fn place(
        &mut self,
        start: &ChunkStart,
        limits: &Limits,
        buffers: &Buffers,
    ) -> Result<Place, ChunkFault> {
        if start.data > limits.chunk_max {
            return Err(ChunkFault::TooLong);
        }
        if start.data == 0 || (start.data < CHUNK_MIN && !start.last) {
            return Err(ChunkFault::TooShort);
        }
        if let Some(total) = start.total {
            self.open_message(start, total, limits, buffers)?;
        }
        let Some(index) = self.find(start) else {
            return Err(ChunkFault::MessageNumber);
        };
        let open = &mut self.open[index];
        if start.sequence != open.next_sequence {
            return Err(ChunkFault::Sequence);
        }
        if (start.kind, start.id, start.compressed) != (open.kind, open.id, open.compressed) {
            return Err(ChunkFault::HeadChanged);
        }
        let left = open.total - open.filled;
        if start.data > left || (start.data == left) != start.last {
            return Err(ChunkFault::Length);
        }
        open.next_sequence += 1;
        Ok(Place(index))
    }

    fn find(&self, start: &ChunkStart) -> Option<usize> {
        self.open.iter().position(|open| (open.class, open.message) == (start.class, start.message))
    }

    fn open_message(
        &mut self,
        start: &ChunkStart,
        total: usize,
        limits: &Limits,
        buffers: &Buffers,
    ) -> Result<(), ChunkFault> {
        let next_message = &mut self.next_message[usize::from(start.class)];
        if start.message != *next_message {
            // A repeated first chunk of an open message reads better as such.
            return Err(if self.find(start).is_some() {
                ChunkFault::Sequence
            } else {
                ChunkFault::MessageNumber
            });
        }
        if total > limits.message_max {
            return Err(ChunkFault::MessageTooLarge);
        }
        if self.open.len() >= limits.open_max {
            return Err(ChunkFault::TooManyOpen);
        }
        if total > limits.reassembly_max - self.open_bytes {
            return Err(ChunkFault::ReassemblyFull);
        }
        *next_message += 1;
        self.open_bytes += total;
        self.open.push(Open {
            kind: start.kind,
            class: start.class,
            id: start.id,
            message: start.message,
            compressed: start.compressed,
            next_sequence: 0,
            total,
            filled: 0,
            data: buffers.take_large(total),
        });
        Ok(())
    }

    /// Where the next `n` bytes of a chunk belong.
    pub(crate) fn lend(&mut self, place: Place, n: usize) -> &mut [u8] {
        let open = &mut self.open[place.0];
        let end = open.filled + n;
        if open.data.len() < end {
            open.grow(end);
            open.data.resize(end, 0);
        }
        &mut open.data[open.filled..end]
    }

    /// The first `n` of them are there.
    pub(crate) fn filled(&mut self, place: Place, n: usize) {
        self.open[place.0].filled += n;
    }

    /// Appends bytes of a chunk.
    pub(crate) fn append(&mut self, place: Place, bytes: &[u8]) {
        self.lend(place, bytes.len()).copy_from_slice(bytes);
        self.filled(place, bytes.len());
    }

    /// Its last chunk is complete. No head if its kind is to be skipped.
    pub(crate) fn finish(&mut self, place: Place, buffers: &Buffers) -> (Option<FrameHead>, Bytes) {
        let open = self.open.swap_remove(place.0);
        assert_eq!(open.filled, open.total, "the last chunk ends the message");
        self.open_bytes -= open.total;
        (RawHead::known(open.kind, open.id), buffers.freeze(open.data, open.total))
    }
}

impl Open {
    /// Makes room for `needed` bytes, twice as many to be quick, and never for more than
    /// the message: memory follows what arrived, not what was announced.
    fn grow(&mut self, needed: usize) {
        if self.data.capacity() < needed {
            let capacity = (2 * needed).min(self.total);
            self.data.reserve_exact(capacity - self.data.len());
        }
    }
}
