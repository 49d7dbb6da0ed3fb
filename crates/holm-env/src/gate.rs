//! The seam between tasks and the test world: a gate before every poll.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::transport::BoxFuture;
use crate::wall_clock::UnixMillis;

/// A task of one [`Env`](crate::Env), numbered from 0 in the order of spawning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TaskId(pub u64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.0)
    }
}

/// What becomes of one poll of a task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gate {
    /// The task runs.
    Poll,
    /// The task goes to the end of the run queue, and others run first.
    Yield,
    /// The task waits until the waker given to [`Hooks::before_poll`] is woken
    /// (its host is paused). Wake-ups from elsewhere lead to this gate again.
    Park,
    /// The task's future is dropped at once (its host has crashed).
    Drop,
}

/// Control over one environment's tasks and clock, for the test world.
///
/// Calls may come from any thread of the runtime, also from inside drops; an
/// implementation must not spawn from within one.
pub trait Hooks: Send + Sync + 'static {
    /// Asked before each poll of `task`, the first one included. `waker` is
    /// equivalent at every poll of one task.
    fn before_poll(&self, task: TaskId, waker: &Waker) -> Gate;

    /// Told once when `task` is over: it ended, panicked, was aborted, or fell
    /// to [`Gate::Drop`]. Its future is dropped right after. A waker kept for
    /// the task has no use from here on.
    fn handle_end(&self, task: TaskId);

    /// What [`Env::wall_clock`](crate::Env::wall_clock) answers.
    fn wall_clock(&self) -> UnixMillis;
}

/// A future behind a gate. Boxed, so that one task type serves all futures: only
/// the test world pays for it.
pub(crate) struct Gated {
    pub(crate) future: BoxFuture<'static, ()>,
    pub(crate) task: TaskId,
    pub(crate) hooks: Arc<dyn Hooks>,
}

impl Future for Gated {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.hooks.before_poll(self.task, cx.waker()) {
            Gate::Poll => self.future.as_mut().poll(cx),
            Gate::Yield => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Gate::Park => Poll::Pending,
            // The runtime drops a future as soon as it is ready.
            Gate::Drop => Poll::Ready(()),
        }
    }
}

impl Drop for Gated {
    fn drop(&mut self) {
        self.hooks.handle_end(self.task);
    }
}
