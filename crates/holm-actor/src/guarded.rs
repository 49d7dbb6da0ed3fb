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

/// What a hook returns: `None`, or the reason to end with.
pub(crate) trait Verdict {
    fn reason(self) -> Option<ExitReason>;
}

impl Verdict for () {
    #[inline]
    fn reason(self) -> Option<ExitReason> {
        None
    }
}

impl Verdict for Result<(), ExitReason> {
    fn reason(self) -> Option<ExitReason> {
        self.err()
    }
}

/// One of an actor's hooks, called at the first poll; it ends early by a panic or an exit.
///
/// Its future does not live in the actor's task, whose size every idle actor pays, and the message
/// goes from the queue to there.
pub(crate) struct Guarded<'a, A: Actor, H, F> {
    queue: &'a mut Queue<A>,
    stage: Stage<H, F>,
    /// How long it may still run, once a shutdown was asked for.
    grace: Option<Pin<Box<Sleep>>>,
}

enum Stage<H, F> {
    Called(H),
    Running(PooledFuture<F>),
    Over,
}

// The future lies elsewhere, and a hook not yet called is only moved.
impl<A: Actor, H, F> Unpin for Guarded<'_, A, H, F> {}

/// What came of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    GoesOn,
    /// The actor ends; the reason is fixed.
    Ends,
}

impl<'a, A: Actor, H, F> Guarded<'a, A, H, F>
where
    H: FnOnce(&mut Queue<A>) -> F,
{
    #[inline]
    pub(crate) fn new(queue: &'a mut Queue<A>, hook: H) -> Self {
        Self { queue, stage: Stage::Called(hook), grace: None }
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

impl<A, H, F> Guarded<'_, A, H, F>
where
    A: Actor,
    H: FnOnce(&mut Queue<A>) -> F,
    F: Future<Output: Verdict>,
{
    /// Calls the hook if that is still to do, and polls its future; the only place where foreign code
    /// runs, but for what is dropped when it is cut off.
    #[inline]
    fn poll_hook(&mut self, task: &mut Context<'_>) -> Poll<F::Output> {
        let mut future = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Called(hook) => PooledFuture::new(|| hook(self.queue)),
            Stage::Running(future) => future,
            Stage::Over => unreachable!("polled after it was over"),
        };
        let polled = Pin::new(&mut future).poll(task);
        if polled.is_pending() {
            self.stage = Stage::Running(future);
        }
        polled
    }
}

impl<A, H, F> Future for Guarded<'_, A, H, F>
where
    A: Actor,
    H: FnOnce(&mut Queue<A>) -> F,
    F: Future<Output: Verdict>,
{
    type Output = Outcome;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Outcome> {
        let this = self.get_mut();
        if this.queue.is_interrupted() && this.is_cut_off(task) {
            this.stage = Stage::Over;
            return Poll::Ready(Outcome::Ends);
        }
        let resumed = matches!(this.stage, Stage::Running(_));
        let polled = catch_unwind(AssertUnwindSafe(|| this.poll_hook(task).map(Verdict::reason)));
        let header = this.queue.cell().header();
        match polled {
            Ok(Poll::Ready(None)) => {
                if resumed {
                    header.stats.note_waits_for(0);
                }
                Poll::Ready(Outcome::GoesOn)
            }
            Ok(Poll::Ready(Some(reason))) => {
                header.life.begin_exit(reason);
                poll_scope::drop_orphans();
                Poll::Ready(Outcome::Ends)
            }
            Ok(Poll::Pending) => {
                header.stats.note_waits_for(poll_scope::take_waits_for());
                // What it waits for may be up to somebody who waits for room.
                this.queue.offer_room();
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
        header.stats.note_waits_for(0);
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
            Ok(Poll::Pending) => {
                this.header.stats.note_waits_for(poll_scope::take_waits_for());
                this.header.poll_grace(&mut this.grace, task)
            }
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
