//! The sending half of a session: frames in, bytes to write out.

use super::{
    block::BLOCK_BYTES,
    class_queue::{ClassQueue, Next},
    lanes::Order,
    large::{Budget, Coder, Large},
    terms::Terms,
    turns::{ACTORS, QUEUES, Turns, queue_of},
};
use crate::{
    Class, Codec, FrameHead, Limits,
    frame::{code_frame, write_frame},
    handshake::Features,
    limits::CHUNK_MIN,
    signal::PlainSend,
};
use bytes::Bytes;
use std::io::IoSlice;

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

/// Payloads from this length on are lent to the kernel, not copied: below it a copy costs less
/// than a place of a vectored write and counting references.
const SHARE_MIN: usize = 8 * 1024;

/// What a write stopped within.
#[derive(Clone, Copy, Debug)]
struct Begun {
    queue: usize,
    /// A chunk, not a small frame.
    chunk: bool,
}

/// Part of what was last lent.
#[derive(Clone, Copy, Debug)]
enum Piece {
    /// Control frames up to here.
    Control { end: usize },
    /// Bytes of a class.
    Class { queue: usize, next: Next },
}

/// The sending half.
///
/// Events are `push*`; what is to be written is lent by [`segments`](Self::segments)
/// and acknowledged by [`consumed`](Self::consumed).
///
/// Control frames go ahead of whatever the kernel has not begun to take: they wait for
/// the end of one frame at most, so for one chunk. The classes then share the connection
/// by bytes; of those that keep to their share, actors go first, and so a small frame of
/// theirs waits for one chunk at most, too. Within a class small frames, in the order
/// pushed, take turns with the chunks of large messages, which take turns with each other.
/// It never refuses for want of room; the driver bounds it by
/// [`queued_bytes_of`](Self::queued_bytes_of).
#[derive(Debug)]
pub struct Outbound {
    limits: Limits,
    control: Vec<u8>,
    control_written: usize,
    queues: [ClassQueue; QUEUES],
    turns: Turns,
    budget: Budget,
    coder: Coder,
    /// Frames travel as `write_frame` writes them.
    plain: bool,
    spare: Vec<Vec<u8>>,
    begun: Option<Begun>,
    plan: Vec<Piece>,
    queued: usize,
}

impl Outbound {
    /// For a session on these terms.
    pub fn new(terms: impl Into<Terms>) -> Self {
        let terms = terms.into();
        let coder = Coder {
            codec: terms.compression.map(Codec::new),
            checksum: terms.features.contains(Features::CHECKSUM),
        };
        Self {
            limits: terms.limits,
            control: Vec::new(),
            control_written: 0,
            queues: Default::default(),
            turns: Turns::new(terms.limits.chunk_max),
            budget: Budget::default(),
            plain: coder.codec.is_none() && !coder.checksum,
            coder,
            spare: Vec::new(),
            begun: None,
            plan: Vec::new(),
            queued: 0,
        }
    }

