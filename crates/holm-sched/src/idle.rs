//! Which workers sleep, and whether one of the others has been told to search.
//!
//! At most one worker at a time is *told*: woken because a task was queued, and not yet at a turn. Until it
//! finds work or sleeps again nobody else is woken, since a burst of wake-ups mostly ends in one thread
//! doing the work and the others a system call for nothing.

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed, Ordering::SeqCst, fence},
    task::Waker,
};

use parking_lot::Mutex;

/// Set once and for all: workers end, tasks are dropped.
const CLOSED: usize = 1;
/// Set while a worker has been told to search.
const TOLD: usize = 2;
/// Set while a worker lingers, one at a time: it is out of work and looks out for some before it sleeps.
const LINGERS: usize = 4;
/// One sleeping worker; the count fills the bits above.
const SLEEPER: usize = 8;

pub(crate) struct Idle {
    /// `CLOSED | TOLD | LINGERS | SLEEPER * sleepers`. Changed under the lock except for `LINGERS` and the
    /// clearing of `TOLD`; read without it.
    state: AtomicUsize,
    sleepers: Mutex<Sleepers>,
}

struct Sleepers {
    /// Indices of workers, the last to fall asleep last: it is woken first, its cache being warmest.
    order: Vec<usize>,
    /// By worker; kept while it is awake, to be reused.
    wakers: Vec<Option<Waker>>,
    parks: u64,
    notifications: u64,
}

/// The state at one moment.
#[derive(Clone, Copy)]
pub(crate) struct Look(usize);

impl Look {
    pub(crate) fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    /// Whether a worker sleeps and none has been told to search.
    pub(crate) fn would_tell(self) -> bool {
        self.0 & TOLD == 0 && self.0 >= SLEEPER
    }

    /// Whether another of `workers` is awake when one that is awake looks.
    pub(crate) fn leaves_busy(self, workers: usize) -> bool {
        !self.is_closed() && self.0 / SLEEPER + 1 < workers
    }

    /// Whether a worker sleeps, lingers, or was woken and has not found work yet.
    pub(crate) fn is_any_idle(self) -> bool {
        self.0 & !CLOSED != 0
    }
}

impl Idle {
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            state: AtomicUsize::new(0),
            sleepers: Mutex::new(Sleepers {
                order: Vec::with_capacity(workers),
                wakers: vec![None; workers],
                parks: 0,
                notifications: 0,
            }),
        }
    }

    /// Says nothing about the order of this look and any queue; a hint.
    pub(crate) fn glance(&self) -> Look {
        Look(self.state.load(Relaxed))
    }

    /// A look that is ordered after what the caller queued before.
    pub(crate) fn look(&self) -> Look {
        fence(SeqCst);
        self.glance()
    }

    /// Notes that a worker lingers; false if another one does.
    pub(crate) fn begin_lingering(&self) -> bool {
        self.state.fetch_or(LINGERS, Relaxed) & LINGERS == 0
    }

    pub(crate) fn end_lingering(&self) {
        self.state.fetch_and(!LINGERS, Relaxed);
    }

    /// Takes the worker to wake, if any; it counts as told from here on.
    pub(crate) fn tell_one(&self) -> Option<Waker> {
        let mut sleepers = self.sleepers.lock();
        if !self.glance().would_tell() {
            return None;
        }
        let worker = sleepers.order.pop().expect("the state counts the sleepers");
        self.state.fetch_add(TOLD, SeqCst);
        self.state.fetch_sub(SLEEPER, SeqCst);
        sleepers.notifications += 1;
        sleepers.wakers[worker].clone()
    }

    /// Puts `worker` among the sleepers; if it had been `told`, it no longer is. False when closed.
    ///
    /// The caller must look at the queues once more afterwards.
    pub(crate) fn sleep(&self, worker: usize, waker: &Waker, told: bool) -> bool {
        let mut sleepers = self.sleepers.lock();
        if self.glance().is_closed() {
            return false;
        }
        match &mut sleepers.wakers[worker] {
            Some(kept) => kept.clone_from(waker),
            none @ None => *none = Some(waker.clone()),
        }
        sleepers.order.push(worker);
        sleepers.parks += 1;
        self.state.fetch_add(SLEEPER, SeqCst);
        if told {
            self.state.fetch_and(!TOLD, SeqCst);
        }
        drop(sleepers);
        fence(SeqCst);
        true
    }

    /// Takes `worker`, which slept, out of the sleepers. True if it has been told to search instead.
    pub(crate) fn rise(&self, worker: usize) -> bool {
        let mut sleepers = self.sleepers.lock();
        let Some(at) = sleepers.order.iter().position(|&sleeper| sleeper == worker) else {
            return true;
        };
        sleepers.order.remove(at);
        self.state.fetch_sub(SLEEPER, SeqCst);
        false
    }

    /// The worker that had been told found work. The caller must look at the queues once more afterwards.
    pub(crate) fn found(&self) {
        self.state.fetch_and(!TOLD, SeqCst);
        fence(SeqCst);
    }

    /// Closes for good and takes all sleepers, to be woken. `None` if it was closed already.
    pub(crate) fn close(&self) -> Option<Vec<Waker>> {
        let mut sleepers = self.sleepers.lock();
        if self.glance().is_closed() {
            return None;
        }
        self.state.store(CLOSED, SeqCst);
        let order = std::mem::take(&mut sleepers.order);
        let wakers = order.iter().filter_map(|&worker| sleepers.wakers[worker].take()).collect();
        drop(sleepers);
        fence(SeqCst);
        Some(wakers)
    }

    /// How often workers went to sleep, and how often one was woken.
    pub(crate) fn parks_and_notifications(&self) -> (u64, u64) {
        let sleepers = self.sleepers.lock();
        (sleepers.parks, sleepers.notifications)
    }
}
