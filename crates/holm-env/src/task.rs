//! The handle of a spawned task.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::task::JoinHandle;

/// A task started by [`Env::spawn`](crate::Env::spawn).
///
/// Awaiting it gives how the task ended; dropping it detaches the task, which
/// goes on.
#[derive(Debug)]
pub struct Task(pub(crate) JoinHandle<()>);

/// Why a task did not run to its end.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// Somebody called [`Task::abort`], or the runtime was shut down.
    #[error("the task was aborted")]
    Aborted,
    /// The task panicked, with this payload.
    #[error("the task panicked")]
    Panicked(Box<dyn Any + Send>),
}

impl Task {
    /// Stops the task at its next suspension point and drops its future there.
    /// No effect on a task that has ended.
    pub fn abort(&self) {
        self.0.abort();
    }

    /// Whether the task has ended and its future is gone.
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

/// Cancel safe: a dropped wait loses nothing but the handle.
impl Future for Task {
    type Output = Result<(), TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(ended.map_err(|error| match error.try_into_panic() {
            Ok(payload) => TaskError::Panicked(payload),
            Err(_) => TaskError::Aborted,
        }))
    }
}

impl fmt::Debug for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aborted => "Aborted",
            Self::Panicked(_) => "Panicked(..)",
        })
    }
}
