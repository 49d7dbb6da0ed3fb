//! Large messages on their way out: opened within the peer's limits, cut in turn.

use super::{lanes::Order, turns::QUEUES};
use crate::{
    Codec, FrameHead, Limits,
    frame::{ChunkHeader, ChunkMark},
    limits::CHUNK_MIN,
};
use bytes::Bytes;
use std::collections::VecDeque;

/// A message larger than a chunk.
#[derive(Debug)]
pub(crate) struct Large {
    pub(crate) head: FrameHead,
    pub(crate) order: Order,
    /// How its payload begins.
    pub(crate) start: Box<[u8]>,
    pub(crate) rest: Bytes,
}

impl Large {
    pub(crate) fn len(&self) -> usize {
        self.start.len() + self.rest.len()
    }
}

/// How frames are coded beyond their plain form.
#[derive(Debug)]
pub(crate) struct Coder {
    pub(crate) codec: Option<Codec>,
    pub(crate) checksum: bool,
}

/// What of the peer's limits is taken by messages that are not wholly written.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    bytes: usize,
    open: [usize; QUEUES],
    /// The queue whose next message waits for bytes; no other takes them away.
    starving: Option<usize>,
}

impl Budget {
    /// Takes room for a message of `queue`, if there is some. Each class that has none
    /// open finds a place kept for its first, unless there are very few.
    fn take(&mut self, queue: usize, bytes: usize, limits: &Limits) -> bool {
        let open: usize = self.open.iter().sum();
        let kept = if self.open[queue] == 0 {
            0
        } else {
            self.open.iter().filter(|open| **open == 0).count().min(limits.open_max / 2)
        };
        if open + kept >= limits.open_max || self.starving.is_some_and(|starving| starving != queue)
        {
            return false;
        }
        if self.bytes + bytes > limits.reassembly_max {
            self.starving.get_or_insert(queue);
            return false;
        }
        if self.starving == Some(queue) {
            self.starving = None;
        }
        self.bytes += bytes;
        self.open[queue] += 1;
        true
    }

    /// A message is wholly written.
    pub(crate) fn give_back(&mut self, queue: usize, bytes: usize) {
        self.bytes -= bytes;
        self.open[queue] -= 1;
    }
}

/// A message being cut.
#[derive(Debug)]
struct Open {
    head: FrameHead,
    order: Order,
    message: u64,
    sequence: u64,
    total: usize,
    /// What goes before `rest`.
    start: Box<[u8]>,
    rest: Bytes,
    compressed: bool,
}

impl Open {
    /// What the next chunk holds.
    fn next(&mut self, chunk_max: usize) -> Bytes {
        if self.start.is_empty() {
            return self.rest.split_to(self.rest.len().min(chunk_max));
        }
        // As little of the rest as may be is copied to go with its start.
        let copied = self.rest.split_to(CHUNK_MIN.saturating_sub(self.start.len()));
        [&std::mem::take(&mut self.start)[..], &copied].concat().into()
    }
}

/// A chunk ready to be written.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) header: ChunkHeader,
    pub(crate) data: Bytes,
    /// The bytes of the message that it stands for.
    pub(crate) raw: usize,
    /// On a message's last chunk: the message's length, and whose order waits for it to
    /// be written.
    pub(crate) ends: Option<(usize, Order)>,
}

impl Chunk {
    pub(crate) fn len(&self) -> usize {
        self.header.as_slice().len() + self.data.len() + self.header.trailer().len()
    }
}

/// The messages of a class to cut, in the order they came; the open ones take turns.
#[derive(Debug, Default)]
pub(crate) struct Cutter {
    open: VecDeque<Open>,
    /// With how many bytes of small frames must be written before each: a message that
    /// overtook a frame to its own receiver would break their order.
    waiting: VecDeque<(u64, Large)>,
    next_message: u64,
}

impl Cutter {
    /// Adds a message, to be begun when so many bytes of small frames are written.
    pub(crate) fn add(&mut self, large: Large, after: u64) {
        self.waiting.push_back((after, large));
    }

    /// Begins what may begin after so many bytes of small frames.
    pub(crate) fn open_more(
        &mut self,
        queue: usize,
        limits: &Limits,
        budget: &mut Budget,
        written: u64,
    ) {
        while let Some((_, large)) = self.waiting.pop_front_if(|(after, large)| {
            *after <= written && budget.take(queue, large.len(), limits)
        }) {
            self.open.push_back(Open {
                head: large.head,
                order: large.order,
                message: self.next_message,
                sequence: 0,
                total: large.len(),
                start: large.start,
                rest: large.rest,
                compressed: false,
            });
            self.next_message += 1;
        }
    }

    /// The next chunk, of the open message whose turn it is.
    pub(crate) fn cut(&mut self, chunk_max: usize, coder: &mut Coder) -> Option<Chunk> {
        let mut message = self.open.pop_front()?;
        let raw = message.next(chunk_max);
        let last = message.rest.is_empty();
        // The first chunk shows whether the message is worth it.
        let compressed = match &mut coder.codec {
            Some(codec) if message.sequence == 0 || message.compressed => codec.compress(&raw),
            Some(_) | None => None,
        };
        message.compressed |= compressed.is_some();
        let length = if compressed.is_some() { raw.len() } else { 0 };
        let data = compressed.map_or_else(|| raw.clone(), Bytes::copy_from_slice);
        let mark = ChunkMark {
            message: message.message,
            sequence: message.sequence,
            total: (message.sequence == 0).then_some(message.total as u64),
            raw: message.compressed.then_some(length as u64),
            last,
        };
        let chunk = Chunk {
            header: ChunkHeader::new(message.head, mark, &data, coder.checksum),
            data,
            raw: raw.len(),
            ends: last.then_some((message.total, message.order)),
        };
        if !last {
            message.sequence += 1;
            self.open.push_back(message);
        }
        Some(chunk)
    }
}
