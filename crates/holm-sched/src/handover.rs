//! How a worker woken by another one gets to another thread of the runtime.
//!
//! tokio 1.54 (`runtime/scheduler/multi_thread/worker.rs`, `schedule_local`): a task woken on a thread of
//! the runtime goes into that thread's LIFO slot if the slot is free; from there other threads cannot take
//! it, and none is unparked. So a worker woken by another worker would wait for the end of that one's
//! stint, one long turn in the worst case. The next task woken on the thread pushes it out into the run
//! queue and unparks a thread, which takes it. An empty task is spawned to be that next task.

use std::task::Waker;

use parking_lot::Mutex;
use tokio::runtime::{Handle, RuntimeFlavor};

/// Knows the runtime once a worker has been polled on it, if it has several threads.
pub(crate) struct Handover {
    runtime: Mutex<Option<Handle>>,
}

impl Handover {
    pub(crate) fn new() -> Self {
        Self { runtime: Mutex::new(None) }
    }

    /// To be called on a thread of the runtime.
    pub(crate) fn meet(&self) {
        let runtime = Handle::try_current().ok();
        *self.runtime.lock() =
            runtime.filter(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
    }

    /// Lets go of the runtime, which has ended.
    pub(crate) fn part(&self) {
        self.runtime.lock().take();
    }

    /// Wakes a worker from within another.
    pub(crate) fn wake(&self, worker: Waker) {
        worker.wake();
        self.stir();
    }

    /// Has a thread of the runtime, if one sleeps, look for something to do.
    pub(crate) fn stir(&self) {
        if let Some(runtime) = &*self.runtime.lock() {
            drop(runtime.spawn(async {}));
        }
    }
}
