//! What one class has to send: small frames in blocks, large messages in chunks.

use super::{
    block::{BLOCK_BYTES, Block},
    lanes::{Held, Lanes, Order},
    large::{Budget, Chunk, Coder, Cutter, Large},
};
use crate::{FrameHead, Limits};
use bytes::Bytes;
use std::collections::VecDeque;

/// Chunks of a class cut ahead of their turn to be written: what a vectored write can
/// take at once.
const CHUNKS_AHEAD: usize = 4;
/// Written blocks kept for reuse; two cover a sender that fills one while another is
/// written. Further ones are freed.
const SPARE_BLOCKS: usize = 2;

/// Which bytes of a queue go next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Next {
    /// These bytes of the block at this index.
    Block { index: usize, start: usize, end: usize },
    /// What is left of the cut chunk at this index.
    Chunk { index: usize },
}

/// How far a plan has got with a queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor {
    block: usize,
    /// Where the rest of that block starts.
    start: usize,
    chunk: usize,
    chunks_turn: bool,
}

/// One class's queue. Its small frames, in the order pushed, take turns with the chunks of
/// its large messages, which take turns with each other.
#[derive(Debug, Default)]
pub(crate) struct ClassQueue {
    /// Each block ends at the end of a frame. The last one is appended to.
    blocks: VecDeque<Block>,
    /// How much of the first block is written.
    block_written: usize,
    /// The start of a frame of the first block, at or before what is written.
    frame_start: usize,
    /// How much of all blocks ever is written.
    blocks_written: u64,
    lanes: Lanes,
    cutter: Cutter,
    cut: VecDeque<Chunk>,
    /// How much of the first cut chunk is written.
    chunk_written: usize,
    /// The next turn is the chunks', not the blocks'.
    chunks_turn: bool,
    /// Bytes not written, but for what chunks add.
    pub(crate) queued: usize,
    /// Those of large messages.
    pub(crate) queued_large: usize,
}

impl ClassQueue {
    /// Where to append a small frame.
    #[inline]
    pub(crate) fn buffer(&mut self, order: Order, spare: &mut Vec<Vec<u8>>) -> &mut Vec<u8> {
        if self.lanes.must_hold(order) {
            return self.lanes.hold_frame(order);
        }
        self.open_block(spare).frames()
    }

    /// The block to add to.
    #[inline]
    fn open_block(&mut self, spare: &mut Vec<Vec<u8>>) -> &mut Block {
        if self.blocks.back().is_none_or(Block::is_full) {
            // Behind a full block more is to be expected.
            let room = if self.blocks.is_empty() { 0 } else { BLOCK_BYTES };
            let frames = spare.pop().unwrap_or_else(|| Vec::with_capacity(room));
            self.blocks.push_back(Block::new(frames));
        }
        let Some(block) = self.blocks.back_mut() else { unreachable!("one was pushed") };
        block
    }

    /// Adds a frame without copying the rest of its payload; says how many bytes it makes. `None`, and
    /// nothing was added, if it must wait.
    pub(crate) fn share(
        &mut self,
        head: FrameHead,
        order: Order,
        (start, rest): (&[u8], &Bytes),
        spare: &mut Vec<Vec<u8>>,
    ) -> Option<usize> {
        if self.lanes.must_hold(order) {
            return None;
        }
        let block = self.open_block(spare);
        let before = block.len();
        block.share(head, start, rest.clone());
        let added = block.len() - before;
        self.queued += added;
        Some(added)
    }

    /// Adds a large message.
    pub(crate) fn push_large(&mut self, large: Large) {
        self.queued += large.len();
        self.queued_large += large.len();
        if self.lanes.must_hold(large.order) {
            self.lanes.hold(large);
        } else {
            self.lanes.start(large.order);
            let after = self.blocks_end();
            self.cutter.add(large, after);
        }
    }

    /// Where the last block ends, counting from the first byte of the first ever.
    fn blocks_end(&self) -> u64 {
        let queued: usize = self.blocks.iter().map(Block::len).sum();
        self.blocks_written + (queued - self.block_written) as u64
    }

    /// Cuts what may be written next; `queue` is this one's place in the budget.
    pub(crate) fn cut_ahead(
        &mut self,
        queue: usize,
        limits: &Limits,
        budget: &mut Budget,
        coder: &mut Coder,
    ) {
        self.cutter.open_more(queue, limits, budget, self.blocks_written);
        while self.cut.len() < CHUNKS_AHEAD
            && let Some(chunk) = self.cutter.cut(limits.chunk_max, coder)
        {
            self.cut.push_back(chunk);
        }
    }

