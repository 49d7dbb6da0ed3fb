//! The senders that wait for room, first come first served.

use std::{collections::BTreeMap, task::Waker};

/// A waiter's place in the line; it keeps it when it was woken in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// Wakers are taken out this many at a time and called outside the lock.
const WAKE_BATCH: usize = 16;

/// The line. A ticket that is not in it has been woken.
#[derive(Default)]
pub(crate) struct Waiters {
    line: BTreeMap<Ticket, Waker>,
    next: u64,
}

impl Waiters {
    pub(crate) fn ticket(&mut self) -> Ticket {
        self.next += 1;
        Ticket(self.next)
    }

    /// Enters the line at the ticket's place, or renews the waker there. Returns a waker that
    /// is no longer needed, to be dropped outside the lock.
    pub(crate) fn enter(&mut self, ticket: Ticket, waker: &Waker) -> Option<Waker> {
        match self.line.get_mut(&ticket) {
            Some(known) if known.will_wake(waker) => None,
            Some(known) => Some(std::mem::replace(known, waker.clone())),
            None => self.line.insert(ticket, waker.clone()),
        }
    }

    /// Leaves the line; `None` if the ticket had been woken.
    pub(crate) fn leave(&mut self, ticket: Ticket) -> Option<Waker> {
        self.line.remove(&ticket)
    }

    /// Takes out the first `count` waiters, at most a batch.
    pub(crate) fn take(&mut self, count: u64) -> WakeBatch {
        let mut batch = WakeBatch::default();
        while (batch.len as u64) < count && batch.len < WAKE_BATCH {
            let Some((_, waker)) = self.line.pop_first() else {
                break;
            };
            batch.wakers[batch.len] = Some(waker);
            batch.len += 1;
        }
        batch
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }
}

/// Wakers to be called outside the lock.
#[derive(Default)]
pub(crate) struct WakeBatch {
    wakers: [Option<Waker>; WAKE_BATCH],
    len: usize,
}

impl WakeBatch {
    /// How many it woke.
    pub(crate) fn wake(self) -> u64 {
        for waker in self.wakers.into_iter().flatten() {
            waker.wake();
        }
        self.len as u64
    }
}
