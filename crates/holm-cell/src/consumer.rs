//! `Consumer`: the one reader of a cell.

use std::{
    fmt, ptr,
    ptr::NonNull,
    task::{Context, Poll, Waker},
};

use crate::{
    block::Block,
    cell::Cell,
    sync::{Arc, Backoff},
    word::Tail,
};

/// Messages taken before their room is made visible, at most: a fenced write of a line
/// that producers read costs about as much as two messages.
const PUBLISH_EVERY_MAX: u32 = 64;
/// ... and at most this share of the capacity, so that a small inbox keeps its producers busy.
const PUBLISH_SHARE: u32 = 4;

/// The right to take messages out of a [`Cell`]; there is one per cell. Dropped, it closes the
/// cell and drops all messages in it.
pub struct Consumer<T, H> {
    cell: Arc<Cell<T, H>>,
    /// The next index to take.
    head: u64,
    /// The block of index `head - 1`; null before the first message.
    block: *mut Block<T>,
    /// How often a producer has ended the parking, or is going to if this is parked.
    begun: u64,
    /// How many messages may be taken before their room is published.
    until_publish: u8,
    /// Parked at index `head`, or the producer of this very message is going to wake.
    parked: bool,
}

// SAFETY: messages are moved to the thread that takes them, hence T: Send; the pointer is to a
// block that only this consumer frees.
unsafe impl<T: Send, H: Send + Sync> Send for Consumer<T, H> {}
// SAFETY: what a shared reference gives access to is the cell, plain numbers, and the stamp of
// the next slot; never a message.
unsafe impl<T: Send, H: Send + Sync> Sync for Consumer<T, H> {}

fn publish_every<T, H>(cell: &Cell<T, H>) -> u8 {
    (cell.capacity().messages() / PUBLISH_SHARE).clamp(1, PUBLISH_EVERY_MAX) as u8
}

impl<T, H> Consumer<T, H> {
    pub(crate) fn new(cell: Arc<Cell<T, H>>) -> Self {
        let until_publish = publish_every(&cell);
        Self { cell, head: 0, block: ptr::null_mut(), begun: 0, until_publish, parked: false }
    }

    /// The cell it takes from.
    #[inline]
    pub fn cell(&self) -> &Arc<Cell<T, H>> {
        &self.cell
    }

