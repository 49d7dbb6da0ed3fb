//! The sending half of a session: frames in, bytes to write out.

use super::{
    lanes::{HELD_BYTES_MAX, Held, Lanes, Order},
    large::{Chunk, Cutter, Large},
};
use crate::{
    Class, FrameHead, Limits,
    frame::{own_frame_length, write_frame},
};
use bytes::Bytes;
use std::{collections::VecDeque, io::IoSlice};

/// Frames are gathered in blocks of about this size, in bytes: as much as a chunk, so
/// that blocks and chunks taking turns share the connection evenly.
const BLOCK_BYTES: usize = HELD_BYTES_MAX;
/// Written blocks kept for reuse; two cover a sender that fills one while another is
/// written. Further ones are freed.
const SPARE_BLOCKS: usize = 2;
/// Chunks cut ahead of their turn to be written: what a vectored write can take at
/// once, and all that a frame may find ahead of it besides what the kernel holds.
const CHUNKS_AHEAD: usize = 4;

/// The message is larger than agreed on, or a control frame larger than a chunk.
/// Nothing was queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("message of {length} bytes, the peer takes at most {max}")]
pub struct TooLarge {
    /// Its length, envelope included.
    pub length: usize,
    /// The most that the session carries.
    pub max: usize,
}

/// Who has bytes to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Control,
    Blocks,
    Chunks,
}

/// Part of what was last lent.
#[derive(Clone, Copy, Debug)]
enum Piece {
    /// Control frames up to here.
    Control { end: usize },
    /// These bytes of the block at this index.
    Block { index: usize, start: usize, end: usize },
    /// What is left of the cut chunk at this index.
    Chunk { index: usize },
}

/// The sending half.
///
/// Events are `push*`; what is to be written is lent by [`segments`](Self::segments)
/// and acknowledged by [`consumed`](Self::consumed).
///
/// Control frames go ahead of whatever the kernel has not begun to take: they wait for
/// the end of one frame at most, so for one chunk. Otherwise small frames, in the order
/// pushed, take turns with the chunks of large messages, which take turns with each other.
/// It never refuses for want of room; the driver bounds it by
/// [`queued_bytes`](Self::queued_bytes).
#[derive(Debug)]
pub struct Outbound {
    limits: Limits,
    control: Vec<u8>,
    control_written: usize,
    /// Small frames; each block ends at the end of a frame. The last one is appended to.
    blocks: VecDeque<Vec<u8>>,
    /// How much of the first block is written.
    block_written: usize,
    /// How much of all blocks ever is written.
    blocks_written: u64,
    spare: Vec<Vec<u8>>,
    lanes: Lanes,
    cutter: Cutter,
    cut: VecDeque<Chunk>,
    /// How much of the first cut chunk is written.
    chunk_written: usize,
    /// Where the last write stopped short, perhaps within a frame.
    partial: Option<Source>,
    /// The next turn is the chunks', not the blocks'.
    chunks_turn: bool,
    plan: Vec<Piece>,
    queued: usize,
}

