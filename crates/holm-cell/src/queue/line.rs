//! Room: how the consumer makes it known, and how senders wait for it.
//!
//! A sender enters the line, sets `waiting`, and looks at the limit and the tail once more; the
//! consumer moves the limit or closes the tail, and then looks at `waiting`. Both do it with a
//! sequentially consistent fence between, so one of the two sees the other.
//!
//! Parking moves the limit without either step. At that time the queue is empty, and less than a
//! quarter of the capacity was not published: the last `publish` found half free and served the
//! line, and who entered later had room.

use std::task::Waker;

use super::Queue;
use crate::{
    sync::{Mutex, Ordering, fence, lock},
    waiters::{Ticket, Waiters},
    word::Tail,
};

/// What most cells never need.
#[derive(Default)]
pub(super) struct Rare {
    waiters: Mutex<Waiters>,
    /// The consumer's waker while CHANGED is in `state`.
    pub(super) waker: Mutex<Option<Waker>>,
}

/// What came of a sender's wish to wait for room.
pub(crate) enum Wait {
    Queued(Ticket),
    /// There is room now, or the queue has closed: try again.
    Retry(Ticket),
}

impl<T> Queue<T> {
    /// By the consumer: all messages before `head` are taken. Wakes waiters if half of the queue
    /// is free: a wake per message would cost more than the message.
    pub(crate) fn publish(&self, head: u64) {
        self.publish_from(head, u64::from(self.capacity.messages()).div_ceil(2));
    }

    /// As [`publish`](Self::publish), but wakes waiters for whatever room there is.
    pub(crate) fn offer_room(&self, head: u64) {
        self.publish_from(head, 1);
    }

    /// Whether somebody waits for room.
    #[inline]
    pub(crate) fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Wakes waiters if there is as much room as `least`.
    fn publish_from(&self, head: u64, least: u64) {
        self.set_limit(head);
        fence(Ordering::SeqCst);
        if self.is_awaited() {
            self.wake_if_free(least);
        }
    }

    #[inline]
    pub(super) fn set_limit(&self, head: u64) {
        let limit = Tail::at(head + u64::from(self.capacity.messages()));
        self.limit.store(limit.0, Ordering::Release);
    }

    #[cold]
    fn wake_if_free(&self, least: u64) {
        let free = self.limit().index().saturating_sub(self.tail().index());
        if free >= least {
            self.wake_up_to(free);
        }
    }

    pub(super) fn wake_all_waiting(&self) {
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::Relaxed) {
            self.wake_up_to(u64::MAX);
        }
    }

    fn wake_up_to(&self, mut count: u64) {
        let Some(rare) = self.rare.value() else {
            return;
        };
        loop {
            let mut line = lock(&rare.waiters);
            let batch = line.take(count);
            let more = !line.is_empty();
            if !more {
                self.waiting.store(false, Ordering::Relaxed);
            }
            drop(line);
            count -= batch.wake();
            if !more || count == 0 {
                return;
            }
        }
    }

    /// Enters the line of waiters.
    pub(crate) fn wait(&self, ticket: Option<Ticket>, waker: &Waker) -> Wait {
        let mut line = lock(&self.rare.value_or_default().waiters);
        let ticket = ticket.unwrap_or_else(|| line.ticket());
        let renewed = line.enter(ticket, waker);
        self.waiting.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let tail = self.tail();
        let retry = tail.is(Tail::CLOSED) || tail < self.limit();
        let left = if retry { line.leave(ticket) } else { None };
        // Wakers are dropped outside the lock: that is foreign code.
        drop(line);
        drop((renewed, left));
        if retry { Wait::Retry(ticket) } else { Wait::Queued(ticket) }
    }

    /// Leaves the line. Returns whether the ticket had been woken.
    pub(crate) fn leave(&self, ticket: Ticket) -> bool {
        let waker = self.rare.value().and_then(|rare| lock(&rare.waiters).leave(ticket));
        waker.is_none()
    }

    /// Hands a wake that was not used to the next in line.
    pub(crate) fn pass_on(&self) {
        self.wake_up_to(1);
    }
}
