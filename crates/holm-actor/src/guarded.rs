//! Futures of an actor's own code under guard: a panic or an exit ends them.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use holm_cell::PooledFuture;
use holm_wire::ExitReason;
use tokio::time::Sleep;

use crate::cell::Header;
use crate::life::Urgency;
use crate::task::Queue;
use crate::{Actor, poll_scope};

/// A future of one of an actor's hooks. It does not live in the actor's task, whose size every
/// idle actor pays. `None` if the hook panicked instead of returning it, with the text.
pub(crate) enum Handler<S, M, G> {
    Start(PooledFuture<S>),
    Message(PooledFuture<M>),
    Signal(PooledFuture<G>),
    /// Boxed, as it is rare.
    Panicked(Box<ExitReason>),
}

impl<S, M, G> Handler<S, M, G> {
    pub(crate) fn start(hook: impl FnOnce() -> S) -> Self {
        Self::made(hook, Self::Start)
    }

    #[inline]
    pub(crate) fn message(hook: impl FnOnce() -> M) -> Self {
        Self::made(hook, Self::Message)
    }

    pub(crate) fn signal(hook: impl FnOnce() -> G) -> Self {
        Self::made(hook, Self::Signal)
    }

    #[inline]
    fn made<F>(hook: impl FnOnce() -> F, wrap: fn(PooledFuture<F>) -> Self) -> Self {
        catch_unwind(AssertUnwindSafe(|| PooledFuture::new(hook))).map_or_else(
            |payload| Self::Panicked(Box::new(ExitReason::Failed(panic_text(&*payload).into()))),
            wrap,
        )
    }
}

/// A handler under way: ends early by a panic or an exit.
pub(crate) struct Guarded<'a, A: Actor, S, M, G> {
    queue: &'a mut Queue<A>,
    /// How long it may still run, once a shutdown was asked for.
    grace: Option<Pin<Box<Sleep>>>,
    handler: Handler<S, M, G>,
}

/// What came of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    GoesOn,
    /// The actor ends; the reason is fixed.
    Ends,
}

impl<'a, A: Actor, S, M, G> Guarded<'a, A, S, M, G> {
    pub(crate) fn new(queue: &'a mut Queue<A>, handler: Handler<S, M, G>) -> Self {
        Self { queue, grace: None, handler }
    }

    /// Whether the handler is to be dropped now.
    #[cold]
    fn is_cut_off(&mut self, task: &mut Context<'_>) -> bool {
        let header = self.queue.cell().header();
        match header.life.urgency() {
            Urgency::None => false,
            Urgency::Now(_) => true,
            Urgency::Grace(_) => header.poll_grace(&mut self.grace, task).is_ready(),
        }
    }
}

impl<A, S, M, G> Future for Guarded<'_, A, S, M, G>
where
    A: Actor,
    S: Future<Output = Result<(), ExitReason>>,
    M: Future<Output = ()>,
    G: Future<Output = ()>,
{
    type Output = Outcome;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Outcome> {
        let this = self.get_mut();
        if this.queue.is_interrupted() && this.is_cut_off(task) {
            return Poll::Ready(Outcome::Ends);
        }
        let header = this.queue.cell().header();
        let polled = catch_unwind(AssertUnwindSafe(|| match &mut this.handler {
            Handler::Start(future) => Pin::new(future).poll(task).map(Result::err),
            Handler::Message(future) => Pin::new(future).poll(task).map(|()| None),
            Handler::Signal(future) => Pin::new(future).poll(task).map(|()| None),
            Handler::Panicked(reason) => Poll::Ready(Some((**reason).clone())),
        }));
        match polled {
            Ok(Poll::Ready(None)) => {
                header.stats.note_waits_for(0);
                Poll::Ready(Outcome::GoesOn)
            }
            Ok(Poll::Ready(Some(reason))) => {
                header.life.begin_exit(reason);
                poll_scope::drop_orphans();
                Poll::Ready(Outcome::Ends)
            }
            Ok(Poll::Pending) => {
                header.stats.note_waits_for(poll_scope::take_waits_for());
                this.queue.publish();
                Poll::Pending
            }
            Err(payload) => {
                panicked(header, &*payload);
                Poll::Ready(Outcome::Ends)
            }
        }
    }
}

/// `stopped` under way: ends early by a panic, a kill or the end of the shutdown time.
pub(crate) struct LastWords<'a, A: Actor, F> {
    header: &'a Header<A>,
    grace: Option<Pin<Box<Sleep>>>,
    future: Option<PooledFuture<F>>,
}

impl<'a, A: Actor, F: Future<Output = ()>> LastWords<'a, A, F> {
    pub(crate) fn new(header: &'a Header<A>, stopped: impl FnOnce() -> F) -> Self {
        let future = catch_unwind(AssertUnwindSafe(|| PooledFuture::new(stopped)));
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
        match catch_unwind(AssertUnwindSafe(|| Pin::new(future).poll(task))) {
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
    pub(crate) fn poll_grace(
        &self,
        grace: &mut Option<Pin<Box<Sleep>>>,
        task: &mut Context<'_>,
    ) -> Poll<()> {
        let Some(time) = self.shutdown.limit() else { return Poll::Pending };
        grace.get_or_insert_with(|| Box::pin(tokio::time::sleep(time))).as_mut().poll(task)
    }
}

/// Makes a panic the exit reason, unless another is fixed, and tells the caller of the
/// message that caused it.
pub(crate) fn panicked<A: Actor>(header: &Header<A>, payload: &(dyn Any + Send)) -> ExitReason {
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
