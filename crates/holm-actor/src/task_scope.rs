//! Tasks that end with their owner.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use holm_env::Task;
use tokio::task::unconstrained;

use crate::guarded::panic_text;
use crate::{Actor, ActorSystem, Context};

/// Tasks of one scope that have not ended, at most: far more than an actor's own work needs, and
/// a leak shows before it costs gigabytes. One more is refused with [`ScopeFull`].
pub const TASKS_MAX: usize = 65_536;

/// How long the end of an actor waits for its aborted tasks: as long as it waits for its last
/// handler. Only a task that never awaits needs more; it is left behind, with a warning.
pub const TASKS_END_TIME: Duration = crate::SHUTDOWN_TIME;

/// A scope holds [`TASKS_MAX`] tasks. The future is handed back, unpolled.
#[derive(thiserror::Error)]
#[error("a scope has at most {TASKS_MAX} tasks")]
pub struct ScopeFull<F>(pub F);

impl<F> fmt::Debug for ScopeFull<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScopeFull(..)")
    }
}

/// Tasks that end with it: dropping it aborts them all.
///
/// [`Context::spawn_task`] keeps one for an actor. A panic in a task ends that task alone; it is
/// logged, and counted in [`ActorSystem::task_panics`].
pub struct TaskScope {
    system: ActorSystem,
    tasks: FuturesUnordered<Task>,
}

impl TaskScope {
    /// An empty scope.
    pub fn new(system: &ActorSystem) -> Self {
        Self { system: system.clone(), tasks: FuturesUnordered::new() }
    }

    /// Starts a task.
    ///
    /// # Errors
    /// [`ScopeFull`], with the future.
    pub fn spawn<F>(&mut self, future: F) -> Result<(), ScopeFull<F>>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if self.len() == TASKS_MAX {
            return Err(ScopeFull(future));
        }
        let system = self.system.clone();
        self.tasks.push(self.system.env().spawn(async move {
            if let Err(payload) = AssertUnwindSafe(future).catch_unwind().await {
                system.extras().task_panics.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(text = panic_text(&*payload), "a task of a scope panicked");
            }
        }));
        Ok(())
    }

    /// How many of its tasks have not ended.
    pub fn len(&mut self) -> usize {
        // Polls only the handles of new and of ended tasks, and those all, whatever the caller's
        // task has used up of its time.
        let mut cx = TaskContext::from_waker(Waker::noop());
        while let Poll::Ready(Some(_)) = unconstrained(self.tasks.next()).poll_unpin(&mut cx) {}
        self.tasks.len()
    }

    /// Whether all its tasks have ended.
    pub fn is_empty(&mut self) -> bool {
        self.len() == 0
    }

    /// Aborts all tasks and waits until they are gone, for [`TASKS_END_TIME`] at most.
    ///
    /// Cancel safe: the tasks are aborted when this is first polled.
    pub async fn end(&mut self) {
        self.abort();
        let gone = async { while self.tasks.next().await.is_some() {} };
        if tokio::time::timeout(TASKS_END_TIME, gone).await.is_err() {
            tracing::warn!(tasks = self.tasks.len(), "aborted tasks do not end");
        }
    }

    fn abort(&self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Drop for TaskScope {
    fn drop(&mut self) {
        self.abort();
    }
}

impl fmt::Debug for TaskScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskScope").field("tasks", &self.tasks.len()).finish_non_exhaustive()
    }
}

impl<A: Actor> Context<A> {
    /// Starts a task that ends with this actor, whatever ends it: the task is aborted after
    /// `stopped`, and gone before anybody hears of the actor's end.
    ///
    /// # Errors
    /// [`ScopeFull`], with the future.
    pub fn spawn_task<F>(&mut self, future: F) -> Result<(), ScopeFull<F>>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks().spawn(future)
    }
}

impl ActorSystem {
    /// How many tasks of scopes have panicked.
    pub fn task_panics(&self) -> u64 {
        self.extras().task_panics.load(Ordering::Relaxed)
    }
}
