//! Jobs: spawned futures with a result.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::FutureExt;
use holm_cell::reply::{Reply, slot};
use holm_env::{Env, Task};

use crate::guarded::panic_text;

/// Why a job has no result.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobError {
    /// It panicked, with this text.
    #[error("the job panicked: {0}")]
    Panicked(String),
    /// It did not end within its timeout, and was aborted.
    #[error("the job did not end within {0:?}")]
    Timeout(Duration),
    /// Its runtime ended before it did.
    #[error("the runtime ended before the job")]
    RuntimeEnded,
}

/// A future that runs in a task of its own; awaiting the job gives its result.
///
/// Dropping a job aborts it, as a timeout does; [`detach`](Self::detach) lets it run on.
#[must_use = "dropping a job aborts it"]
pub struct Job<T> {
    task: Task,
    result: Reply<Result<T, JobError>>,
    timeout: Option<(Duration, Pin<Box<tokio::time::Sleep>>)>,
    abort_on_drop: bool,
}

impl<T: Send + 'static> Job<T> {
    /// Starts `future`, which is called and polled in the new task.
    pub(crate) fn start<F>(env: &Env, future: F) -> Self
    where
        F: Future<Output = T> + Send + 'static,
    {
        let (promise, result) = slot();
        let task = env.spawn(async move {
            let outcome = AssertUnwindSafe(future).catch_unwind().await;
            let outcome =
                outcome.map_err(|payload| JobError::Panicked(panic_text(&*payload).to_owned()));
            // A dropped job wants no result.
            let _ = promise.complete(outcome);
        });
        Self { task, result, timeout: None, abort_on_drop: true }
    }

    /// Aborts the job, with [`JobError::Timeout`], if it runs for `after` from now.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn timeout(mut self, after: Duration) -> Self {
        self.timeout = Some((after, Box::pin(tokio::time::sleep(after))));
        self
    }

    /// Lets the job run to its end, whatever its result.
    pub fn detach(mut self) {
        self.abort_on_drop = false;
    }

    /// Aborts the job and waits until its future is gone.
    ///
    /// Cancel safe: the job is aborted at once.
    pub async fn cancel(mut self) {
        self.task.abort();
        // Whether it was aborted or had ended is no matter.
        let _ = (&mut self.task).await;
    }

    /// Whether the job has ended.
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }
}

/// Cancel safe as a borrow, `&mut job`; a dropped job is aborted.
impl<T> Future for Job<T> {
    type Output = Result<T, JobError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(outcome) = Pin::new(&mut self.result).poll(cx) {
            return Poll::Ready(outcome.unwrap_or(Err(JobError::RuntimeEnded)));
        }
        let Some((after, sleep)) = &mut self.timeout else { return Poll::Pending };
        ready!(sleep.as_mut().poll(cx));
        let after = *after;
        self.task.abort();
        Poll::Ready(Err(JobError::Timeout(after)))
    }
}

impl<T> Drop for Job<T> {
    fn drop(&mut self) {
        if self.abort_on_drop {
            self.task.abort();
        }
    }
}

impl<T> fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("task", &self.task).finish_non_exhaustive()
    }
}
