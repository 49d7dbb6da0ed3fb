//! The one-shot slot of a call's answer: a `Promise` to be kept, a `Reply` to be awaited.
//!
//! The state is a set of flags. A waker lies in its slot while its flag is set. Each end leaves
//! in one or two steps: if the other waits, it clears that waker's flag and sets its own
//! LEAVING in one step, and takes the waker, which the other does not overwrite meanwhile; then
//! it sets DONE, in a step that finds no waker of the other. Who finds the other DONE is the
//! last one out and frees the slot.

use std::{
    error::Error,
    fmt,
    mem::{ManuallyDrop, MaybeUninit},
    pin::Pin,
    ptr::NonNull,
    task::{Context, Poll, Waker},
};

use crate::{
    pool::Memory,
    sync::{AtomicU8, Backoff, Ordering, UnsafeCell},
};

/// The waker of the reply's task is in its slot.
const REPLY_WAKER: u8 = 1;
/// The waker of the promise's task is in its slot.
const PROMISE_WAKER: u8 = 1 << 1;
const REPLY_DONE: u8 = 1 << 2;
const PROMISE_DONE: u8 = 1 << 3;
/// The value is there; comes with PROMISE_DONE.
const VALUE: u8 = 1 << 4;
/// The reply is reading the promise's waker.
const REPLY_LEAVING: u8 = 1 << 5;
/// The promise is reading the reply's waker.
const PROMISE_LEAVING: u8 = 1 << 6;

struct Slot<T> {
    state: AtomicU8,
    value: UnsafeCell<MaybeUninit<T>>,
    reply_waker: WakerSlot,
    promise_waker: WakerSlot,
}

type WakerSlot = UnsafeCell<MaybeUninit<Waker>>;

/// One end of the slot: its own flags and those of the other end.
struct End {
    waker: u8,
    leaving: u8,
    done: u8,
    other_waker: u8,
    other_leaving: u8,
    other_done: u8,
}

const REPLY: End = End {
    waker: REPLY_WAKER,
    leaving: REPLY_LEAVING,
    done: REPLY_DONE,
    other_waker: PROMISE_WAKER,
    other_leaving: PROMISE_LEAVING,
    other_done: PROMISE_DONE,
};
const PROMISE: End = End {
    waker: PROMISE_WAKER,
    leaving: PROMISE_LEAVING,
    done: PROMISE_DONE,
    other_waker: REPLY_WAKER,
    other_leaving: REPLY_LEAVING,
    other_done: REPLY_DONE,
};

/// How an end left.
enum Left {
    /// The other end remains; wake it if it waits. The slot must not be touched again.
    First(Option<Waker>),
    /// The other end had gone: the slot is ours.
    Last,
}

/// Makes the two ends of a slot.
pub fn slot<T: Send>() -> (Promise<T>, Reply<T>) {
    let mut memory = Memory::new();
    memory.as_uninit().write(Slot {
        state: AtomicU8::new(0),
        value: UnsafeCell::new(MaybeUninit::uninit()),
        reply_waker: UnsafeCell::new(MaybeUninit::uninit()),
        promise_waker: UnsafeCell::new(MaybeUninit::uninit()),
    });
    let slot = memory.into_raw();
    (Promise { slot }, Reply { slot: Some(slot) })
}

impl<T> Slot<T> {
    fn waker_slot(&self, flag: u8) -> &WakerSlot {
        if flag == REPLY_WAKER { &self.reply_waker } else { &self.promise_waker }
    }

    fn state(&self) -> u8 {
        self.state.load(Ordering::Acquire)
    }

