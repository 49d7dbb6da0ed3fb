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
//! no one else touches it, and it goes to `spare` or is freed. Producers that only hold the
//! pointer do not follow it, because their compare-and-swap fails.
//!
//! *Parking.* The consumer parks by setting IDLE in a tail word that equals its own index, its
//! waker in `parked` beforehand. The producer that clears IDLE takes the waker out *before* it
//! stamps its message and wakes after. It has the index at which the consumer parked; thus
//! once the consumer has taken that message, `parked` is free again.

use std::{
    mem::MaybeUninit,
    ptr::{self, NonNull},
    task::Waker,
};

use crate::{
    block::{Block, OwnedBlock},
    capacity::Capacity,
    lazy::Lazy,
    sync::{AtomicPtr, AtomicU64, Backoff, Mutex, Ordering, UnsafeCell, lock},
    waiters::{Ticket, Waiters},
    word::{Head, Tail},
};

/// Producers write the first part, the consumer the second: in different cache lines, whatever
/// the allocation's alignment. To align the cell to lines would cost 48 bytes more.
#[repr(C)]
pub(crate) struct Queue<T> {
    tail: AtomicU64,
    /// The block of the last index reserved; null before the first message.
    tail_block: AtomicPtr<Block<T>>,
    /// The parked consumer's waker: present while IDLE is set, owned by who clears it.
    parked: UnsafeCell<MaybeUninit<Waker>>,
    /// Allocated when a sender first waits.
    waiters: Lazy<Mutex<Waiters>>,
    /// The first block, for the consumer's first step.
    first: AtomicPtr<Block<T>>,
    capacity: Capacity,
    _apart: u64,
    head: AtomicU64,
    /// A used block for the next installer. Only the consumer puts one in.
    spare: AtomicPtr<Block<T>>,
}

#[cfg(not(loom))]
const _: () = assert!(std::mem::offset_of!(Queue<u64>, head) >= 64, "one cache line apart");

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
    /// To be woken after the writes.
    pub(crate) waker: Option<Waker>,
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

/// What came of a sender's wish to wait for room.
pub(crate) enum Wait {
    Queued(Ticket),
    /// There is room now, or the queue has closed: try again.
    Retry(Ticket),
}

impl<T> Queue<T> {
    pub(crate) fn new(capacity: Capacity) -> Self {
        Self {
            tail: AtomicU64::new(0),
            tail_block: AtomicPtr::new(ptr::null_mut()),
            parked: UnsafeCell::new(MaybeUninit::uninit()),
            waiters: Lazy::new(),
            first: AtomicPtr::new(ptr::null_mut()),
            capacity,
            _apart: 0,
            head: AtomicU64::new(0),
            spare: AtomicPtr::new(ptr::null_mut()),
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

    /// Messages between `head` and `tail`. The tail may have been read before the head and lie
    /// behind it.
    #[inline]
    fn used(tail: Tail, head: Head) -> u64 {
        tail.index().saturating_sub(head.index())
    }

    #[inline]
    fn has_room(&self, tail: Tail, head: Head) -> bool {
        Self::used(tail, head) < u64::from(self.capacity.messages())
    }

    /// Messages reserved and not yet published as taken.
    pub(crate) fn len(&self) -> u64 {
        let head = Head(self.head.load(Ordering::Acquire));
        Self::used(self.tail(), head)
    }

    // Producers.

    /// Reserves up to `want` slots, not beyond the end of a block.
    #[inline]
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
            let head = Head(self.head.load(Ordering::Relaxed));
            if bound == Bound::Heed && !self.has_room(tail, head) {
                return Err(Refusal::Full);
            }
            let index = tail.index();
            let offset = index % Block::<T>::SLOTS;
            let len = want.min(Block::<T>::SLOTS - offset);
            let mut next = Tail::at(index + len);
            let block = if offset == 0 {
                // Before the step that makes all others wait.
                let fresh = fresh.get_or_insert_with(|| self.spare_or_new());
                next = next.with(Tail::INSTALLING);
                fresh.as_ptr()
            } else {
                self.tail_block.load(Ordering::Relaxed)
            };
            match self.tail.compare_exchange_weak(
                tail.0,
                next.0,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => {
                    if offset == 0
                        && let Some(fresh) = fresh
                    {
                        self.install(fresh.into_raw());
                    }
                    // SAFETY: this thread cleared IDLE.
                    let waker = tail.is(Tail::IDLE).then(|| unsafe { self.take_parked() });
                    return Ok(Run { block, index, len, waker });
                }
                Err(now) => tail = Tail(now),
            }
        }
    }

    #[cold]
    fn spare_or_new(&self) -> OwnedBlock<T> {
        match NonNull::new(self.spare.swap(ptr::null_mut(), Ordering::Acquire)) {
            // SAFETY: the consumer put it there when no one used it; the swap made it ours.
            Some(spare) => unsafe { OwnedBlock::from_raw(spare) },
            None => OwnedBlock::new(),
        }
    }

    /// Only by the thread that has set INSTALLING.
    fn install(&self, block: *mut Block<T>) {
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
    }

    /// # Safety
    /// The caller has cleared IDLE, or has closed the queue while IDLE was set.
    unsafe fn take_parked(&self) -> Waker {
        // SAFETY: IDLE says that the waker is there, and who ends it owns it.
        self.parked.with(|waker| unsafe { (*waker).assume_init_read() })
    }

    // The consumer.

