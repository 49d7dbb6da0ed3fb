//! The task of one actor: takes messages, handles them, dies in order.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use holm_cell::{Consumer, PooledFuture};
use holm_wire::ExitReason;
use pin_project_lite::pin_project;

use crate::cell::{Header, Item};
use crate::context::IdleEvent;
use crate::guarded::{Guarded, Handler, LastWords, Outcome, panicked};
use crate::inbox::Keeper;
use crate::signal::Settled;
use crate::{Actor, Context, Signal, Turn, poll_scope};

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
    /// Messages and signals taken in this turn.
    taken: u16,
    started: bool,
    /// A bell was heard: the locked inbox is not known to be empty.
    rung: bool,
    buried: bool,
}

/// What an actor does next.
enum Work<A: Actor> {
    Start,
    Handle(A::Msg),
    /// Boxed: it is larger than most messages, whose moves it would make dearer.
    Signal(Box<Signal>),
}

/// The future to spawn for an actor. Its size is paid by every idle actor: what is not needed
/// between two messages is boxed, or kept by the thread.
pub(crate) fn task<A: Actor>(
    actor: A,
    queue: Queue<A>,
    cx: Context<A>,
) -> impl Future<Output = ()> + Send {
    let label = cx.pid().serial.as_u64();
    let mut body = Body {
        actor: Some(actor),
        queue,
        cx,
        taken: 0,
        started: false,
        rung: false,
        buried: false,
    };
    scoped(label, async move {
        loop {
            // In a block, and awaited in place: what is in scope at an await is in the future.
            let mut handling = {
                let Some(work) = poll_fn(|task| body.poll_work(task)).await else { break };
                let Body { actor: Some(actor), queue, cx, .. } = &mut body else {
                    unreachable!("an actor lives before it dies");
                };
                let handler = match work {
                    Work::Start => Handler::start(|| actor.started(cx)),
                    Work::Handle(msg) => Handler::message(|| actor.handle(msg, cx)),
                    Work::Signal(signal) => Handler::signal(|| actor.signal(*signal, cx)),
                };
                Guarded::new(queue, handler)
            };
            if (&mut handling).await == Outcome::Ends {
                break;
            }
        }
        PooledFuture::new(|| body.say_last_words()).await;
        body.drop_actor();
        body.bury();
    })
}

/// Polls an actor's future inside a [`poll_scope`].
pub(crate) fn scoped<F: Future<Output = ()> + Send>(
    label: u64,
    future: F,
) -> impl Future<Output = ()> + Send {
    Scoped { label, future }
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

/// Whether an actor that has taken so much is to let others run.
pub(crate) fn is_turn_over(taken: u16, turn: Turn) -> bool {
    taken >= turn.messages()
        || taken > 0 && taken.is_multiple_of(CLOCK_EVERY) && poll_scope::has_run_for(turn.time())
}

/// Notes what a turn has found, when it has taken the first of it.
pub(crate) fn note_depth<A: Actor>(queue: &Queue<A>) {
    let header = queue.cell().header();
    let left = match &header.keeper {
        Keeper::Locked(inbox) => inbox.len(),
        Keeper::Block | Keeper::Fail(_) | Keeper::DropNew(_) => queue.len(),
    };
    header.stats.note_depth(left + 1);
}

#[cold]
fn take_locked<A: Actor>(queue: &Queue<A>, rung: &mut bool) -> Option<Item<A>> {
    let Keeper::Locked(inbox) = &queue.cell().header().keeper else { return None };
    let item = inbox.take();
    *rung = item.is_some();
    item
}

impl<A: Actor> Body<A> {
    /// What to do next; `None` once there is a reason to end.
    fn poll_work(&mut self, task: &mut TaskContext<'_>) -> Poll<Option<Work<A>>> {
        if !self.started {
            self.started = true;
            // The environment's wakers stay good for the life of a task.
            self.queue.watch_interrupts(task);
            return Poll::Ready(Some(Work::Start));
        }
        self.cx.report_started_once();
        loop {
            if (self.cx.is_stopping() || self.queue.is_interrupted())
                && self.cx.header().life.reason().is_some()
            {
                return Poll::Ready(None);
            }
            if self.is_turn_over() {
                self.end_turn();
                task.waker().wake_by_ref();
                return Poll::Pending;
            }
            let Some(item) = pop(&mut self.queue, &mut self.rung) else {
                self.end_turn();
                self.cx.header().stats.note_idle();
                if self.queue.poll_ready(task).is_ready() {
                    continue;
                }
                match ready!(self.cx.poll_idle(task)) {
                    IdleEvent::Signal => {
                        return Poll::Ready(Some(Work::Signal(Box::new(Signal::Idle))));
                    }
                    IdleEvent::Hibernate => self.queue.hibernate(),
                }
                continue;
            };
            if self.taken == 0 {
                self.cx.end_idle();
                note_depth(&self.queue);
            }
            self.taken += 1;
            match item {
                Item::Msg(msg) => {
                    self.cx.header().stats.note_handling(A::message_index(&msg));
                    return Poll::Ready(Some(Work::Handle(msg)));
                }
                Item::Signal(queued) => match self.cx.header().life.settle(*queued) {
                    Settled::Signal(signal) => {
                        return Poll::Ready(Some(Work::Signal(Box::new(signal))));
                    }
                    Settled::Nothing => {}
                    Settled::Stop(reason) => {
                        self.cx.header().life.begin_exit(reason);
                        return Poll::Ready(None);
                    }
                },
                Item::Due(due) => {
                    let taken = catch_unwind(AssertUnwindSafe(|| due.take(&mut self.cx)));
                    match taken {
                        Ok(Some(msg)) => return Poll::Ready(Some(Work::Handle(msg))),
                        Ok(None) => {}
                        Err(payload) => {
                            panicked(self.cx.header(), &*payload);
                            return Poll::Ready(None);
                        }
                    }
                }
                Item::Bell => {}
            }
        }
    }

    /// Whether others are to have their turn now.
    fn is_turn_over(&self) -> bool {
        is_turn_over(self.taken, self.cx.header().turn)
    }

    /// Notes what the turn took, and makes its room visible.
    fn end_turn(&mut self) {
        let taken = std::mem::take(&mut self.taken);
        self.cx.header().stats.add_handled(u64::from(taken));
        self.queue.publish();
    }

    async fn say_last_words(&mut self) {
        let header = self.queue.cell().header();
        if !header.life.is_killed()
            && let Some(actor) = &mut self.actor
        {
            let reason = header.life.reason().unwrap_or(ExitReason::Normal);
            LastWords::new(header, || actor.stopped(&reason, &mut self.cx)).await;
        }
        self.cx.end_tasks().await;
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
        if let Keeper::Locked(inbox) = &self.cx.header().keeper {
            inbox.close();
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