    fn try_set(&self, state: u8, new: u8) -> bool {
        self.state.compare_exchange(state, new, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// # Safety
    /// The caller has cleared this waker's flag, or has written the waker and not set it.
    unsafe fn read_waker(&self, flag: u8) -> Waker {
        // SAFETY: the waker is there and the caller's.
        self.waker_slot(flag).with(|waker| unsafe { (*waker).assume_init_read() })
    }

    /// Takes the end's own waker back, if the other end has not taken it.
    fn reclaim_waker(&self, end: &End) -> Option<Waker> {
        let there = self.state() & end.waker != 0
            && self.state.fetch_and(!end.waker, Ordering::AcqRel) & end.waker != 0;
        // SAFETY: this thread cleared the flag.
        there.then(|| unsafe { self.read_waker(end.waker) })
    }

    /// Leaves a waker for the other end; false if that has gone. By the end itself.
    fn register(&self, end: &End, waker: &Waker) -> bool {
        let own = match self.reclaim_waker(end) {
            Some(own) if own.will_wake(waker) => own,
            _ => waker.clone(),
        };
        let mut backoff = Backoff::default();
        while self.state() & (end.other_leaving | end.other_done) == end.other_leaving {
            backoff.wait();
        }
        // SAFETY: only this end writes here; the flag is clear, and the other end is not, or no
        // longer, reading. It does not begin to before the flag is set.
        self.waker_slot(end.waker).with_mut(|slot| unsafe {
            (*slot).write(own);
        });
        loop {
            let state = self.state();
            if state & end.other_done != 0 {
                // SAFETY: written above, and the flag not set.
                drop(unsafe { self.read_waker(end.waker) });
                return false;
            }
            if self.try_set(state, state | end.waker) {
                return true;
            }
        }
    }

    /// Ends `end`'s use of the slot, with VALUE or 0 in `value`.
    fn leave(&self, end: &End, value: u8) -> Left {
        drop(self.reclaim_waker(end));
        let mut waker = None;
        loop {
            let state = self.state();
            if state & end.other_done != 0 {
                return Left::Last;
            }
            if state & end.other_waker != 0 {
                if self.try_set(state, state & !end.other_waker | end.leaving) {
                    // SAFETY: this thread cleared the flag.
                    waker = Some(unsafe { self.read_waker(end.other_waker) });
                }
            } else if self.try_set(state, state | end.done | value) {
                return Left::First(waker);
            }
        }
    }

    /// # Safety
    /// VALUE is set, or this is the promise which has written it; read once.
    unsafe fn read(&self) -> T {
        // SAFETY: by the caller.
        self.value.with(|value| unsafe { (*value).assume_init_read() })
    }
}

/// # Safety
/// The other end has gone and this one will not touch the slot again.
unsafe fn free<T>(slot: NonNull<Slot<T>>) {
    // SAFETY: the slot is the caller's; the value and the wakers were taken before.
    unsafe { slot.drop_in_place() };
    // SAFETY: made by `slot`, and empty now.
    drop(unsafe { Memory::from_raw(slot) });
}

/// The duty to answer. Dropped without an answer, it tells the waiting end [`Unanswered`].
#[must_use = "dropped, it answers `Unanswered`"]
pub struct Promise<T> {
    slot: NonNull<Slot<T>>,
}

// SAFETY: the value and the wakers move from thread to thread; the flags order all access.
unsafe impl<T: Send> Send for Promise<T> {}
// SAFETY: a shared reference only looks at the flags.
unsafe impl<T: Send> Sync for Promise<T> {}

impl<T> Promise<T> {
    fn slot(&self) -> &Slot<T> {
        // SAFETY: freed only after this end has left.
        unsafe { self.slot.as_ref() }
    }

    /// Answers.
    ///
    /// # Errors
    /// The value, if no one waits for it any more.
    pub fn complete(self, value: T) -> Result<(), T> {
        let promise = ManuallyDrop::new(self);
        let slot = promise.slot();
        // SAFETY: only the promise writes the value, here, and the reply reads it after VALUE.
        slot.value.with_mut(|place| unsafe {
            (*place).write(value);
        });
        match slot.leave(&PROMISE, VALUE) {
            Left::First(waker) => {
                if let Some(waker) = waker {
                    waker.wake();
                }
                Ok(())
            }
            Left::Last => {
                // SAFETY: the reply has gone without the value, and this end goes now.
                let value = unsafe { slot.read() };
                // SAFETY: as above.
                unsafe { free(promise.slot) };
                Err(value)
            }
        }
    }

    /// Whether the waiting end has gone.
    pub fn is_abandoned(&self) -> bool {
        self.slot().state() & REPLY_DONE != 0
    }

    /// Waits until the waiting end has gone. Cancel-safe.
    pub fn poll_abandoned(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.is_abandoned() && self.slot().register(&PROMISE, cx.waker()) {
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        match self.slot().leave(&PROMISE, 0) {
            Left::First(waker) => {
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
            // SAFETY: the reply has gone, and this end goes now.
            Left::Last => unsafe { free(self.slot) },
        }
    }
}

/// The future of the answer. Cancel-safe: dropped, it abandons the call.
#[must_use = "dropped, it abandons the call"]
pub struct Reply<T> {
    /// `None` after the answer.
    slot: Option<NonNull<Slot<T>>>,
}

// SAFETY: as for `Promise`.
unsafe impl<T: Send> Send for Reply<T> {}
// SAFETY: nothing can be done with a shared reference.
unsafe impl<T: Send> Sync for Reply<T> {}

impl<T> Unpin for Reply<T> {}

impl<T> Future for Reply<T> {
    type Output = Result<T, Unanswered>;

    /// # Panics
    /// When polled after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(pointer) = self.slot else { panic!("a reply was polled after it was ready") };
        // SAFETY: freed only by the last end, and this one is here.
        let slot = unsafe { pointer.as_ref() };
        if slot.state() & PROMISE_DONE == 0 && slot.register(&REPLY, cx.waker()) {
            return Poll::Pending;
        }
        self.slot = None;
        let answer = if slot.state() & VALUE != 0 {
            // SAFETY: VALUE is set, and without `self.slot` it is not read again.
            Ok(unsafe { slot.read() })
        } else {
            Err(Unanswered)
        };
        // SAFETY: the promise is done and this end goes now; no waker is left in the slot, since
        // the promise took or reclaimed both.
        unsafe { free(pointer) };
        Poll::Ready(answer)
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        let Some(pointer) = self.slot else { return };
        // SAFETY: as in `poll`.
        let slot = unsafe { pointer.as_ref() };
        match slot.leave(&REPLY, 0) {
            Left::First(waker) => {
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
            Left::Last => {
                let value = (slot.state() & VALUE != 0).then(|| {
                    // SAFETY: VALUE is set, and it is read once.
                    unsafe { slot.read() }
                });
                // SAFETY: the promise has gone, and this end goes now.
                unsafe { free(pointer) };
                drop(value);
            }
        }
    }
}

/// The promise was dropped without an answer: whoever had it has failed or stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unanswered;

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the receiver dropped the call without an answer")
    }
}

impl Error for Unanswered {}

impl<T> fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Promise").field("abandoned", &self.is_abandoned()).finish()
    }
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("ready", &self.slot.is_none()).finish()
    }
}