impl Outbound {
    /// For a session with these limits.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            control: Vec::new(),
            control_written: 0,
            blocks: VecDeque::new(),
            block_written: 0,
            blocks_written: 0,
            spare: Vec::new(),
            lanes: Lanes::default(),
            cutter: Cutter::default(),
            cut: VecDeque::new(),
            chunk_written: 0,
            partial: None,
            chunks_turn: false,
            plan: Vec::new(),
            queued: 0,
        }
    }

    /// Queues a frame whose payload `write` appends to the buffer it is given. A payload
    /// that turns out larger than a chunk is copied and goes the way of
    /// [`push_large`](Self::push_large). `order` does not matter for control frames.
    /// If `write` panics nothing is queued.
    ///
    /// # Errors
    /// [`TooLarge`], at the caller.
    #[inline]
    pub fn push(
        &mut self,
        head: FrameHead,
        order: Order,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), TooLarge> {
        let control = head.kind.class() == Class::Control;
        let buffer = if control {
            &mut self.control
        } else if self.lanes.must_hold(order) {
            self.lanes.hold_frame(order)
        } else {
            open_block(&mut self.blocks, &mut self.spare)
        };
        let start = buffer.len();
        let payload = write_frame(buffer, head, write);
        if payload > self.limits.chunk_max {
            let payload = Bytes::copy_from_slice(&buffer[buffer.len() - payload..]);
            buffer.truncate(start);
            buffer.shrink_to(BLOCK_BYTES);
            return self.push_large(head, order, payload);
        }
        self.queued += buffer.len() - start;
        Ok(())
    }

    /// Queues a message with this whole payload, without copying it if it is larger than
    /// a chunk.
    ///
    /// # Errors
    /// [`TooLarge`], at the caller.
    pub fn push_large(
        &mut self,
        head: FrameHead,
        order: Order,
        payload: Bytes,
    ) -> Result<(), TooLarge> {
        let length = payload.len();
        if length <= self.limits.chunk_max {
            return self.push(head, order, |out| out.extend_from_slice(&payload));
        }
        let max = match head.kind.class() {
            Class::Control => self.limits.chunk_max,
            Class::Actors | Class::Streams | Class::Membership | Class::Bulk => {
                self.limits.message_max
            }
        };
        if length > max {
            return Err(TooLarge { length, max });
        }
        self.queued += length;
        let large = Large { head, order, payload };
        if self.lanes.must_hold(order) {
            self.lanes.hold(large);
        } else {
            self.lanes.start(order);
            let after = self.blocks_end();
            self.cutter.add(large, after);
        }
        Ok(())
    }

    /// Where the last block ends, counting from the first byte of the first ever.
    fn blocks_end(&self) -> u64 {
        let queued: usize = self.blocks.iter().map(Vec::len).sum();
        self.blocks_written + (queued - self.block_written) as u64
    }

    /// Bytes queued and not written, but for the headers of chunks.
    pub fn queued_bytes(&self) -> usize {
        self.queued
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.queued == 0
    }

    /// Lends what to write next, in order; returns how many of `iov` are used. 0 if
    /// there is nothing to write. What is not consumed is lent again, perhaps behind
    /// control frames pushed in between.
    ///
    /// # Panics
    /// If `iov` has fewer than 2 places, which a chunk needs.
    pub fn segments<'a>(&'a mut self, iov: &mut [IoSlice<'a>]) -> usize {
        assert!(iov.len() >= 2, "a chunk needs two places");
        self.make_plan(iov.len());
        let mut used = 0;
        let mut lend = |bytes: &'a [u8]| {
            if !bytes.is_empty() {
                iov[used] = IoSlice::new(bytes);
                used += 1;
            }
        };
        for piece in &self.plan {
            match *piece {
                Piece::Control { end } => lend(&self.control[self.control_written..end]),
                Piece::Block { index, start, end } => lend(&self.blocks[index][start..end]),
                Piece::Chunk { index } => {
                    let written = if index == 0 { self.chunk_written } else { 0 };
                    let header = self.cut[index].header.as_slice();
                    lend(&header[written.min(header.len())..]);
                    lend(&self.cut[index].data[written.saturating_sub(header.len())..]);
                }
            }
        }
        used
    }

    /// Notes that the first `n` bytes of what was last lent are written.
    ///
    /// # Panics
    /// If fewer were lent.
    pub fn consumed(&mut self, mut n: usize) {
        let plan = std::mem::take(&mut self.plan);
        for piece in &plan {
            let (source, length) = match *piece {
                Piece::Control { end } => (Source::Control, end - self.control_written),
                Piece::Block { start, end, .. } => (Source::Blocks, end - start),
                Piece::Chunk { .. } => (Source::Chunks, self.cut[0].len() - self.chunk_written),
            };
            let taken = length.min(n);
            n -= taken;
            match source {
                Source::Control => self.control_taken(taken),
                Source::Blocks => self.block_taken(taken),
                Source::Chunks => self.chunk_taken(taken),
            }
            if taken < length {
                if taken > 0 {
                    self.partial = Some(source);
                }
                break;
            }
            self.partial = None;
            match source {
                Source::Control => {}
                Source::Blocks => self.chunks_turn = true,
                Source::Chunks => self.chunks_turn = false,
            }
        }
        assert!(n == 0, "more was consumed than was lent");
        self.plan = plan;
        self.plan.clear();
    }

    fn control_taken(&mut self, n: usize) {
        self.queued -= n;
        self.control_written += n;
        if self.control_written == self.control.len() {
            self.control.clear();
            self.control_written = 0;
        }
    }

    fn block_taken(&mut self, n: usize) {
        self.queued -= n;
        self.block_written += n;
        self.blocks_written += n as u64;
        if self.block_written == self.blocks[0].len() {
            self.block_written = 0;
            if let Some(mut block) = self.blocks.pop_front()
                && self.spare.len() < SPARE_BLOCKS
            {
                block.clear();
                self.spare.push(block);
            }
        }
    }

    fn chunk_taken(&mut self, n: usize) {
        let chunk = &self.cut[0];
        let header = chunk.header.as_slice().len();
        let data_before = self.chunk_written.saturating_sub(header);
        self.chunk_written += n;
        self.queued -= self.chunk_written.saturating_sub(header) - data_before;
        if self.chunk_written < chunk.len() {
            return;
        }
        self.chunk_written = 0;
        let ends = self.cut.pop_front().and_then(|chunk| chunk.ends);
        if let Some(order) = ends {
            let mut after = self.blocks_end();
            self.lanes.end(order, &mut |held| match held {
                Held::Frames(frames) => {
                    after += frames.len() as u64;
                    self.blocks.push_back(frames);
                }
                Held::Large(large) => self.cutter.add(large, after),
            });
        }
    }

    /// Decides what goes next, in at most `places` places.
    fn make_plan(&mut self, places: usize) {
        while self.cut.len() < CHUNKS_AHEAD
            && let Some(chunk) = self.cutter.cut(&self.limits, self.blocks_written)
        {
            self.cut.push_back(chunk);
        }
        self.plan.clear();
        let mut plan = Plan {
            pieces: &mut self.plan,
            places,
            block: 0,
            start: self.block_written,
            chunk: 0,
            chunks_turn: self.chunks_turn,
        };
        let control = self.control.len() > self.control_written;
        // First the rest of what was begun, and no more of it than must be.
        match self.partial {
            Some(Source::Blocks) if control => {
                let end = frame_end(&self.blocks[0], self.block_written);
                plan.block(&self.blocks, end);
            }
            Some(Source::Blocks) => plan.block(&self.blocks, self.blocks[0].len()),
            Some(Source::Chunks) => plan.chunk(),
            Some(Source::Control) | None => {}
        }
        if control {
            let end = self.control.len();
            plan.add(Piece::Control { end }, 1);
        }
        while plan.places > 0 {
            let chunk_left = plan.chunk < self.cut.len();
            match self.blocks.get(plan.block) {
                Some(block) if !(plan.chunks_turn && chunk_left) => {
                    plan.block(&self.blocks, block.len());
                }
                _ if chunk_left => plan.chunk(),
                _ => return,
            }
        }
    }
}

