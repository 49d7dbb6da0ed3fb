//! The task of one actor: takes messages, handles them, dies in order.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use holm_cell::Consumer;
use holm_wire::ExitReason;
use pin_project_lite::pin_project;
use tokio::time::{Instant, timeout, timeout_at};

use crate::cell::{Header, Item};
use crate::context::IdlePlan;
use crate::guarded::{Guarded, LastWords};
use crate::inbox::Keeper;
use crate::signal::Settled;
use crate::{Actor, Context, Signal, poll_scope};

/// Messages between two looks at the clock: a look costs about as much as handling one.
const CLOCK_EVERY: u16 = 8;

/// The receiving end of an actor's queue.
pub(crate) type Queue<A> = Consumer<Item<A>, Header<A>>;

/// Everything the task of an actor owns.
struct Body<A: Actor> {
    /// `None` once dropped.
    actor: Option<A>,
    queue: Queue<A>,
    cx: Context<A>,
    /// A bell was heard: the locked inbox is not known to be empty.
    rung: bool,
    buried: bool,
}

/// The future to spawn for an actor.
pub(crate) fn task<A: Actor>(
    actor: A,
    queue: Queue<A>,
    cx: Context<A>,
) -> impl Future<Output = ()> + Send {
    let label = cx.pid().serial.as_u64();
    let mut body = Body { actor: Some(actor), queue, cx, rung: false, buried: false };
    scoped(label, async move {
        let reason = body.live().await;
        body.die(reason).await;
    })
}

/// Polls an actor's future inside a [`poll_scope`].
pub(crate) fn scoped<F: Future<Output = ()> + Send>(
    label: u64,
    future: F,
) -> impl Future<Output = ()> + Send {
    Scoped { label, future }
}

/// Lets others run, and is then polled again.
pub(crate) async fn end_turn() {
    let mut ended = false;
    poll_fn(|task| {
        if std::mem::replace(&mut ended, true) {
            return Poll::Ready(());
        }
        task.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// What arrived first.
pub(crate) fn pop<A: Actor>(queue: &mut Queue<A>, rung: &mut bool) -> Option<Item<A>> {
    if *rung && let Some(item) = take_locked(queue, rung) {
        return Some(item);
    }
    match queue.pop()? {
        Item::Bell => take_locked(queue, rung),
        item => Some(item),
    }
}

#[cold]
fn take_locked<A: Actor>(queue: &Queue<A>, rung: &mut bool) -> Option<Item<A>> {
    let Keeper::Locked(inbox) = &queue.cell().header().keeper else { return None };
    let item = inbox.take();
    *rung = item.is_some();
    item
}

impl<A: Actor> Body<A> {
    /// Handles messages until there is a reason to end.
    async fn live(&mut self) -> ExitReason {
        let Self { actor: Some(actor), queue, cx, rung, .. } = self else {
            unreachable!("an actor lives before it dies");
        };
        watch_interrupts(queue).await;
        match Guarded::new(queue, || actor.started(cx)).await {
            Ok(Ok(())) if cx.reports_start() => cx.report_started(),
            Ok(Ok(())) => {}
            Ok(Err(reason)) | Err(reason) => return reason,
        }
        let turn = cx.header().turn;
        let mut taken = 0;
        loop {
            if (cx.is_stopping() || queue.is_interrupted())
                && let Some(reason) = cx.header().life.reason()
            {
                return reason;
            }
            let Some(item) = pop(queue, rung) else {
                cx.header().stats.add_handled(u64::from(std::mem::take(&mut taken)));
                cx.header().stats.note_idle();
                if wait(queue, cx).await == Wake::Idle
                    && let Err(reason) =
                        Guarded::new(queue, || actor.signal(Signal::Idle, cx)).await
                {
                    return reason;
                }
                continue;
            };
            if taken == 0 {
                cx.header().stats.note_depth(queue.len() + 1);
            }
            let outcome = match item {
                Item::Msg(msg) => {
                    cx.header().stats.note_handling(A::message_index(&msg));
                    Guarded::new(queue, || actor.handle(msg, cx)).await
                }
                Item::Signal(queued) => match cx.header().life.settle(*queued) {
                    Settled::Signal(signal) => {
                        Guarded::new(queue, || actor.signal(signal, cx)).await
                    }
                    Settled::Nothing => Ok(()),
                    Settled::Stop(reason) => Err(reason),
                },
                Item::Bell => Ok(()),
            };
            if let Err(reason) = outcome {
                return reason;
            }
            taken += 1;
            if taken >= turn.messages()
                || taken.is_multiple_of(CLOCK_EVERY) && poll_scope::has_run_for(turn.time())
            {
                cx.header().stats.add_handled(u64::from(std::mem::take(&mut taken)));
                queue.publish();
                end_turn().await;
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
            let cell = self.queue.cell();
            LastWords::new(cell.header(), || actor.stopped(&reason, &mut self.cx)).await;
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
            self.cx.end_tasks();
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
        if let Keeper::Locked(inbox) = &self.cx.header().keeper {
            inbox.close();
        }
    }
}

/// Has exits wake the task from now on. The environment's wakers stay good for its life.
pub(crate) async fn watch_interrupts<A: Actor>(queue: &mut Queue<A>) {
    poll_fn(|task| {
        queue.watch_interrupts(task);
        Poll::Ready(())
    })
    .await;
}

/// Why an actor that waits goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wake {
    /// Something arrived, or it is to end.
    Ready,
    /// It was idle for as long as it had asked for.
    Idle,
}

async fn wait<A: Actor>(queue: &mut Queue<A>, cx: &Context<A>) -> Wake {
    match cx.idle_plan() {
        // Boxed: few actors have a plan, and its timers would make every actor larger.
        Some(plan) => Box::pin(wait_idle(queue, plan)).await,
        None => {
            poll_fn(|task| queue.poll_ready(task)).await;
            Wake::Ready
        }
    }
}

async fn wait_idle<A: Actor>(queue: &mut Queue<A>, plan: IdlePlan) -> Wake {
    let start = Instant::now();
    if let Some(after) = plan.hibernate_after {
        let ready = poll_fn(|task| queue.poll_ready(task));
        if timeout(after.min(plan.signal_after.unwrap_or(after)), ready).await.is_ok() {
            return Wake::Ready;
        }
    }
    let ready = poll_fn(|task| queue.poll_ready(task));
    match plan.signal_after {
        Some(after) => match timeout_at(start + after, ready).await {
            Ok(()) => Wake::Ready,
            Err(_) => Wake::Idle,
        },
        None => {
            ready.await;
            Wake::Ready
        }
    }
}

pin_project! {
    struct Scoped<F> {
        label: u64,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<F::Output> {
        let this = self.project();
        holm_sched::note_current(*this.label);
        poll_scope::enter(|| this.future.poll(task))
    }
}
