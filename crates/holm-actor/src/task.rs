//! The task of one actor: takes messages, handles them, dies in order.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use holm_cell::Consumer;
use holm_wire::ExitReason;
use pin_project_lite::pin_project;

use crate::cell::{Header, Item};
use crate::life::Urgency;
use crate::{Actor, Context, poll_scope};

/// How long a handler may still run after a shutdown was asked for, and then
/// `stopped`: the usual time of a supervisor's child, long enough to finish a request,
/// short enough for an operator to wait. What is not done then is dropped.
pub(crate) const SHUTDOWN_TIME: Duration = Duration::from_secs(5);

/// Messages handled in one poll before other tasks get their turn: enough to spread
/// the cost of a wake-up, few enough that a busy actor delays nobody by much.
const BATCH: u32 = 64;

type Inbox<A> = Consumer<Item<A>, Header<A>>;

/// Everything the task of an actor owns.
struct Body<A: Actor> {
    /// `None` once dropped.
    actor: Option<A>,
    inbox: Inbox<A>,
    cx: Context<A>,
    buried: bool,
}

/// The future to spawn for an actor.
pub(crate) fn task<A: Actor>(
    actor: A,
    inbox: Inbox<A>,
    cx: Context<A>,
) -> impl Future<Output = ()> + Send {
    let mut body = Body { actor: Some(actor), inbox, cx, buried: false };
    Scoped {
        future: async move {
            let reason = body.live().await;
            body.die(reason).await;
        },
    }
}

impl<A: Actor> Body<A> {
    /// Handles messages until there is a reason to end.
    async fn live(&mut self) -> ExitReason {
        let Self { actor: Some(actor), inbox, cx, .. } = self else {
            unreachable!("an actor lives before it dies");
        };
        // The environment's wakers stay good for the life of a task.
        poll_fn(|task| {
            inbox.watch_interrupts(task);
            Poll::Ready(())
        })
        .await;
        match Guarded::new(inbox, || actor.started(cx)).await {
            Ok(Ok(())) => {}
            Ok(Err(reason)) | Err(reason) => return reason,
        }
        let mut handled = 0;
        loop {
            if (cx.is_stopping() || inbox.is_interrupted())
                && let Some(reason) = cx.header().life.reason()
            {
                return reason;
            }
            let outcome = match inbox.pop() {
                Some(Item::Msg(msg)) => Guarded::new(inbox, || actor.handle(msg, cx)).await,
                Some(Item::Signal(signal)) => {
                    Guarded::new(inbox, || actor.signal(*signal, cx)).await
                }
                None => {
                    handled = 0;
                    poll_fn(|task| inbox.poll_ready(task)).await;
                    continue;
                }
            };
            if let Err(reason) = outcome {
                return reason;
            }
            handled += 1;
            if handled == BATCH {
                handled = 0;
                inbox.publish();
                tokio::task::yield_now().await;
            }
        }
    }

    /// Ends the actor, in the order that `docs/semantics.md` promises.
    async fn die(&mut self, reason: ExitReason) {
        let life = &self.cx.header().life;
        life.begin_exit(reason);
        if !life.is_killed()
            && let Some(actor) = &mut self.actor
        {
            let reason = life.reason().unwrap_or(ExitReason::Normal);
            let future = actor.stopped(&reason, &mut self.cx);
            let stopped = LastWords { inbox: &self.inbox, future };
            // Cut off or panicked: the reason stays what it was.
            let _ = tokio::time::timeout(SHUTDOWN_TIME, stopped).await;
        }
        self.drop_actor();
        self.bury();
    }

    fn drop_actor(&mut self) {
        let actor = self.actor.take();
        if catch_unwind(AssertUnwindSafe(|| drop(actor))).is_err() {
            tracing::warn!(actor = %self.cx.pid(), "the actor's Drop panicked");
        }
    }

    fn bury(&mut self) {
        if !std::mem::replace(&mut self.buried, true) {
            let header = self.cx.header();
            header.bury(&header.life.reason().unwrap_or(ExitReason::Killed));
        }
    }
}

/// A task dropped before its end, with its runtime, still tells its watchers. The inbox
/// goes last: what was not handled is dropped, and its calls fail with the reason.
impl<A: Actor> Drop for Body<A> {
    fn drop(&mut self) {
        self.drop_actor();
        self.bury();
    }
}

pin_project! {
    /// Polls an actor's task inside a [`poll_scope`].
    struct Scoped<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<F::Output> {
        poll_scope::enter(|| self.project().future.poll(task))
    }
}

pin_project! {
    /// A handler under way: ends early by a panic or an exit.
    struct Guarded<'a, A: Actor, F> {
        inbox: &'a mut Inbox<A>,
        grace: Option<Pin<Box<tokio::time::Sleep>>>,
        // `None` if the handler panicked instead of returning it.
        #[pin]
        future: Option<F>,
    }
}

impl<'a, A: Actor, F: Future> Guarded<'a, A, F> {
    fn new(inbox: &'a mut Inbox<A>, handler: impl FnOnce() -> F) -> Self {
        let future = catch_unwind(AssertUnwindSafe(handler));
        let future = future.map_err(|payload| panicked(inbox, &*payload)).ok();
        Self { inbox, grace: None, future }
    }
}

/// Makes a panic the exit reason, unless another is fixed, and tells the caller of the
/// message that caused it.
fn panicked<A: Actor>(inbox: &Inbox<A>, payload: &(dyn Any + Send)) -> ExitReason {
    let reason = ExitReason::Failed(panic_text(payload).into());
    inbox.cell().header().life.begin_exit(reason.clone());
    poll_scope::drop_orphans();
    reason
}

impl<A: Actor, F: Future> Future for Guarded<'_, A, F> {
    type Output = Result<F::Output, ExitReason>;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let life = &this.inbox.cell().header().life;
        if this.inbox.is_interrupted() {
            match life.urgency() {
                Urgency::None => {}
                Urgency::Now(reason) => return Poll::Ready(Err(reason)),
                Urgency::Grace(reason) => {
                    let grace = this
                        .grace
                        .get_or_insert_with(|| Box::pin(tokio::time::sleep(SHUTDOWN_TIME)));
                    if grace.as_mut().poll(task).is_ready() {
                        return Poll::Ready(Err(reason));
                    }
                }
            }
        }
        let Some(future) = this.future.as_pin_mut() else {
            return Poll::Ready(Err(life.reason().unwrap_or(ExitReason::Killed)));
        };
        match catch_unwind(AssertUnwindSafe(|| future.poll(task))) {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => {
                this.inbox.publish();
                Poll::Pending
            }
            Err(payload) => Poll::Ready(Err(panicked(this.inbox, &*payload))),
        }
    }
}

pin_project! {
    /// `stopped` under way: ends early by a panic or a kill.
    struct LastWords<'a, A: Actor, F> {
        inbox: &'a Inbox<A>,
        #[pin]
        future: F,
    }
}

impl<A: Actor, F: Future<Output = ()>> Future for LastWords<'_, A, F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<()> {
        let this = self.project();
        if this.inbox.cell().header().life.is_killed() {
            return Poll::Ready(());
        }
        match catch_unwind(AssertUnwindSafe(|| this.future.poll(task))) {
            Ok(poll) => poll,
            Err(payload) => {
                let text = panic_text(&*payload);
                tracing::warn!(actor = %this.inbox.cell().header().pid, text, "`stopped` panicked");
                poll_scope::drop_orphans();
                Poll::Ready(())
            }
        }
    }
}

/// The text of a panic, as far as it is one.
fn panic_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without text")
}