/// What goes next, and how far it has got with the blocks and chunks.
struct Plan<'a> {
    pieces: &'a mut Vec<Piece>,
    places: usize,
    block: usize,
    /// Where the rest of that block starts.
    start: usize,
    chunk: usize,
    chunks_turn: bool,
}

impl Plan<'_> {
    /// The next block, up to `end`.
    fn block(&mut self, blocks: &VecDeque<Vec<u8>>, end: usize) {
        let (index, start) = (self.block, self.start);
        self.add(Piece::Block { index, start, end }, 1);
        self.start = end;
        if end == blocks[index].len() {
            self.block += 1;
            self.start = 0;
        }
        self.chunks_turn = true;
    }

    /// The next chunk.
    fn chunk(&mut self) {
        self.add(Piece::Chunk { index: self.chunk }, 2);
        self.chunk += 1;
        self.chunks_turn = false;
    }

    /// If there is no place for it, there is none for anything after it.
    fn add(&mut self, piece: Piece, places: usize) {
        if places <= self.places {
            self.places -= places;
            self.pieces.push(piece);
        } else {
            self.places = 0;
        }
    }
}

/// The block to append to; the last, or a new one if that has its size.
#[inline]
fn open_block<'a>(blocks: &'a mut VecDeque<Vec<u8>>, spare: &mut Vec<Vec<u8>>) -> &'a mut Vec<u8> {
    if blocks.back().is_none_or(|block| block.len() >= BLOCK_BYTES) {
        blocks.push_back(spare.pop().unwrap_or_default());
    }
    let Some(block) = blocks.back_mut() else { unreachable!("one was pushed") };
    block
}

/// The end of the frame of this block that `written` lies in, or `written` if it is
/// between two.
fn frame_end(block: &[u8], written: usize) -> usize {
    let mut end = 0;
    while end < written {
        end += own_frame_length(&block[end..]);
    }
    end
}
