//! Starting jobs, one by one or for each item of a sequence.

use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::sync::Arc;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

use crate::{ActorSystem, Job, JobError};

/// Why a sequence was not worked through. The first failure to come ends all other jobs.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum MapError<E> {
    /// The job of an item returned an error.
    #[error("item {index}: {error}")]
    Failed {
        /// Which item, from 0.
        index: usize,
        /// Its error.
        error: E,
    },
    /// The job of an item has no result.
    #[error("item {index}: {error}")]
    Job {
        /// Which item, from 0.
        index: usize,
        /// Why.
        error: JobError,
    },
}

/// Starts jobs on the runtime of one system. They need no actors, and do not end with any.
pub struct Jobs<'a> {
    system: &'a ActorSystem,
}

impl ActorSystem {
    /// Work beside actors.
    pub fn jobs(&self) -> Jobs<'_> {
        Jobs { system: self }
    }
}

impl Jobs<'_> {
    /// Runs a future in a task of its own.
    pub fn spawn<T, F>(&self, future: F) -> Job<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        Job::start(self.system.env(), future)
    }

    /// Runs `f` for each item, in jobs of which at most `concurrency` run at once (0 counts as 1),
    /// and returns all outcomes in the order of the items.
    ///
    /// Items are taken one by one, as jobs end. Dropping the future aborts the jobs.
    pub async fn map<I, T, F, Fut>(
        &self,
        items: impl IntoIterator<Item = I>,
        concurrency: usize,
        f: F,
    ) -> Vec<Result<T, JobError>>
    where
        I: Send + 'static,
        T: Send + 'static,
        F: Fn(I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = T> + Send + 'static,
    {
        let mut outcomes = Vec::new();
        let ControlFlow::Continue(()) = self
            .for_each(items, concurrency, f, |index, outcome| {
                put(&mut outcomes, index, outcome);
                ControlFlow::<std::convert::Infallible>::Continue(())
            })
            .await;
        in_order(outcomes)
    }

    /// As [`map`](Self::map), but ends with the first failure: the jobs still running are aborted,
    /// and no item is taken any more.
    ///
    /// # Errors
    /// [`MapError`].
    pub async fn try_map<I, T, E, F, Fut>(
        &self,
        items: impl IntoIterator<Item = I>,
        concurrency: usize,
        f: F,
    ) -> Result<Vec<T>, MapError<E>>
    where
        I: Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
        F: Fn(I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        let mut values = Vec::new();
        let flow = self
            .for_each(items, concurrency, f, |index, outcome| {
                match outcome {
                    Ok(Ok(value)) => put(&mut values, index, value),
                    Ok(Err(error)) => return ControlFlow::Break(MapError::Failed { index, error }),
                    Err(error) => return ControlFlow::Break(MapError::Job { index, error }),
                }
                ControlFlow::Continue(())
            })
            .await;
        match flow {
            ControlFlow::Continue(()) => Ok(in_order(values)),
            ControlFlow::Break(error) => Err(error),
        }
    }

    /// Runs the jobs and gives `each` their outcomes as they come.
    async fn for_each<I, T, B, F, Fut>(
        &self,
        items: impl IntoIterator<Item = I>,
        concurrency: usize,
        f: F,
        mut each: impl FnMut(usize, Result<T, JobError>) -> ControlFlow<B>,
    ) -> ControlFlow<B>
    where
        I: Send + 'static,
        T: Send + 'static,
        F: Fn(I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = T> + Send + 'static,
    {
        let f = Arc::new(f);
        let mut items = items.into_iter().enumerate();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < concurrency.max(1)
                && let Some((index, item)) = items.next()
            {
                let f = Arc::clone(&f);
                // Called in the job, so that its panic is the job's.
                let job = self.spawn(async move { f(item).await });
                running.push(job.map(move |outcome| (index, outcome)));
            }
            let Some((index, outcome)) = running.next().await else {
                return ControlFlow::Continue(());
            };
            each(index, outcome)?;
        }
    }
}

/// Keeps what came for `index`.
fn put<T>(slots: &mut Vec<Option<T>>, index: usize, value: T) {
    if slots.len() <= index {
        slots.resize_with(index + 1, || None);
    }
    slots[index] = Some(value);
}

fn in_order<T>(slots: Vec<Option<T>>) -> Vec<T> {
    slots.into_iter().map(|slot| slot.expect("each item has an outcome")).collect()
}

impl fmt::Debug for Jobs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jobs(..)")
    }
}
