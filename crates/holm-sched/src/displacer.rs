//! A task that does nothing, whose wake-up makes tokio hand a woken worker to another thread.
//!
//! tokio 1.54 (`runtime/scheduler/multi_thread/worker.rs`, `schedule_local`): a task woken on a thread of
//! the runtime goes into that thread's LIFO slot if the slot is free; from there other threads cannot take
//! it, and none is unparked. A worker woken so by another worker would wait until that one returns. The
//! next task woken on the thread pushes it out, into the run queue, and unparks a thread that takes it.
//! A displacer is that next task. Where there is no LIFO slot it does no harm.
//!
//! A displacer that has been woken and not yet polled cannot be woken again, so there is one for each
//! worker: it waits in the LIFO slot of at most one thread, and a thread with a worker to wake sleeps. If
//! all are in use nonetheless, the woken worker waits for the end of the waker's stint.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::AcqRel, Ordering::Acquire, Ordering::Release},
    },
    task::{Poll, Waker},
};

use parking_lot::Mutex;

pub(crate) struct Displacer {
    /// False while it waits to be woken.
    in_use: AtomicBool,
    closed: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Displacer {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            in_use: AtomicBool::new(true),
            closed: AtomicBool::new(false),
            waker: Mutex::new(None),
        })
    }

    /// The task; ends when closed.
    pub(crate) fn run(self: &Arc<Self>) -> impl Future<Output = ()> + Send + use<> {
        let displacer = Arc::clone(self);
        poll_fn(move |cx| {
            let mut waker = displacer.waker.lock();
            match &mut *waker {
                Some(kept) => kept.clone_from(cx.waker()),
                none @ None => *none = Some(cx.waker().clone()),
            }
            drop(waker);
            displacer.in_use.store(false, Release);
            // After the waker is in place, as `close` sets `closed` before it takes the waker.
            if displacer.closed.load(Acquire) { Poll::Ready(()) } else { Poll::Pending }
        })
    }

    /// Wakes it unless it has been woken already; whether it did.
    pub(crate) fn displace(&self) -> bool {
        if self.in_use.swap(true, AcqRel) {
            return false;
        }
        self.wake();
        true
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Release);
        self.wake();
    }

    fn wake(&self) {
        let waker = self.waker.lock().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
