//! What workers share: the queues, who sleeps, and the rules by which one is woken.
//!
//! # No wake-up is lost
//! A task is queued either by the worker that is being polled on the thread ("inside") or by anyone else
//! ("outside").
//!
//! *Inside*, the worker itself looks at that queue again before it sleeps: its own queue and the shared ones
//! are all looked at after the last turn. So nobody needs to be woken for the task to run. Another worker is
//! woken for the sake of speed when something waited in the queue already; and before each turn that leaves
//! something waiting, so that a sleeper overlooked for want of a fence is seen the next time.
//!
//! *Outside*, the pusher (1) queues the task, (2) passes a `SeqCst` fence, (3) reads the state of [`Idle`].
//! Each change of that state which makes step 3 wake nobody is followed by a `SeqCst` fence and a look at
//! all queues by the worker that changed it. Of two fences one is first. If the pusher's is, the worker's
//! look sees the task. If the worker's is, step 3 sees the change. Case by case, step 3 wakes nobody if it
//! read that
//! - nobody sleeps: every worker will look at the queues after its next change of the state, falling asleep
//!   (`Idle::sleep`), which step 3 did not see, so the look sees the task; then it does not stay asleep.
//! - a worker has been told to search: its next change is that it found work (`Idle::found`) or falls
//!   asleep, which step 3 did not see. Its look sees the task; if it has found other work by then it
//!   tells the next sleeper, and if nobody sleeps the first case holds for all.
//! - it is closed: the pusher drops what is queued. If step 3 did not see that, whoever closed (`Idle::close`)
//!   drops what is queued after its fence.
//!
//! A told worker that is dropped counts as one that found work (`Worker`'s destructor). A worker's own queue
//! goes back to the shared one when it is dropped.
//!
//! A sleeping worker's last look counts another worker's queue only from two tasks on: the first is that
//! worker's next turn. It may wait long if the present turn is long; `nudge` is for that.

use std::{
    cell::Cell,
    ptr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::AcqRel},
    },
};

use async_task::Runnable;
use crossbeam_deque::{Injector, Worker as Deque};

use crate::{
    current::{self, Offer},
    handover::Handover,
    idle::Idle,
    scheduler::Priority,
    slot::{Counters, Slot, WorkerView},
};

/// What is known of a task without polling it. Packed, to fill a hole in the task's header.
#[derive(Clone, Copy)]
#[repr(Rust, packed)]
pub(crate) struct Mark {
    pub(crate) priority: Priority,
    /// For [`WorkerView::label`].
    pub(crate) label: u64,
}

/// A task that has been woken.
pub(crate) type Task = Runnable<Mark>;

/// A queue with so many tasks has work for others than its worker, whose next turn is the first.
const SPARE: usize = 2;

pub(crate) struct Shared {
    high: Injector<Task>,
    normal: Injector<Task>,
    low: Injector<Task>,
    slots: Box<[Slot]>,
    idle: Idle,
    handover: Handover,
    /// Workers not yet dropped.
    live: AtomicUsize,
    on_gone: Box<dyn Fn() + Send + Sync>,
}

impl Shared {
    /// With the queues for the workers.
    pub(crate) fn new(
        workers: usize,
        on_gone: Box<dyn Fn() + Send + Sync>,
    ) -> (Arc<Self>, Vec<Deque<Task>>) {
        let queues: Vec<_> = (0..workers).map(|_| Deque::new_fifo()).collect();
        let shared = Self {
            high: Injector::new(),
            normal: Injector::new(),
            low: Injector::new(),
            slots: queues.iter().map(|queue| Slot::new(queue.stealer())).collect(),
            idle: Idle::new(workers),
            handover: Handover::new(),
            live: AtomicUsize::new(workers),
            on_gone,
        };
        (Arc::new(shared), queues)
    }

    pub(crate) fn idle(&self) -> &Idle {
        &self.idle
    }

    pub(crate) fn handover(&self) -> &Handover {
        &self.handover
    }

    pub(crate) fn slot(&self, worker: usize) -> &Slot {
        &self.slots[worker]
    }

    pub(crate) fn workers(&self) -> usize {
        self.slots.len()
    }

