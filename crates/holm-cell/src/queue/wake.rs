//! The consumer's waker: registered once, woken by reference when a message finds the consumer
//! parked, or at any time by an interrupt.
//!
//! *Parking.* The consumer parks by setting IDLE in a tail word that equals its own index. The
//! producer that clears IDLE wakes it, after it has stamped its message. Neither clones a waker:
//! a park and a wake cost one compare-and-swap each.
//!
//! *Changing the waker.* Such a producer may still be at it long after the consumer has taken the
//! message. So the consumer counts the wakes begun, and producers in `woken` those that have
//! ended, with a load and a store: two at once may count one, but no count is ever too high. When
//! both are equal, no producer uses the waker, and the consumer may replace it. When they are
//! not, the waker stays until the cell is dropped, and the new one goes to a lock in `rare`, where
//! CHANGED sends producers from then on.
//!
//! *Interrupts* are rare, so they hold LOCKED while they clone the waker, and the consumer holds
//! it while it replaces the waker. All flags are in one word, and both sides change it in one
//! step: either the interrupt finds the new waker, or the consumer, which looks after it has
//! registered, finds the interrupt.

use std::task::Waker;

use super::Queue;
use crate::{
    sync::{AtomicU8, Backoff, Ordering, lock},
    word::Tail,
};

/// An interrupt has not been taken.
const PENDING: u8 = 1;
/// `waker` is there. Only the consumer sets and clears it.
const SET: u8 = 1 << 1;
/// The waker to call is the one in `rare`. Set for good, by the consumer.
const CHANGED: u8 = 1 << 2;
/// An interrupt is cloning `waker`, or the consumer is replacing it.
const LOCKED: u8 = 1 << 3;

/// LOCKED, until dropped.
struct Held<'a> {
    state: &'a AtomicU8,
    /// The flags before.
    was: u8,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.state.fetch_and(!LOCKED, Ordering::Release);
    }
}

impl<T> Queue<T> {
    fn flags(&self) -> u8 {
        self.state.load(Ordering::Acquire)
    }