    /// Queues a frame whose payload `write` appends to the buffer it is given. A payload
    /// that turns out larger than a chunk is copied and goes the way of
    /// [`push_bytes`](Self::push_bytes). `order` holds within the frame's class, and does
    /// not matter for control frames. If `write` panics nothing is queued.
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
        let queue = queue_of(head.kind.class());
        let buffer = match queue {
            None => &mut self.control,
            Some(queue) => self.queues[queue].buffer(order, &mut self.spare),
        };
        let start = buffer.len();
        let payload = write_frame(buffer, head, write);
        if payload > self.limits.chunk_max {
            let payload = Bytes::copy_from_slice(&buffer[buffer.len() - payload..]);
            buffer.truncate(start);
            buffer.shrink_to(BLOCK_BYTES);
            return self.push_large(head, order, (&[], payload));
        }
        if !self.plain {
            let codec = if queue.is_none() { None } else { self.coder.codec.as_mut() };
            code_frame(buffer, head, (start, payload), codec, self.coder.checksum);
        }
        let length = buffer.len() - start;
        self.queued += length;
        if let Some(queue) = queue {
            self.queues[queue].queued += length;
        }
        Ok(())
    }

    /// Queues a [`PlainSend`] whose receiver is told from others by `order`, as [`push`](Self::push) does;
    /// `false`, and nothing was queued, if only that can.
    #[inline]
    pub fn push_plain(&mut self, send: &PlainSend<'_>, order: Order) -> bool {
        if !self.plain {
            return false;
        }
        let queue = &mut self.queues[ACTORS];
        let Some(length) = send.put_frame(queue.buffer(order, &mut self.spare)) else {
            return false;
        };
        queue.queued += length;
        self.queued += length;
        true
    }

    /// Queues a message with this whole payload, which is not copied if it is long.
    ///
    /// # Errors
    /// [`TooLarge`], at the caller.
    pub fn push_bytes(
        &mut self,
        head: FrameHead,
        order: Order,
        payload: &Bytes,
    ) -> Result<(), TooLarge> {
        self.push_parts(head, order, &[], payload)
    }

    /// The same of a payload that begins with `start`, which is short, and is copied.
    ///
    /// # Errors
    /// [`TooLarge`], at the caller.
    pub fn push_parts(
        &mut self,
        head: FrameHead,
        order: Order,
        start: &[u8],
        rest: &Bytes,
    ) -> Result<(), TooLarge> {
        let length = start.len() + rest.len();
        if length > self.limits.chunk_max {
            return self.push_large(head, order, (start, rest.clone()));
        }
        if rest.len() >= SHARE_MIN
            && self.plain
            && let Some(queue) = queue_of(head.kind.class())
            && let Some(added) =
                self.queues[queue].share(head, order, (start, rest), &mut self.spare)
        {
            self.queued += added;
            return Ok(());
        }
        self.push(head, order, |out| {
            out.extend_from_slice(start);
            out.extend_from_slice(rest);
        })
    }

    /// Queues a message larger than a chunk.
    fn push_large(
        &mut self,
        head: FrameHead,
        order: Order,
        (start, rest): (&[u8], Bytes),
    ) -> Result<(), TooLarge> {
        let length = start.len() + rest.len();
        let Some(queue) = queue_of(head.kind.class()) else {
            return Err(TooLarge { length, max: self.limits.chunk_max });
        };
        if length > self.limits.message_max {
            return Err(TooLarge { length, max: self.limits.message_max });
        }
        let (start, rest) = if start.len() <= CHUNK_MIN {
            (start.into(), rest)
        } else {
            (Box::default(), [start, &rest].concat().into())
        };
        self.queued += length;
        self.queues[queue].push_large(Large { head, order, start, rest });
        Ok(())
    }

    /// The session's limits.
    #[inline]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Bytes queued and not written, but for what chunks add.
    #[inline]
    pub fn queued_bytes(&self) -> usize {
        self.queued
    }

    /// Those of one class.
    #[inline]
    pub fn queued_bytes_of(&self, class: Class) -> usize {
        match queue_of(class) {
            None => self.control.len() - self.control_written,
            Some(queue) => self.queues[queue].queued,
        }
    }

    /// Those of one class's messages larger than a chunk, which hold up only what is behind them to
    /// the same receiver.
    #[inline]
    pub fn queued_large_of(&self, class: Class) -> usize {
        queue_of(class).map_or(0, |queue| self.queues[queue].queued_large)
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.queued == 0
    }

    /// Lends what to write next, in order; returns how many of `iov` are used. 0 if
    /// there is nothing to write. What is not consumed is lent again, perhaps behind
    /// frames pushed in between.
    ///
    /// # Panics
    /// If `iov` has fewer than 3 places, which a chunk may need.
    pub fn segments<'a>(&'a mut self, iov: &mut [IoSlice<'a>]) -> usize {
        assert!(iov.len() >= 3, "a chunk may need three places");
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
                Piece::Class { queue, next: Next::Block { index, start, end } } => {
                    self.queues[queue].block(index, start, end).into_iter().for_each(&mut lend);
                }
                Piece::Class { queue, next: Next::Chunk { index } } => {
                    self.queues[queue].chunk(index).into_iter().for_each(&mut lend);
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
            let length = match *piece {
                Piece::Control { end } => end - self.control_written,
                Piece::Class { next: Next::Block { start, end, .. }, .. } => end - start,
                // Those before it are gone by now.
                Piece::Class { queue, next: Next::Chunk { .. } } => {
                    self.queues[queue].chunk_left(0)
                }
            };
            let taken = length.min(n);
            n -= taken;
            let begun = match *piece {
                Piece::Control { .. } => self.control_taken(taken),
                Piece::Class { queue, next } => {
                    self.class_taken(queue, next, taken, taken == length)
                }
            };
            if taken < length {
                if taken > 0 {
                    self.begun = begun;
                }
                break;
            }
            self.begun = None;
        }
        assert!(n == 0, "more was consumed than was lent");
        self.plan = plan;
        self.plan.clear();
    }

    /// What was begun is always finished before anything else: so control frames, which
    /// go first anyway, need no note of it.
    fn control_taken(&mut self, n: usize) -> Option<Begun> {
        self.queued -= n;
        self.control_written += n;
        if self.control_written == self.control.len() {
            self.control.clear();
            self.control_written = 0;
        }
        None
    }

    fn class_taken(&mut self, queue: usize, next: Next, n: usize, whole: bool) -> Option<Begun> {
        self.turns.spend(queue, n);
        match next {
            Next::Block { .. } => {
                self.queued -= n;
                self.queues[queue].block_taken(n, whole, &mut self.spare);
                Some(Begun { queue, chunk: false })
            }
            Next::Chunk { .. } => {
                self.queued -= self.queues[queue].chunk_taken(queue, n, &mut self.budget);
                Some(Begun { queue, chunk: true })
            }
        }
    }

    /// Decides what goes next, in at most `places` places.
    fn make_plan(&mut self, mut places: usize) {
        for (queue, class) in self.queues.iter_mut().enumerate() {
            if class.queued > 0 {
                class.cut_ahead(queue, &self.limits, &mut self.budget, &mut self.coder);
            }
        }
        self.plan.clear();
        let mut cursors = self.queues.each_ref().map(ClassQueue::cursor);
        // First the rest of what was begun, and no more of it than must be.
        if let Some(Begun { queue, chunk }) = self.begun {
            let next = self.queues[queue].rest_of_begun(&mut cursors[queue], chunk);
            places -= places_of(next);
            self.plan.push(Piece::Class { queue, next });
        }
        if self.control.len() > self.control_written && places > 0 {
            places -= 1;
            self.plan.push(Piece::Control { end: self.control.len() });
        }
        let mut ready: [bool; QUEUES] =
            std::array::from_fn(|queue| self.queues[queue].has_next(&cursors[queue]));
        // New rounds that begin now are kept; those within the plan follow from what will
        // have been consumed of it.
        self.turns.next(ready);
        let mut turns = self.turns;
        while places > 0
            && let Some(queue) = turns.next(ready)
        {
            let Some(next) = self.queues[queue].next(&mut cursors[queue]) else {
                unreachable!("it is ready")
            };
            let Some(left) = places.checked_sub(places_of(next)) else { return };
            places = left;
            let length = match next {
                Next::Block { start, end, .. } => end - start,
                Next::Chunk { index } => self.queues[queue].chunk_left(index),
            };
            self.plan.push(Piece::Class { queue, next });
            turns.spend(queue, length);
            ready[queue] = self.queues[queue].has_next(&cursors[queue]);
        }
    }
}

/// Places of a vectored write.
fn places_of(next: Next) -> usize {
    match next {
        Next::Block { .. } => 2,
        Next::Chunk { .. } => 3,
    }
}
