//! A worker's own end: its queue, the order in which it looks for the next task, and what it leaves behind.

use std::{hint, ptr, sync::Arc};

use crossbeam_deque::{Injector, Steal, Worker as Deque};

use crate::{
    scheduler::Priority,
    shared::{Shared, Task},
    slot::Slot,
};

/// One turn of so many looks at low tasks first, so that a steady load cannot starve them; rare, since they
/// are what can wait.
const LOW_FIRST: u64 = 16;
/// One turn of so many looks at normal tasks before high ones: a busy supervisor must not stop its children.
const NORMAL_FIRST: u64 = 8;
/// One turn of so many looks at the shared queue before the worker's own, which two tasks that talk to each
/// other never leave empty. tokio's interval, a prime, so that it drifts against the two above.
const SHARED_FIRST: u64 = 61;
/// Which turns of the above: apart, so that one turn serves one purpose.
const LOW_FIRST_AT: u64 = 3;
const NORMAL_FIRST_AT: u64 = 7;

/// How many pauses of the processor (some 1 to 3 us) a thief watches the owner of a queue of one. The task
/// is the owner's next: of two tasks that talk to each other the one that waits must not be taken to another
/// thread, while one behind a long turn must.
const STEAL_PATIENCE: u32 = 64;

pub(crate) struct Local {
    shared: Arc<Shared>,
    index: usize,
    queue: Deque<Task>,
}

/// What a worker does next.
pub(crate) struct Found {
    pub(crate) task: Task,
    /// Whether others wait in the worker's own queue.
    pub(crate) more: bool,
}

impl Local {
    pub(crate) fn new(shared: Arc<Shared>, index: usize, queue: Deque<Task>) -> Self {
        Self { shared, index, queue }
    }

    pub(crate) fn belongs_to(&self, shared: &Shared) -> bool {
        ptr::eq(&*self.shared, shared)
    }

    pub(crate) fn slot(&self) -> &Slot {
        self.shared.slot(self.index)
    }

    /// Queues `task`; true if nothing waited in that queue or in the worker's own.
    pub(crate) fn push(&self, task: Task) -> bool {
        let alone = self.queue.is_empty();
        match task.metadata().priority {
            Priority::Normal => {
                self.queue.push(task);
                alone
            }
            priority @ (Priority::High | Priority::Low) => {
                let queue = self.shared.queue_of(priority);
                let alone = alone && queue.is_empty();
                queue.push(task);
                alone
            }
        }
    }

    /// The next task, after `turns` turns.
    pub(crate) fn find(&self, turns: u64) -> Option<Found> {
        let task = self.next(turns)?;
        Some(Found { task, more: !self.queue.is_empty() })
    }

    fn next(&self, turns: u64) -> Option<Task> {
        let high = || take(self.shared.queue_of(Priority::High));
        let low = || take(self.shared.queue_of(Priority::Low));
        if turns % LOW_FIRST == LOW_FIRST_AT
            && let Some(task) = low()
        {
            return Some(task);
        }
        let next = if turns % NORMAL_FIRST == NORMAL_FIRST_AT {
            self.normal(turns).or_else(high)
        } else {
            high().or_else(|| self.normal(turns))
        };
        next.or_else(|| self.steal()).or_else(low)
    }

    fn normal(&self, turns: u64) -> Option<Task> {
        let shared = self.shared.queue_of(Priority::Normal);
        if turns.is_multiple_of(SHARED_FIRST) {
            return take(shared).or_else(|| self.queue.pop());
        }
        self.queue.pop().or_else(|| {
            // A few at once: the shared queue is where workers meet.
            if shared.is_empty() { None } else { retry(|| shared.steal_batch_and_pop(&self.queue)) }
        })
    }

    /// Takes half of another worker's queue.
    fn steal(&self) -> Option<Task> {
        let task = self.shared.others(self.index).find_map(|victim| {
            let worth = match victim.queue.len() {
                0 => false,
                1 => is_stuck(victim),
                _ => true,
            };
            if worth { retry(|| victim.queue.steal_batch_and_pop(&self.queue)) } else { None }
        })?;
        self.slot().count_steal();
        Some(task)
    }
}

impl Drop for Local {
    /// The worker ends: closed, or dropped by a runtime that shuts down. Its tasks go to the others.
    fn drop(&mut self) {
        while let Some(task) = self.queue.pop() {
            self.shared.queue_of(Priority::Normal).push(task);
        }
        self.shared.retire();
    }
}

/// Whether the owner of a queue ends no turn for a while.
fn is_stuck(slot: &Slot) -> bool {
    let turns = slot.turns();
    (0..STEAL_PATIENCE).all(|_| {
        hint::spin_loop();
        slot.turns() == turns
    })
}

fn take(queue: &Injector<Task>) -> Option<Task> {
    if queue.is_empty() { None } else { retry(|| queue.steal()) }
}

/// `Retry` means that another thread got a task in the meantime, so that somebody gets on.
fn retry(mut steal: impl FnMut() -> Steal<Task>) -> Option<Task> {
    loop {
        match steal() {
            Steal::Success(task) => return Some(task),
            Steal::Empty => return None,
            Steal::Retry => hint::spin_loop(),
        }
    }
}
