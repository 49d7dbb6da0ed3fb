//! The public face: starts the workers, spawns tasks, closes, and shows a watchdog what goes on.

use std::{num::NonZeroUsize, pin::Pin, sync::Arc};

use async_task::Builder;

use crate::{
    guarded::Guarded,
    shared::{Mark, Shared},
    slot::{Counters, WorkerView},
    worker,
};

/// Which tasks go first when several wait. No priority starves another: see [`Scheduler`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// Before all others, except that every 8th turn of a worker looks at normal tasks first.
    High,
    /// The default.
    #[default]
    Normal,
    /// When no worker has anything else, and first on every 16th turn of a worker.
    Low,
}

/// An executor of small tasks on workers that are tasks of a tokio runtime. Clones are the same scheduler.
///
/// A task woken by another one on the same worker runs on that worker, behind those woken before; other
/// workers help when more than one waits. High and low tasks start their turns in the order in which they
/// were woken, normal ones about so.
///
/// Workers run until [`close`](Self::close) or the end of their runtime, also when every clone is gone.
#[derive(Clone)]
pub struct Scheduler {
    shared: Arc<Shared>,
}

impl Scheduler {
    /// Starts `workers` workers through `start`.
    ///
    /// Give one worker for each worker thread of the runtime, and a `start` that spawns on that runtime.
    /// `on_gone` is called once, by whoever dropped the last worker, if the runtime drops the workers before
    /// [`close`](Self::close). Every task must then be woken, since only that drops its future: `on_gone`
    /// is the place to do so.
    pub fn new(
        workers: NonZeroUsize,
        mut start: impl FnMut(Pin<Box<dyn Future<Output = ()> + Send>>),
        on_gone: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let (shared, queues) = Shared::new(workers.get(), Box::new(on_gone));
        for (index, queue) in queues.into_iter().enumerate() {
            start(Box::pin(worker::Worker::new(Arc::clone(&shared), index, queue)));
        }
        Self { shared }
    }

    /// Runs `future` as a task of its own, from any thread; its first turn is queued at once. `label` is
    /// for a watchdog.
    ///
    /// One allocation: the future and 56 bytes, or 64 where the future's type uses every bit pattern, as
    /// that of an `async` block does. A panic, in a turn or in a destructor, ends the task and nothing
    /// else; the panic hook reports it. Once the scheduler is closed `future` is dropped instead.
    ///
    /// A task that waits while nothing holds its waker cannot run again: its memory is freed at once, but
    /// the future's destructor does not run. Keep a waker of a task whose destructor matters.
    ///
    /// The wake-up of a task of a closed scheduler drops its future inside `wake`: hold no lock there that
    /// the future's destructor takes.
    pub fn spawn<F: Future<Output = ()> + Send + 'static>(
        &self,
        priority: Priority,
        label: u64,
        future: F,
    ) {
        let shared = Arc::clone(&self.shared);
        let (runnable, task) = Builder::new()
            .metadata(Mark { priority, label })
            .spawn(|_| Guarded::new(future), move |runnable| shared.schedule(runnable));
        task.detach();
        self.shared.schedule(runnable);
    }

    /// Ends the workers, each after its current turn, and drops every queued task.
    ///
    /// A task that is neither queued nor running is dropped when it is next woken; wake all to drop all.
    /// Calling it again does nothing.
    pub fn close(&self) {
        self.shared.close();
    }

    /// Sums since the start.
    pub fn counters(&self) -> Counters {
        self.shared.counters()
    }

    /// What each worker does now, for a watchdog. A snapshot: workers go on meanwhile.
    pub fn workers(&self) -> impl Iterator<Item = WorkerView> + '_ {
        self.shared.views()
    }

    /// Wakes a sleeping worker if any task is queued, for a watchdog.
    ///
    /// A task alone in the queue of a worker waits for the end of that worker's turn, which is right unless
    /// the turn takes long; a worker woken by this call then takes the task over.
    pub fn nudge(&self) {
        self.shared.nudge();
    }
}

impl std::fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scheduler").field("counters", &self.counters()).finish()
    }
}