    /// Takes the next message. `None` if there is none, or its sender has not finished
    /// writing it, which [`Consumer::poll_ready`] waits for.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        let head = self.head;
        if head.is_multiple_of(Block::<T>::SLOTS) && !self.enter_block() {
            return None;
        }
        // SAFETY: only this consumer frees blocks, and this is the one of `head`.
        let slot = unsafe { Block::slot(self.block, head) };
        if !slot.holds(head) {
            return None;
        }
        // SAFETY: the stamp is there; `head` moves on, so it is read once.
        let message = unsafe { slot.read() };
        self.head = head + 1;
        self.parked = false;
        self.until_publish -= 1;
        if self.until_publish == 0 {
            self.publish_all();
        }
        Some(message)
    }

    /// The next message, which stays in the queue. `None` where [`Consumer::pop`] gives that.
    #[inline]
    pub fn peek(&self) -> Option<&T> {
        let block = self.next_block()?;
        // SAFETY: the stamp is there, and the message is not taken while `self` is borrowed.
        Some(unsafe { Block::slot(block, self.head).peek() })
    }

    /// Moves on to the block of index `head`, its first, if that message can be taken.
    #[cold]
    fn enter_block(&mut self) -> bool {
        let Some(next) = self.next_block() else {
            return false;
        };
        if let Some(left) = NonNull::new(std::mem::replace(&mut self.block, next)) {
            // SAFETY: all its messages were taken, and `next` is its successor.
            unsafe { self.cell.queue.recycle(left) };
        }
        true
    }

    /// The block of index `head`, if that message can be taken.
    #[inline]
    fn next_block(&self) -> Option<*mut Block<T>> {
        let mut block = self.block;
        if self.head.is_multiple_of(Block::<T>::SLOTS) {
            // SAFETY: this is the consumer, at this block.
            block = unsafe { self.cell.queue.block_after(block) };
            if block.is_null() {
                return None;
            }
        }
        // SAFETY: only this consumer frees blocks, and not this one before it has left it.
        unsafe { Block::slot(block, self.head) }.holds(self.head).then_some(block)
    }

    /// Waits until a message can be taken or an interrupt is pending.
    ///
    /// Publishes before it waits. Cancel-safe. After a `Pending`, a message wakes the task once
    /// per burst. The waker may differ from call to call; the same one each time is quickest.
    #[inline]
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.next_block().is_some() || self.is_interrupted() {
            return Poll::Ready(());
        }
        self.poll_park(cx)
    }

    fn poll_park(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.register(cx.waker()) && self.is_interrupted() {
            return Poll::Ready(());
        }
        if self.parked {
            return Poll::Pending;
        }
        self.until_publish = publish_every(&self.cell);
        self.parked = self.cell.queue.park(self.head);
        if self.parked {
            self.begun += 1;
            return Poll::Pending;
        }
        self.poll_unwritten(cx)
    }

    /// Has interrupts wake this task from now on, whatever it waits for. Without it they do so
    /// only once the task has waited in [`Consumer::poll_ready`]. An earlier interrupt wakes no
    /// one: look at [`Consumer::is_interrupted`] after this.
    pub fn watch_interrupts(&mut self, cx: &Context<'_>) {
        self.register(cx.waker());
    }

    /// Sets the task's waker; whether it was another one before.
    #[inline]
    fn register(&mut self, waker: &Waker) -> bool {
        let changes = !self.cell.queue.has_waker(waker);
        if changes {
            self.replace_waker(waker);
        }
        changes
    }

    #[cold]
    fn replace_waker(&mut self, waker: &Waker) {
        if std::mem::take(&mut self.parked) && self.cell.queue.unpark(self.head) {
            self.begun -= 1;
        }
        // SAFETY: by the consumer, not parked any more.
        unsafe { self.cell.queue.set_waker(waker, self.begun) };
    }

    /// The next message is reserved and about to be written, by a producer that will not wake
    /// this task.
    fn poll_unwritten(&self, cx: &Context<'_>) -> Poll<()> {
        let mut backoff = Backoff::default();
        loop {
            if self.next_block().is_some() {
                return Poll::Ready(());
            }
            if !backoff.spin() {
                // The producer has lost its core: let other tasks run.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    /// Makes the room of all messages taken visible to senders. [`Consumer::pop`] does so now
    /// and then by itself; call it before a long pause that is not `poll_ready`'s.
    #[inline]
    pub fn publish(&mut self) {
        if self.until_publish < publish_every(&self.cell) {
            self.publish_all();
        }
    }

    /// As [`Consumer::publish`], and wakes waiting senders for all the room there is, be it less than
    /// half: for a consumer that is going to wait for something that one of them may have to do first.
    #[inline]
    pub fn offer_room(&mut self) {
        if self.until_publish < publish_every(&self.cell) || self.cell.queue.is_awaited() {
            self.offer_all();
        }
    }

    #[cold]
    fn offer_all(&mut self) {
        self.until_publish = publish_every(&self.cell);
        self.cell.queue.offer_room(self.head);
    }

    #[cold]
    fn publish_all(&mut self) {
        self.until_publish = publish_every(&self.cell);
        self.cell.queue.publish(self.head);
    }

    /// Gives up the memory of an empty queue, for a consumer that will wait for long. The next
    /// message allocates anew. Nothing happens if a message is there or about to be.
    pub fn hibernate(&mut self) {
        // SAFETY: by the consumer, at this index and block.
        if let Some(head) = unsafe { self.cell.queue.hibernate(self.head, self.block) } {
            self.head = head;
            self.block = ptr::null_mut();
            self.until_publish = publish_every(&self.cell);
        }
    }

    /// Whether an interrupt is pending: a plain load.
    #[inline]
    pub fn is_interrupted(&self) -> bool {
        self.cell.queue.is_interrupted()
    }

    /// Ends a pending interrupt; whether there was one.
    #[inline]
    pub fn take_interrupt(&mut self) -> bool {
        self.cell.queue.take_interrupt()
    }

    /// Messages accepted and not taken.
    pub fn len(&self) -> usize {
        self.cell.queue.tail().index().saturating_sub(self.head) as usize
    }

    /// Whether [`Consumer::len`] is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Closes the cell: senders get their messages back, waiting ones too. What had been
    /// accepted before comes out of the drain.
    pub fn close(mut self) -> Drain<T, H> {
        let end = self.shut();
        Drain { consumer: self, end }
    }

    /// Returns the index behind the last message. Harmless when repeated.
    fn shut(&mut self) -> u64 {
        // SAFETY: by the consumer.
        let tail = unsafe { self.cell.queue.close() };
        if tail.is(Tail::IDLE) && !tail.is(Tail::CLOSED) {
            // No producer will end this parking.
            self.begun -= 1;
        }
        // SAFETY: by the consumer, which no one can wake any more.
        unsafe { self.cell.queue.forget_waker(self.begun) };
        tail.index()
    }

    /// The next message of a closed queue; waits for the last senders to finish writing.
    fn pop_until(&mut self, end: u64) -> Option<T> {
        let mut backoff = Backoff::default();
        while self.head < end {
            if let Some(message) = self.pop() {
                return Some(message);
            }
            backoff.wait();
        }
        None
    }
}

impl<T, H> Drop for Consumer<T, H> {
    fn drop(&mut self) {
        /// Drops the messages, then frees the blocks, also when a message's drop panics.
        struct Finish<'a, T, H>(&'a mut Consumer<T, H>, u64);

        impl<T, H> Drop for Finish<'_, T, H> {
            fn drop(&mut self) {
                while self.0.pop_until(self.1).is_some() {}
                // SAFETY: closed, and all messages taken.
                unsafe { self.0.cell.queue.free(self.0.block) };
            }
        }

        let end = self.shut();
        let finish = Finish(self, end);
        while finish.0.pop_until(end).is_some() {}
    }
}

impl<T, H> fmt::Debug for Consumer<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// The messages that a closed cell had accepted, in order. Dropped, it drops the rest.
///
/// It never waits but for senders in the middle of writing a message.
#[derive(Debug)]
pub struct Drain<T, H> {
    consumer: Consumer<T, H>,
    end: u64,
}

impl<T, H> Iterator for Drain<T, H> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.consumer.pop_until(self.end)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let rest = (self.end - self.consumer.head) as usize;
        (rest, Some(rest))
    }
}

impl<T, H> ExactSizeIterator for Drain<T, H> {}