    /// The block behind `block`, or the first.
    ///
    /// # Safety
    /// By the consumer; `block` is the one it is at.
    #[inline]
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
        // No one but this thread makes `spare` non-null, so a null stays null.
        if self.spare.load(Ordering::Relaxed).is_null() {
            // SAFETY: as above.
            unsafe { block.as_ref() }.next.store(ptr::null_mut(), Ordering::Relaxed);
            self.spare.store(owned.into_raw(), Ordering::Release);
        }
    }

    /// Makes room for `count` more messages and wakes waiters if half of the queue is free.
    #[inline]
    pub(crate) fn publish(&self, count: u64) {
        let head = self.head.fetch_add(Head::step(count), Ordering::AcqRel);
        if Head(head).is(Head::WAITERS) {
            self.wake_waiters(Head(head + Head::step(count)));
        }
    }

    /// Parks the consumer at `index`; false if that message has been reserved.
    ///
    /// # Safety
    /// By the consumer, when it is not parked.
    pub(crate) unsafe fn park(&self, index: u64, waker: &Waker) -> bool {
        let empty = Tail::at(index);
        if self.tail() != empty {
            return false;
        }
        self.parked.with_mut(|parked| {
            // SAFETY: IDLE is not set. The producer that cleared it last took the waker before it
            // stamped its message; that one the consumer has taken, or the index would differ.
            unsafe { (*parked).write(waker.clone()) };
        });
        let idle = empty.with(Tail::IDLE);
        let parked =
            self.tail.compare_exchange(empty.0, idle.0, Ordering::AcqRel, Ordering::Relaxed);
        if parked.is_err() {
            // SAFETY: it was never offered.
            drop(unsafe { self.take_parked() });
        }
        parked.is_ok()
    }

    /// Takes the waker of [`Queue::park`] back, unless a producer has it.
    pub(crate) fn unpark(&self, index: u64) {
        let empty = Tail::at(index);
        let unparked = self.tail.compare_exchange(
            empty.with(Tail::IDLE).0,
            empty.0,
            Ordering::AcqRel,
            Ordering::Relaxed,
        );
        if unparked.is_ok() {
            // SAFETY: this thread cleared IDLE.
            drop(unsafe { self.take_parked() });
        }
    }

    /// Refuses all further messages and lets all waiters go. Returns the index behind the last
    /// message accepted. Repeated, it does no more.
    ///
    /// # Safety
    /// By the consumer.
    pub(crate) unsafe fn close(&self) -> u64 {
        let tail = Tail(self.tail.fetch_or(Tail::CLOSED, Ordering::AcqRel));
        if tail.is(Tail::CLOSED) {
            return tail.index();
        }
        if tail.is(Tail::IDLE) {
            // SAFETY: no producer can clear IDLE any more.
            drop(unsafe { self.take_parked() });
        }
        let head = Head(self.head.fetch_or(Head::CLOSED, Ordering::AcqRel));
        if head.is(Head::WAITERS) {
            self.wake_up_to(u64::MAX);
        }
        tail.index()
    }

    /// Frees the last block and the spare one.
    ///
    /// # Safety
    /// By the consumer, which has closed the queue and taken all messages.
    pub(crate) unsafe fn free(&self, last: *mut Block<T>) {
        let spare = self.spare.swap(ptr::null_mut(), Ordering::Acquire);
        for block in [last, spare] {
            if let Some(block) = NonNull::new(block) {
                // SAFETY: all slots are stamped, so no producer touches the block any more.
                drop(unsafe { OwnedBlock::from_raw(block) });
            }
        }
    }

    // Waiting for room.

    #[cold]
    fn wake_waiters(&self, head: Head) {
        let capacity = u64::from(self.capacity.messages());
        let free = capacity.saturating_sub(Self::used(self.tail(), head));
        // A wake per message would cost more than the message.
        if free * 2 >= capacity {
            self.wake_up_to(free);
        }
    }

    fn wake_up_to(&self, mut count: u64) {
        let Some(waiters) = self.waiters.value() else {
            return;
        };
        loop {
            let mut line = lock(waiters);
            let batch = line.take(count);
            if line.is_empty() {
                self.head.fetch_and(!Head::WAITERS, Ordering::Relaxed);
            }
            let more = !line.is_empty();
            drop(line);
            count -= batch.wake();
            if !more || count == 0 {
                return;
            }
        }
    }

    /// Enters the line of waiters. The consumer moves the head word and then looks at WAITERS;
    /// this sets WAITERS and then looks at the head: one of the two sees the other.
    pub(crate) fn wait(&self, ticket: Option<Ticket>, waker: &Waker) -> Wait {
        let mut line = lock(self.waiters.value_or_default());
        let ticket = ticket.unwrap_or_else(|| line.ticket());
        let renewed = line.enter(ticket, waker);
        let head = Head(self.head.fetch_or(Head::WAITERS, Ordering::AcqRel));
        let retry = head.is(Head::CLOSED) || self.has_room(self.tail(), head);
        let left = if retry { line.leave(ticket) } else { None };
        // Wakers are dropped outside the lock: that is foreign code.
        drop(line);
        drop((renewed, left));
        if retry { Wait::Retry(ticket) } else { Wait::Queued(ticket) }
    }

    /// Leaves the line. Returns whether the ticket had been woken.
    pub(crate) fn leave(&self, ticket: Ticket) -> bool {
        let waker = self.waiters.value().and_then(|waiters| lock(waiters).leave(ticket));
        waker.is_none()
    }

    /// Hands a wake that was not used to the next in line.
    pub(crate) fn pass_on(&self) {
        self.wake_up_to(1);
    }
}
