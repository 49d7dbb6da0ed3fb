//! Large messages on their way out: opened within the peer's limits, cut in turn.

use super::lanes::Order;
use crate::{
    FrameHead, Limits,
    frame::{ChunkHeader, ChunkMark},
};
use bytes::Bytes;
use std::collections::VecDeque;

/// A message larger than a chunk.
#[derive(Debug)]
pub(crate) struct Large {
    pub(crate) head: FrameHead,
    pub(crate) order: Order,
    pub(crate) payload: Bytes,
}

/// A message being cut.
#[derive(Debug)]
struct Open {
    head: FrameHead,
    order: Order,
    message: u64,
    sequence: u64,
    total: usize,
    rest: Bytes,
}

/// A chunk ready to be written.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) header: ChunkHeader,
    pub(crate) data: Bytes,
    /// On a message's last chunk: whose order waits for it to be written.
    pub(crate) ends: Option<Order>,
}

impl Chunk {
    pub(crate) fn len(&self) -> usize {
        self.header.as_slice().len() + self.data.len()
    }
}

/// The messages to cut, in the order they came; the open ones take turns.
#[derive(Debug, Default)]
pub(crate) struct Cutter {
    open: VecDeque<Open>,
    /// Sum of the open messages' lengths.
    open_bytes: usize,
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

    /// The next chunk, of the open message whose turn it is, after so many bytes of
    /// small frames.
    pub(crate) fn cut(&mut self, limits: &Limits, written: u64) -> Option<Chunk> {
        self.open_more(limits, written);
        let mut message = self.open.pop_front()?;
        let data = message.rest.split_to(message.rest.len().min(limits.chunk_max));
        let last = message.rest.is_empty();
        let mark = ChunkMark {
            message: message.message,
            sequence: message.sequence,
            total: (message.sequence == 0).then_some(message.total as u64),
        };
        let chunk = Chunk {
            header: ChunkHeader::new(message.head, mark, data.len(), last),
            data,
            ends: last.then_some(message.order),
        };
        if last {
            self.open_bytes -= message.total;
        } else {
            message.sequence += 1;
            self.open.push_back(message);
        }
        Some(chunk)
    }

    fn open_more(&mut self, limits: &Limits, written: u64) {
        while let Some((_, large)) = self.waiting.pop_front_if(|(after, large)| {
            *after <= written
                && self.open.len() < limits.open_max
                && self.open_bytes + large.payload.len() <= limits.reassembly_max
        }) {
            self.open_bytes += large.payload.len();
            self.open.push_back(Open {
                head: large.head,
                order: large.order,
                message: self.next_message,
                sequence: 0,
                total: large.payload.len(),
                rest: large.payload,
            });
            self.next_message += 1;
        }
    }
}
