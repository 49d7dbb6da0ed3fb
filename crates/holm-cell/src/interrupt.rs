//! The interrupt of a consumer: a flag and a waker that is good at any time, parked or not.

use std::task::Waker;

use crate::sync::{AtomicBool, Mutex, Ordering, lock};

/// Raised rarely, looked at before each poll of a handler.
#[derive(Default)]
pub(crate) struct Interrupt {
    waker: Mutex<Option<Waker>>,
    pending: AtomicBool,
}

impl Interrupt {
    /// Sets the flag, then wakes. A consumer that registers passes the same lock and looks at
    /// the flag after it, so one of the two sees the other.
    pub(crate) fn raise(&self) {
        self.pending.store(true, Ordering::Release);
        let waker = lock(&self.waker).clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    #[inline]
    pub(crate) fn is_pending(&self) -> bool {
        self.pending.load(Ordering::Acquire)
    }

    pub(crate) fn take(&self) -> bool {
        self.is_pending() && self.pending.swap(false, Ordering::AcqRel)
    }

    /// Sets the waker, or with `None` removes it for good.
    pub(crate) fn register(&self, waker: Option<Waker>) {
        let old = std::mem::replace(&mut *lock(&self.waker), waker);
        // Dropped outside the lock: a waker's drop is foreign code.
        drop(old);
    }
}
