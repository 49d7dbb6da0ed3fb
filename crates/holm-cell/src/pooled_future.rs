//! `PooledFuture`: an owning, pinned box for a future that lives for a moment.

use std::{
    fmt,
    marker::PhantomData,
    pin::Pin,
    ptr::NonNull,
    task::{Context, Poll},
};

use crate::pool::Memory;

/// A future in memory of its own, such as a handler's while it runs.
///
/// As `Pin<Box<F>>`, but up to 1 KiB the memory comes from a free list of the current thread,
/// and goes to that of the thread that drops it: most often no allocator is asked. Dropping this
/// drops the future, at any time.
#[must_use = "a future does nothing unless polled"]
pub struct PooledFuture<F> {
    future: NonNull<F>,
    owns: PhantomData<F>,
}

// SAFETY: it owns the future as a box would, and free memory belongs to no thread.
unsafe impl<F: Send> Send for PooledFuture<F> {}
// SAFETY: a shared reference gives access to nothing.
unsafe impl<F> Sync for PooledFuture<F> {}

// Where this lies says nothing of where the future lies.
impl<F> Unpin for PooledFuture<F> {}

impl<F> PooledFuture<F> {
    /// Puts what `make` returns into memory taken beforehand, where the compiler can build it in
    /// place.
    ///
    /// # Panics
    /// If `make` does.
    #[inline]
    pub fn new(make: impl FnOnce() -> F) -> Self {
        let mut memory = Memory::new();
        memory.as_uninit().write(make());
        Self { future: memory.into_raw(), owns: PhantomData }
    }
}

impl<F: Future> Future for PooledFuture<F> {
    type Output = F::Output;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the future is owned, and is not moved before it is dropped.
        unsafe { Pin::new_unchecked(self.future.as_mut()) }.poll(cx)
    }
}

impl<F> Drop for PooledFuture<F> {
    #[inline]
    fn drop(&mut self) {
        // Given back after the future's drop, also when that panics.
        // SAFETY: from `new`; the future in it ends here.
        let _memory = unsafe { Memory::from_raw(self.future) };
        // SAFETY: owned, and not used again.
        unsafe { self.future.drop_in_place() };
    }
}

impl<F> fmt::Debug for PooledFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PooledFuture").finish_non_exhaustive()
    }
}