    /// From the first byte that is not written.
    pub(crate) fn cursor(&self) -> Cursor {
        Cursor { block: 0, start: self.block_written, chunk: 0, chunks_turn: self.chunks_turn }
    }

    /// Whether there is something at `cursor`.
    #[inline]
    pub(crate) fn has_next(&self, cursor: &Cursor) -> bool {
        cursor.block < self.blocks.len() || cursor.chunk < self.cut.len()
    }

    /// What goes next at `cursor`, which moves on.
    pub(crate) fn next(&self, cursor: &mut Cursor) -> Option<Next> {
        let chunk_left = cursor.chunk < self.cut.len();
        match self.blocks.get(cursor.block) {
            Some(block) if !(cursor.chunks_turn && chunk_left) => {
                Some(self.next_block(cursor, block.len()))
            }
            _ if chunk_left => Some(Self::next_chunk(cursor)),
            _ => None,
        }
    }

    /// The block at `cursor`, up to `end`.
    fn next_block(&self, cursor: &mut Cursor, end: usize) -> Next {
        let next = Next::Block { index: cursor.block, start: cursor.start, end };
        cursor.start = end;
        if end == self.blocks[cursor.block].len() {
            cursor.block += 1;
            cursor.start = 0;
        }
        cursor.chunks_turn = true;
        next
    }

    fn next_chunk(cursor: &mut Cursor) -> Next {
        let next = Next::Chunk { index: cursor.chunk };
        cursor.chunk += 1;
        cursor.chunks_turn = false;
        next
    }

    /// The rest of the chunk, or of the frame, that was begun to be written.
    pub(crate) fn rest_of_begun(&mut self, cursor: &mut Cursor, chunk: bool) -> Next {
        if chunk {
            return Self::next_chunk(cursor);
        }
        while self.frame_start < self.block_written {
            self.frame_start += self.blocks[0].frame_length(self.frame_start);
        }
        self.next_block(cursor, self.frame_start)
    }

    /// Bytes of a block, from one place or from two.
    pub(crate) fn block(&self, index: usize, start: usize, end: usize) -> [&[u8]; 2] {
        self.blocks[index].parts(start, end)
    }

    /// What is left of a cut chunk: header, data, trailer.
    pub(crate) fn chunk(&self, index: usize) -> [&[u8]; 3] {
        let chunk = &self.cut[index];
        let mut written = if index == 0 { self.chunk_written } else { 0 };
        [chunk.header.as_slice(), &chunk.data, chunk.header.trailer()].map(|part| {
            let skipped = written.min(part.len());
            written -= skipped;
            &part[skipped..]
        })
    }

    /// How many bytes that is.
    pub(crate) fn chunk_left(&self, index: usize) -> usize {
        self.cut[index].len() - if index == 0 { self.chunk_written } else { 0 }
    }

    /// `n` bytes of the first block were written; all that was to be, if `whole`.
    pub(crate) fn block_taken(&mut self, n: usize, whole: bool, spare: &mut Vec<Vec<u8>>) {
        self.queued -= n;
        self.block_written += n;
        self.blocks_written += n as u64;
        if self.block_written == self.blocks[0].len() {
            (self.block_written, self.frame_start) = (0, 0);
            if let Some(block) = self.blocks.pop_front()
                && spare.len() < SPARE_BLOCKS
            {
                spare.push(block.into_spare());
            }
        }
        self.chunks_turn |= whole;
    }

    /// `n` bytes of the first cut chunk were written. Returns how many bytes of messages
    /// that makes.
    pub(crate) fn chunk_taken(&mut self, queue: usize, n: usize, budget: &mut Budget) -> usize {
        self.chunk_written += n;
        if self.chunk_written < self.cut[0].len() {
            return 0;
        }
        let Some(chunk) = self.cut.pop_front() else { unreachable!("it was looked at") };
        self.chunk_written = 0;
        self.chunks_turn = false;
        self.queued -= chunk.raw;
        self.queued_large -= chunk.raw;
        if let Some((total, order)) = chunk.ends {
            budget.give_back(queue, total);
            let mut after = self.blocks_end();
            self.lanes.end(order, &mut |held| match held {
                Held::Frames(frames) => {
                    after += frames.len() as u64;
                    self.blocks.push_back(Block::new(frames));
                }
                Held::Large(large) => self.cutter.add(large, after),
            });
        }
        chunk.raw
    }
}
