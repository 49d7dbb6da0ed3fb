//! The queue under a cell: linked blocks, many producers, one consumer, an exact bound.
//!
//! *Reserving.* A producer moves the tail word by compare-and-swap, which checks in one step that
//! the queue is open and has room, gives it its index, and clears IDLE. It then writes the
//! slot and its stamp. The consumer reads slots in order of index and waits for the stamp.
//!
//! *Blocks.* Message `i` lies in block `i / SLOTS`. The producer that reserves the first slot
//! of a block sets INSTALLING in the same step; it alone then links the block behind the
//! last one, makes it the tail block, and clears the flag. The tail block changes only
//! under INSTALLING. So a producer that loads the tail word without that flag, then the tail
//! block, and then succeeds in its compare-and-swap has the right block: the word has not
//! changed in between, and never returns to an earlier index.
//!
//! *Recycling.* A block is touched by (a) the producers of its slots, each last when it stores
//! its stamp, (b) the installer of the next block, last when it stores `next`, (c) the
//! consumer. The consumer leaves a block after it has seen all stamps and `next`; from then on
//! no one else touches it, and it goes to the spares or is freed. Producers that only hold the
//! pointer do not follow it, because their compare-and-swap fails.
//!
//! Spares are a stack (Treiber, 1986). The consumer alone pushes; who has set INSTALLING alone pops, so that
//! no other thread takes away or brings back the block that a pop looks at.
//!
//! *Room.* Only the consumer moves `limit`, the index that may not be reserved any more.
//!
//! How the consumer is woken is told in `wake`, and how senders wait for room in `line`.

mod line;
mod wake;

use std::{
    mem::MaybeUninit,
    ptr::{self, NonNull},
    task::Waker,
};

use self::line::Rare;
pub(crate) use self::line::Wait;
use crate::{
    block::{Block, OwnedBlock},
    capacity::Capacity,
    lazy::Lazy,
    sync::{AtomicBool, AtomicPtr, AtomicU8, AtomicU64, Backoff, Ordering, UnsafeCell},
    word::Tail,
};

/// Producers write the first part, the consumer the second: in different cache lines, whatever
/// the allocation's alignment. To align the cell to lines would cost 48 bytes more.
#[repr(C)]
pub(crate) struct Queue<T> {
    tail: AtomicU64,
    /// The block of the last index reserved; null before the first message.
    tail_block: AtomicPtr<Block<T>>,
    /// The consumer's waker, there while SET is in `state`.
    waker: UnsafeCell<MaybeUninit<Waker>>,
    /// How many wakes through `waker` have ended, or fewer.
    woken: AtomicU64,
    /// Allocated when a sender first waits, or when the waker changes at a bad time.
    rare: Lazy<Rare>,
    /// The first block, for the consumer's first step.
    first: AtomicPtr<Block<T>>,
    /// Used blocks for the next installers, linked.
    spare: AtomicPtr<Block<T>>,
    /// The first index that has no room, as a [`Tail`].
    limit: AtomicU64,
    capacity: Capacity,
    /// Of the waker and the interrupt; see `wake`.
    state: AtomicU8,
    /// Whether somebody waits for room.
    waiting: AtomicBool,
    /// How many blocks are in `spare`.
    spares: AtomicU8,
}

/// Used blocks that are kept: a burst of half the usual capacity needs no allocator. At 1 KiB each this is
/// what a once busy actor holds on to until it hibernates.
const SPARES_MAX: u8 = if cfg!(loom) { 1 } else { 16 };

#[cfg(not(loom))]
const _: () = assert!(std::mem::offset_of!(Queue<u64>, limit) >= 64, "one cache line apart");

/// Whether a reservation heeds the bound.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    Heed,
    Ignore,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Full,
    Closed,
}

/// Consecutive slots of one block, to be written by who reserved them.
#[must_use = "an unwritten slot stops the consumer"]
pub(crate) struct Run<T> {
    block: *mut Block<T>,
    pub(crate) index: u64,
    pub(crate) len: u64,
    /// The consumer is parked: [`Queue::wake`] it after the writes, once.
    pub(crate) wakes: bool,
}

impl<T> Run<T> {
    /// # Safety
    /// `index` is one of this run, and is written once.
    #[inline]
    pub(crate) unsafe fn write(&self, index: u64, message: T) {
        // SAFETY: the consumer keeps the block until this slot's stamp is set.
        unsafe { Block::slot(self.block, index).write(index, message) };
    }
}