    /// The other workers, starting with the next one, so that thieves spread.
    pub(crate) fn others(&self, worker: usize) -> impl Iterator<Item = &Slot> {
        let (before, from) = self.slots.split_at(worker);
        from.iter().skip(1).chain(before)
    }

    /// The shared queue of a priority.
    pub(crate) fn queue_of(&self, priority: Priority) -> &Injector<Task> {
        match priority {
            Priority::High => &self.high,
            Priority::Normal => &self.normal,
            Priority::Low => &self.low,
        }
    }

    /// Queues a task that was woken.
    pub(crate) fn schedule(&self, task: Task) {
        match current::offer(self, task) {
            Offer::Alone => {}
            Offer::Behind => self.spare(),
            Offer::Refused(task) => {
                self.queue_of(task.metadata().priority).push(task);
                self.queued_outside();
            }
        }
    }

    /// To be called after tasks were put into a shared queue from outside of the workers.
    fn queued_outside(&self) {
        let look = self.idle.look();
        if look.is_closed() {
            self.discard();
        } else if look.would_tell() {
            self.tell_one();
        }
    }

    /// To be called when a worker's queue holds more than the worker's next turn.
    pub(crate) fn spare(&self) {
        if self.idle.glance().would_tell() {
            self.tell_one();
        }
    }

    /// Wakes a sleeping worker unless one is on its way.
    fn tell_one(&self) {
        let Some(worker) = self.idle.tell_one() else { return };
        if current::is_worker() {
            self.handover.wake(worker);
        } else {
            worker.wake();
        }
    }

    /// To be called by `worker` when it has been told to search and found something.
    pub(crate) fn found(&self, worker: usize) {
        self.idle.found();
        if self.has_spare(worker) {
            self.tell_one();
        }
    }

    /// Whether there is work for `worker`, whose own queue is not looked at.
    pub(crate) fn has_spare(&self, worker: usize) -> bool {
        self.has_shared() || self.others(worker).any(|slot| slot.queue.len() >= SPARE)
    }

    fn has_shared(&self) -> bool {
        [&self.high, &self.normal, &self.low].into_iter().any(|queue| !queue.is_empty())
    }

    pub(crate) fn nudge(&self) {
        let waits = || self.has_shared() || self.slots.iter().any(|slot| !slot.queue.is_empty());
        if self.idle.glance().is_any_idle() && waits() {
            self.tell_one();
            // A worker told before may sit in the queue of a busy thread, while the others overlooked it.
            self.handover.stir();
        }
    }

    /// Whether this call closed it.
    pub(crate) fn close(&self) -> bool {
        let Some(sleepers) = self.idle.close() else { return false };
        sleepers.into_iter().for_each(|worker| worker.wake());
        self.discard();
        true
    }

    /// A worker is dropped; its queue is in the shared one.
    pub(crate) fn retire(&self) {
        let last = self.live.fetch_sub(1, AcqRel) == 1;
        if last {
            self.handover.part();
        }
        if last && self.close() {
            (self.on_gone)();
        } else {
            self.queued_outside();
        }
    }

    /// Drops what the shared queues hold, after closing.
    ///
    /// A future's destructor may wake other tasks, which come here in turn. These inner calls leave the
    /// work to the outermost one on the thread, or a chain of a million tasks would end the stack.
    fn discard(&self) {
        thread_local! {
            /// The address of the scheduler whose tasks are being dropped on this thread.
            static DISCARDING: Cell<Option<usize>> = const { Cell::new(None) };
        }
        let this = Some(ptr::from_ref(self).addr());
        let outer = DISCARDING.replace(this);
        if outer == this {
            return;
        }
        for queue in [&self.high, &self.normal, &self.low].into_iter().cycle() {
            // Dropping a task of one queue may fill another.
            if !self.has_shared() {
                break;
            }
            drop(queue.steal());
        }
        DISCARDING.set(outer);
    }

    pub(crate) fn views(&self) -> impl Iterator<Item = WorkerView> + '_ {
        self.slots.iter().map(Slot::view)
    }

    pub(crate) fn counters(&self) -> Counters {
        let (parks, notifications) = self.idle.parks_and_notifications();
        Counters {
            turns: self.slots.iter().map(Slot::turns).collect(),
            steals: self.slots.iter().map(Slot::steals).sum(),
            parks,
            notifications,
        }
    }
}