    /// Sets LOCKED, together with `flag`.
    fn hold(&self, flag: u8) -> Held<'_> {
        let mut backoff = Backoff::default();
        loop {
            let was = self.flags();
            if was & LOCKED != 0 {
                backoff.wait();
                continue;
            }
            let held = was | LOCKED | flag;
            let (success, failure) = (Ordering::AcqRel, Ordering::Relaxed);
            if self.state.compare_exchange_weak(was, held, success, failure).is_ok() {
                return Held { state: &self.state, was };
            }
        }
    }

    // Producers.

    /// Wakes the consumer.
    ///
    /// # Safety
    /// Once for each time that the caller has cleared IDLE.
    #[inline]
    pub(crate) unsafe fn wake(&self) {
        if self.flags() & CHANGED == 0 {
            // SAFETY: the consumer set the waker before IDLE, and leaves it there while `woken`
            // does not count this wake.
            self.waker.with(|waker| unsafe { (*waker).assume_init_ref() }.wake_by_ref());
        } else {
            self.wake_changed();
        }
        // If waking panics, this wake stays uncounted, which is safe.
        let woken = self.woken.load(Ordering::Acquire);
        self.woken.store(woken + 1, Ordering::Release);
    }

    #[cold]
    fn wake_changed(&self) {
        if let Some(waker) = self.changed_waker() {
            waker.wake();
        }
    }

    fn changed_waker(&self) -> Option<Waker> {
        lock(&self.rare.value()?.waker).clone()
    }

    /// Sets the interrupt, then wakes the consumer whatever it waits for.
    pub(crate) fn interrupt(&self) {
        let held = self.hold(PENDING);
        let waker = if held.was & CHANGED != 0 {
            self.changed_waker()
        } else if held.was & SET != 0 {
            // SAFETY: SET says that it is there, LOCKED that it stays.
            self.waker.with(|waker| Some(unsafe { (*waker).assume_init_ref() }.clone()))
        } else {
            None
        };
        // To wake is foreign code.
        drop(held);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    // The consumer.

    #[inline]
    pub(crate) fn is_interrupted(&self) -> bool {
        self.flags() & PENDING != 0
    }

    pub(crate) fn take_interrupt(&self) -> bool {
        self.is_interrupted() && self.state.fetch_and(!PENDING, Ordering::AcqRel) & PENDING != 0
    }

    /// Parks the consumer at `head`, with the room of all messages before published; false if
    /// that message has been reserved.
    ///
    /// The caller is the consumer, has set its waker, and is not parked.
    #[inline]
    pub(crate) fn park(&self, head: u64) -> bool {
        self.set_limit(head);
        let empty = Tail::at(head);
        let idle = empty.with(Tail::IDLE);
        let (success, failure) = (Ordering::AcqRel, Ordering::Relaxed);
        self.tail.compare_exchange(empty.0, idle.0, success, failure).is_ok()
    }

    /// Ends the parking at `head`; false if a producer has done so, and wakes.
    pub(crate) fn unpark(&self, head: u64) -> bool {
        let empty = Tail::at(head);
        let idle = empty.with(Tail::IDLE);
        let (success, failure) = (Ordering::AcqRel, Ordering::Relaxed);
        self.tail.compare_exchange(idle.0, empty.0, success, failure).is_ok()
    }

    /// Whether the waker set is, in effect, this one. By the consumer.
    #[inline]
    pub(crate) fn has_waker(&self, waker: &Waker) -> bool {
        let flags = self.flags();
        if flags & CHANGED != 0 {
            return self.changed_waker().is_some_and(|set| set.will_wake(waker));
        }
        if flags & SET == 0 {
            return false;
        }
        // SAFETY: SET says that it is there, and only the consumer replaces it.
        self.waker.with(|set| unsafe { (*set).assume_init_ref() }.will_wake(waker))
    }

    /// Sets the waker, for parking and for interrupts.
    ///
    /// # Safety
    /// By the consumer, which is not parked; `begun` producers have ended its parking so far.
    pub(crate) unsafe fn set_waker(&self, waker: &Waker, begun: u64) {
        let new = waker.clone();
        let flags = self.flags();
        let in_use = flags & SET != 0 && self.woken.load(Ordering::Acquire) != begun;
        let old = if flags & CHANGED != 0 || in_use {
            let old = lock(&self.rare.value_or_default().waker).replace(new);
            self.state.fetch_or(CHANGED, Ordering::AcqRel);
            old
        } else {
            let held = self.hold(0);
            // SAFETY: SET says that it is there; no producer uses it, LOCKED keeps interrupts
            // away, and it is overwritten below.
            let old = (held.was & SET != 0).then(|| unsafe { self.read_waker() });
            // SAFETY: as above.
            self.waker.with_mut(|waker| unsafe {
                (*waker).write(new);
            });
            self.state.fetch_or(SET, Ordering::Relaxed);
            old
        };
        // Outside the locks: that is foreign code.
        drop(old);
    }

    /// Drops the wakers, after the queue was closed: all of them, unless a producer is just
    /// waking; then the first remains until the cell is dropped. Repeated, it does no more.
    ///
    /// # Safety
    /// As for [`Queue::set_waker`].
    pub(crate) unsafe fn forget_waker(&self, begun: u64) {
        let mut backoff = Backoff::default();
        let in_use = loop {
            let in_use = self.woken.load(Ordering::Acquire) != begun;
            if !in_use || !backoff.spin() {
                break in_use;
            }
        };
        let changed = self.rare.value().and_then(|rare| lock(&rare.waker).take());
        let held = self.hold(0);
        let first = (held.was & SET != 0 && !in_use).then(|| {
            self.state.fetch_and(!SET, Ordering::Relaxed);
            // SAFETY: it is there, no one uses it, and no one will without SET.
            unsafe { self.read_waker() }
        });
        drop(held);
        drop((changed, first));
    }

    /// # Safety
    /// The waker is there, and the caller's alone.
    unsafe fn read_waker(&self) -> Waker {
        // SAFETY: by the caller. Nothing is written, but the model checker is to see that no one
        // else reads.
        self.waker.with_mut(|waker| unsafe { (*waker).assume_init_read() })
    }
}

impl<T> Drop for Queue<T> {
    fn drop(&mut self) {
        if self.flags() & SET != 0 {
            // SAFETY: it is there, and no one else is.
            drop(unsafe { self.read_waker() });
        }
    }
}