impl<T> Queue<T> {
    pub(crate) fn new(capacity: Capacity) -> Self {
        Self {
            tail: AtomicU64::new(0),
            tail_block: AtomicPtr::new(ptr::null_mut()),
            waker: UnsafeCell::new(MaybeUninit::uninit()),
            woken: AtomicU64::new(0),
            rare: Lazy::new(),
            first: AtomicPtr::new(ptr::null_mut()),
            spare: AtomicPtr::new(ptr::null_mut()),
            limit: AtomicU64::new(Tail::at(capacity.messages().into()).0),
            capacity,
            state: AtomicU8::new(0),
            waiting: AtomicBool::new(false),
            spares: AtomicU8::new(0),
        }
    }

    #[inline]
    pub(crate) fn capacity(&self) -> Capacity {
        self.capacity
    }

    #[inline]
    pub(crate) fn tail(&self) -> Tail {
        Tail(self.tail.load(Ordering::Acquire))
    }

    fn limit(&self) -> Tail {
        Tail(self.limit.load(Ordering::Acquire))
    }

    /// Messages reserved and not yet published as taken.
    pub(crate) fn len(&self) -> u64 {
        let limit = self.limit().index();
        (self.tail().index() + u64::from(self.capacity.messages())).saturating_sub(limit)
    }

    // Producers.

    /// Reserves one slot.
    #[inline]
    pub(crate) fn reserve_one(&self, bound: Bound) -> Result<Run<T>, Refusal> {
        let tail = self.tail();
        let index = tail.index();
        if !tail.is(Tail::CLOSED | Tail::INSTALLING)
            && !index.is_multiple_of(Block::<T>::SLOTS)
            && self.admits(tail, bound)
        {
            let block = self.tail_block.load(Ordering::Relaxed);
            if self.try_move(tail, Tail::at(index + 1)).is_ok() {
                return Ok(Run { block, index, len: 1, wakes: tail.is(Tail::IDLE) });
            }
        }
        self.reserve(1, bound)
    }

    /// Reserves up to `want` slots, not beyond the end of a block.
    pub(crate) fn reserve(&self, want: u64, bound: Bound) -> Result<Run<T>, Refusal> {
        let mut tail = self.tail();
        let mut fresh = None;
        let mut backoff = Backoff::default();
        loop {
            if tail.is(Tail::CLOSED) {
                return Err(Refusal::Closed);
            }
            if tail.is(Tail::INSTALLING) {
                backoff.wait();
                tail = self.tail();
                continue;
            }
            if !self.admits(tail, bound) {
                return Err(Refusal::Full);
            }
            let index = tail.index();
            let offset = index % Block::<T>::SLOTS;
            let len = want.min(Block::<T>::SLOTS - offset);
            let mut next = Tail::at(index + len);
            if offset == 0 {
                next = next.with(Tail::INSTALLING);
                if fresh.is_none() && self.spare.load(Ordering::Relaxed).is_null() {
                    // Before the step that makes all others wait.
                    fresh = Some(OwnedBlock::new());
                }
            }
            let block = self.tail_block.load(Ordering::Relaxed);
            match self.try_move(tail, next) {
                Ok(()) => {
                    let block = if offset == 0 { self.install(fresh) } else { block };
                    return Ok(Run { block, index, len, wakes: tail.is(Tail::IDLE) });
                }
                Err(now) => tail = now,
            }
        }
    }

    #[inline]
    fn admits(&self, tail: Tail, bound: Bound) -> bool {
        bound == Bound::Ignore || tail < Tail(self.limit.load(Ordering::Relaxed))
    }

    #[inline]
    fn try_move(&self, tail: Tail, next: Tail) -> Result<(), Tail> {
        let (success, failure) = (Ordering::AcqRel, Ordering::Acquire);
        match self.tail.compare_exchange_weak(tail.0, next.0, success, failure) {
            Ok(_) => Ok(()),
            Err(now) => Err(Tail(now)),
        }
    }

    /// Makes another block the tail block. Only by the thread that has set INSTALLING.
    fn install(&self, fresh: Option<OwnedBlock<T>>) -> *mut Block<T> {
        let block = self.pop_spare().or(fresh).unwrap_or_else(OwnedBlock::new).into_raw();
        let last = self.tail_block.load(Ordering::Relaxed);
        let link = if last.is_null() {
            &self.first
        } else {
            // SAFETY: the consumer keeps the last block until it has a successor.
            unsafe { &(*last).next }
        };
        link.store(block, Ordering::Release);
        self.tail_block.store(block, Ordering::Relaxed);
        self.tail.fetch_and(!Tail::INSTALLING, Ordering::Release);
        block
    }

    /// Only by the thread that has set INSTALLING.
    fn pop_spare(&self) -> Option<OwnedBlock<T>> {
        let mut top = self.spare.load(Ordering::Acquire);
        loop {
            let block = NonNull::new(top)?;
            // SAFETY: no one else takes it out.
            let next = unsafe { &block.as_ref().next };
            let below = next.load(Ordering::Relaxed);
            let (success, failure) = (Ordering::Acquire, Ordering::Acquire);
            match self.spare.compare_exchange_weak(top, below, success, failure) {
                Ok(_) => {
                    next.store(ptr::null_mut(), Ordering::Relaxed);
                    self.spares.fetch_sub(1, Ordering::Relaxed);
                    // SAFETY: the consumer put it there when no one used it, and now it is ours.
                    return Some(unsafe { OwnedBlock::from_raw(block) });
                }
                Err(now) => top = now,
            }
        }
    }

