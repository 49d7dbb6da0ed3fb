//! The synchronisation types of this crate: those of std, or loom's under `cfg(loom)`.

#[cfg(loom)]
pub(crate) use loom::sync::Arc;
#[cfg(not(loom))]
pub(crate) use std::sync::Arc;

#[cfg(loom)]
pub(crate) use loom::{
    cell::UnsafeCell,
    hint::spin_loop,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU64, Ordering, fence},
    },
    thread::yield_now,
};
use std::sync::PoisonError;
#[cfg(not(loom))]
pub(crate) use std::{
    hint::spin_loop,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU64, Ordering, fence},
    },
    thread::yield_now,
};

/// `std::cell::UnsafeCell` with the closure interface of loom's.
#[cfg(not(loom))]
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    #[inline]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

/// Locks, also after a panic elsewhere: no code under our locks leaves data half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Spins before the first yield to the scheduler. What is waited for is a few instructions of
/// another thread (some 20 ns); a thread that takes longer has lost its core.
const SPINS: u32 = 64;

/// Waits for a step that another thread has begun and will complete without waiting itself.
#[derive(Default)]
pub(crate) struct Backoff {
    spins: u32,
}

impl Backoff {
    pub(crate) fn wait(&mut self) {
        if self.spin() {
            return;
        }
        yield_now();
    }

    /// Spins once; false when spinning has become pointless.
    pub(crate) fn spin(&mut self) -> bool {
        if cfg!(loom) {
            // The model checker tries every interleaving; it must be told to move on.
            yield_now();
            return false;
        }
        if self.spins == SPINS {
            return false;
        }
        self.spins += 1;
        spin_loop();
        true
    }
}
