//! Futures of an actor's own code under guard: a panic or an exit ends them.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use holm_wire::ExitReason;
use tokio::time::Sleep;

use crate::cell::Header;
use crate::life::Urgency;
use crate::task::Queue;
use crate::{Actor, poll_scope};

/// Where a handler's future lives: not in the actor's task, whose size every idle actor pays.
type Boxed<F> = Pin<Box<F>>;

/// A handler under way: ends early by a panic or an exit.
pub(crate) struct Guarded<'a, A: Actor, F> {
    queue: &'a mut Queue<A>,
    /// How long it may still run, once a shutdown was asked for.
    grace: Option<Pin<Box<Sleep>>>,
    /// `None` if the handler panicked instead of returning it.
    future: Option<Boxed<F>>,
    /// It has awaited something.
    waited: bool,
}

impl<'a, A: Actor, F: Future> Guarded<'a, A, F> {
    pub(crate) fn new(queue: &'a mut Queue<A>, handler: impl FnOnce() -> F) -> Self {
        let future = catch_unwind(AssertUnwindSafe(|| Box::pin(handler())));
        let future = future.map_err(|payload| panicked(queue.cell().header(), &*payload)).ok();
        Self { queue, grace: None, future, waited: false }
    }

    /// The reason to drop the handler now, if there is one.
    #[cold]
    fn poll_interrupted(&mut self, task: &mut Context<'_>) -> Option<ExitReason> {
        let header = self.queue.cell().header();
        match header.life.urgency() {
            Urgency::None => None,
            Urgency::Now(reason) => Some(reason),
            Urgency::Grace(reason) => {
                header.poll_grace(&mut self.grace, task).is_ready().then_some(reason)
            }
        }
    }
}

impl<A: Actor, F: Future> Future for Guarded<'_, A, F> {
    type Output = Result<F::Output, ExitReason>;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.queue.is_interrupted()
            && let Some(reason) = this.poll_interrupted(task)
        {
            return Poll::Ready(Err(reason));
        }
        let header = this.queue.cell().header();
        let Some(future) = &mut this.future else {
            return Poll::Ready(Err(header.life.reason().unwrap_or(ExitReason::Killed)));
        };
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(task))) {
            Ok(Poll::Ready(output)) => {
                if this.waited {
                    header.stats.note_waits_for(0);
                }
                Poll::Ready(Ok(output))
            }
            Ok(Poll::Pending) => {
                header.stats.note_waits_for(poll_scope::take_waits_for());
                this.waited = true;
                this.queue.publish();
                Poll::Pending
            }
            Err(payload) => Poll::Ready(Err(panicked(header, &*payload))),
        }
    }
}

/// `stopped` under way: ends early by a panic, a kill or the end of the shutdown time.
pub(crate) struct LastWords<'a, A: Actor, F> {
    header: &'a Header<A>,
    grace: Option<Pin<Box<Sleep>>>,
    future: Option<Boxed<F>>,
}

impl<'a, A: Actor, F: Future<Output = ()>> LastWords<'a, A, F> {
    pub(crate) fn new(header: &'a Header<A>, stopped: impl FnOnce() -> F) -> Self {
        let future = catch_unwind(AssertUnwindSafe(|| Box::pin(stopped())));
        let future = future.map_err(|payload| stopped_panicked(header, &*payload)).ok();
        Self { header, grace: None, future }
    }
}

impl<A: Actor, F: Future<Output = ()>> Future for LastWords<'_, A, F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let Some(future) = &mut this.future else { return Poll::Ready(()) };
        if this.header.life.is_killed() {
            return Poll::Ready(());
        }
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(task))) {
            Ok(Poll::Ready(())) => Poll::Ready(()),
            Ok(Poll::Pending) => this.header.poll_grace(&mut this.grace, task),
            Err(payload) => {
                stopped_panicked(this.header, &*payload);
                Poll::Ready(())
            }
        }
    }
}

impl<A: Actor> Header<A> {
    /// Ready when the shutdown time is over, counted from the first call.
    pub(crate) fn poll_grace(&self, grace: &mut Option<Pin<Box<Sleep>>>, task: &mut Context<'_>) -> Poll<()> {
        let Some(time) = self.shutdown.limit() else { return Poll::Pending };
        grace.get_or_insert_with(|| Box::pin(tokio::time::sleep(time))).as_mut().poll(task)
    }
}

/// Makes a panic the exit reason, unless another is fixed, and tells the caller of the
/// message that caused it.
pub(crate) fn panicked<A: Actor>(
    header: &Header<A>,
    payload: &(dyn Any + Send),
) -> ExitReason {
    let reason = ExitReason::Failed(panic_text(payload).into());
    header.life.begin_exit(reason.clone());
    poll_scope::drop_orphans();
    reason
}

fn stopped_panicked<A: Actor>(header: &Header<A>, payload: &(dyn Any + Send)) {
    tracing::warn!(actor = %header.pid, text = panic_text(payload), "`stopped` panicked");
    poll_scope::drop_orphans();
}

/// The text of a panic, as far as it is one.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without text")
}
