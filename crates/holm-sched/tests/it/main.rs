//! The scheduler on real runtimes, and with its workers polled by hand.
#![expect(clippy::disallowed_methods, reason = "drives the real runtime")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod by_hand;
mod closing;
mod order;
mod threads;
mod wakes;

use std::{
    num::NonZeroUsize,
    panic,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::Duration,
};

use holm_sched::Scheduler;
use tokio::{
    runtime::{Builder, Runtime},
    sync::oneshot::{self, error::TryRecvError},
};

/// No test takes a hundredth of it: what takes longer has lost a wake-up.
const HANG: Duration = Duration::from_secs(120);

/// Runs `test` on a thread of its own and fails if it hangs.
fn within_reason(test: impl FnOnce() + Send + 'static) {
    let (done, wait) = mpsc::sync_channel(1);
    let thread = thread::spawn(move || {
        test();
        let _ = done.send(());
    });
    match wait.recv_timeout(HANG) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("hangs"),
        Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => {
            thread.join().unwrap_or_else(|failure| panic::resume_unwind(failure));
        }
    }
}

fn multi_thread(threads: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(threads).enable_all().build().unwrap()
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn scheduler(runtime: &Runtime, workers: usize) -> Scheduler {
    Scheduler::new(NonZeroUsize::new(workers).unwrap(), |future| drop(runtime.spawn(future)), || {})
}

/// Waits for `ended`, as a watchdog would: what runs may block its worker.
fn watched<T>(schedulers: &[&Scheduler], mut ended: oneshot::Receiver<T>) -> T {
    loop {
        match ended.try_recv() {
            Ok(value) => return value,
            Err(TryRecvError::Closed) => panic!("the task was dropped"),
            Err(TryRecvError::Empty) => {
                schedulers.iter().for_each(|scheduler| scheduler.nudge());
                thread::yield_now();
            }
        }
    }
}

/// Counts its drops: clones share the count.
#[derive(Clone, Default)]
struct Drops(Arc<AtomicUsize>);

impl Drops {
    fn count(&self) -> usize {
        self.0.load(SeqCst)
    }

    fn guard(&self) -> Counted {
        Counted(self.clone())
    }
}

struct Counted(Drops);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, SeqCst);
    }
}