    // The consumer.

    /// The block behind `block`, or the first.
    ///
    /// # Safety
    /// By the consumer; `block` is the one it is at.
    pub(crate) unsafe fn block_after(&self, block: *mut Block<T>) -> *mut Block<T> {
        if block.is_null() {
            return self.first.load(Ordering::Acquire);
        }
        // SAFETY: the consumer has not yet left this block.
        unsafe { (*block).next.load(Ordering::Acquire) }
    }

    /// Puts a block aside for reuse.
    ///
    /// # Safety
    /// By the consumer, which has taken all messages of the block and seen its successor.
    pub(crate) unsafe fn recycle(&self, block: NonNull<Block<T>>) {
        // SAFETY: no one else touches the block any more.
        let owned = unsafe { OwnedBlock::from_raw(block) };
        if self.spares.load(Ordering::Relaxed) >= SPARES_MAX {
            return;
        }
        self.spares.fetch_add(1, Ordering::Relaxed);
        let block = owned.into_raw();
        let mut top = self.spare.load(Ordering::Relaxed);
        loop {
            // SAFETY: it is still ours.
            unsafe { &(*block).next }.store(top, Ordering::Relaxed);
            let (success, failure) = (Ordering::Release, Ordering::Relaxed);
            match self.spare.compare_exchange_weak(top, block, success, failure) {
                Ok(_) => return,
                Err(now) => top = now,
            }
        }
    }

    /// Frees the spares.
    ///
    /// # Safety
    /// No one else can be installing.
    unsafe fn free_spares(&self) {
        while let Some(spare) = self.pop_spare() {
            drop(spare);
        }
    }

    /// Frees the blocks of an empty queue. The index moves on to that of the next block's first
    /// slot, which is returned: the consumer goes on there, without a block. `None` if a message was
    /// reserved meanwhile, or there is no block.
    ///
    /// It takes the part of a producer that installs: under INSTALLING no other thread looks at
    /// the blocks, and no index that was used returns with another block.
    ///
    /// # Safety
    /// By the consumer, which is at index `head` in `block`, or behind its last slot.
    pub(crate) unsafe fn hibernate(&self, head: u64, block: *mut Block<T>) -> Option<u64> {
        let block = NonNull::new(block)?;
        let tail = self.tail();
        if tail.index() != head || tail.is(Tail::INSTALLING) {
            return None;
        }
        let next = head.next_multiple_of(Block::<T>::SLOTS);
        let parked = if tail.is(Tail::IDLE) { Tail::IDLE } else { 0 };
        let moved = Tail::at(next).with(parked);
        let (success, failure) = (Ordering::AcqRel, Ordering::Relaxed);
        let installing = moved.with(Tail::INSTALLING);
        self.tail.compare_exchange(tail.0, installing.0, success, failure).ok()?;
        self.first.store(ptr::null_mut(), Ordering::Relaxed);
        self.tail_block.store(ptr::null_mut(), Ordering::Relaxed);
        let capacity = u64::from(self.capacity.messages());
        self.limit.store(Tail::at(next + capacity).0, Ordering::Relaxed);
        // SAFETY: this thread has set INSTALLING.
        unsafe { self.free_spares() };
        self.tail.store(moved.0, Ordering::Release);
        // SAFETY: all its messages were taken, and no one finds it any more.
        drop(unsafe { OwnedBlock::from_raw(block) });
        Some(next)
    }

    /// Refuses all further messages and lets all waiters go. Returns the tail before, with the
    /// index behind the last message accepted. Repeated, it does no more.
    ///
    /// # Safety
    /// By the consumer.
    pub(crate) unsafe fn close(&self) -> Tail {
        let tail = Tail(self.tail.fetch_or(Tail::CLOSED, Ordering::AcqRel));
        if !tail.is(Tail::CLOSED) {
            self.wake_all_waiting();
        }
        tail
    }

    /// Frees the last block and the spares.
    ///
    /// # Safety
    /// By the consumer, which has closed the queue and taken all messages.
    pub(crate) unsafe fn free(&self, last: *mut Block<T>) {
        // SAFETY: each installer has written its message after it installed.
        unsafe { self.free_spares() };
        if let Some(block) = NonNull::new(last) {
            // SAFETY: all slots are stamped, so no producer touches the block any more.
            drop(unsafe { OwnedBlock::from_raw(block) });
        }
    }
}
