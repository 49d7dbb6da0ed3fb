//! What everyone may see of one worker: its queue to steal from, the turn it is in, its counters.

use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

use crossbeam_deque::Stealer;

use crate::shared::Task;

/// Written by its worker alone, read by thieves and the watchdog; so on cache lines of its own (two, because
/// processors fetch them in pairs).
#[repr(align(128))]
pub(crate) struct Slot {
    /// Twice the turns ended, plus one during a turn.
    phase: AtomicU64,
    /// What the running task is.
    label: AtomicU64,
    steals: AtomicU64,
    pub(crate) queue: Stealer<Task>,
}

impl Slot {
    pub(crate) fn new(queue: Stealer<Task>) -> Self {
        Self {
            phase: AtomicU64::new(0),
            label: AtomicU64::new(0),
            steals: AtomicU64::new(0),
            queue,
        }
    }

    pub(crate) fn turns(&self) -> u64 {
        self.phase.load(Relaxed) / 2
    }

    /// Called before the turn of the task `label`, which follows `ended` others.
    pub(crate) fn begin(&self, ended: u64, label: u64) {
        self.label.store(label, Relaxed);
        // A view of this phase sees this label, or a later one.
        self.phase.store(2 * ended + 1, Release);
    }

    /// Called after it.
    pub(crate) fn end(&self, ended: u64) {
        self.phase.store(2 * ended + 2, Relaxed);
    }

    pub(crate) fn count_steal(&self) {
        self.steals.store(self.steals() + 1, Relaxed);
    }

    pub(crate) fn steals(&self) -> u64 {
        self.steals.load(Relaxed)
    }

    pub(crate) fn view(&self) -> WorkerView {
        let phase = self.phase.load(Acquire);
        let running = phase % 2 == 1;
        let label = self.label.load(Relaxed);
        // With the next turn's label the next phase may not be seen yet; a turn under suspicion is a long one.
        WorkerView {
            turns: phase / 2,
            running,
            label: running.then_some(label),
            queued: self.queue.len(),
        }
    }
}

/// What one worker does, for a watchdog: a worker that is `running` with the same `turns` in two views has
/// been in one turn in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerView {
    /// Turns ended since the start.
    pub turns: u64,
    /// Whether it is inside a turn.
    pub running: bool,
    /// The label that the running task was spawned with.
    pub label: Option<u64>,
    /// Tasks in its own queue; those in the shared queues belong to no worker.
    pub queued: usize,
}

/// Sums since the start of a scheduler.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Turns ended, by worker.
    pub turns: Vec<u64>,
    /// How often a worker took tasks out of another's queue.
    pub steals: u64,
    /// How often a worker went to sleep.
    pub parks: u64,
    /// How often a sleeping worker was woken.
    pub notifications: u64,
}
