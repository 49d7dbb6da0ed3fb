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
use crate::guarded::{Guarded, LastWords, Outcome, panicked};
use crate::inbox::LockedInbox;
use crate::signal::Settled;
use crate::{Actor, Behaviour, Context, Signal, Turn, poll_scope};

/// Messages between two looks at the clock: a look costs about as much as handling one.
const CLOCK_EVERY: u16 = 16;

/// The receiving end of an actor's queue.
pub(crate) type Queue<A> = Consumer<Item<A>, Header<A>>;

/// Everything the task of an actor owns.
struct Body<A: Actor, B> {
    /// `None` once dropped.
    actor: Option<B>,
    queue: Queue<A>,
    cx: Context<A>,
    /// Messages and signals taken in this turn.
    taken: u16,
    started: bool,
    /// Its supervisor has heard that it has started.
    announced: bool,
    /// A bell was heard: the locked inbox is not known to be empty.
    rung: bool,
    buried: bool,
}

/// What an actor does next. Boxed is what is rare, so that the usual needs no memory to be returned.
enum Work<A: Actor> {
    Start,
    /// Handle the next message, which is still in the queue.
    Next,
    /// Handle a message that was somewhere else: a timer's, or one of a locked inbox.
    Handle(Box<A::Msg>),
    Signal(Box<Signal>),
}

/// The future to spawn for an actor. Its size is paid by every idle actor: what is not needed
/// between two messages is boxed, or kept by the thread.
pub(crate) fn task<A: Actor, B: Behaviour<A>>(
    actor: B,
    queue: Queue<A>,
    cx: Context<A>,
) -> impl Future<Output = ()> + Send {
    let mut body = Body {
        actor: Some(actor),
        queue,
        cx,
        taken: 0,
        started: false,
        announced: false,
        rung: false,
        buried: false,
    };
    scoped(async move {
        loop {
            let work = if body.takes_next() {
                Work::Next
            } else {
                let Some(work) = poll_fn(|task| body.poll_work(task)).await else { break };
                work
            };
            let Body { actor: Some(actor), queue, cx, .. } = &mut body else {
                unreachable!("an actor lives before it dies");
            };
            // What is rare lives elsewhere, like the handlers' futures.
            let outcome = match work {
                Work::Next => {
                    Guarded::new(queue, |queue| actor.handle(next_message(queue), cx)).await
                }
                Work::Handle(msg) => {
                    PooledFuture::new(|| Guarded::new(queue, |_| actor.handle(*msg, cx))).await
                }
                Work::Start => {
                    PooledFuture::new(|| Guarded::new(queue, |_| actor.started(cx))).await
                }
                Work::Signal(signal) => {
                    PooledFuture::new(|| Guarded::new(queue, |_| actor.signal(*signal, cx))).await
                }
            };
            if outcome == Outcome::Ends {
                break;
            }
        }
        PooledFuture::new(|| body.say_last_words()).await;
        body.drop_actor();
        body.bury();
    })
}

/// Polls an actor's future inside a [`poll_scope`].
pub(crate) fn scoped<F: Future<Output = ()> + Send>(future: F) -> impl Future<Output = ()> + Send {
    Scoped { future }
}

/// The message that was seen to be next.
#[inline]
fn next_message<A: Actor>(queue: &mut Queue<A>) -> A::Msg {
    match queue.pop() {
        Some(Item::Msg(msg)) => msg,
        _ => unreachable!("it was seen, and only this task takes"),
    }
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

/// Notes what a turn has found, `out` of which it has taken.
pub(crate) fn note_depth<A: Actor>(queue: &Queue<A>, out: usize) {
    let header = queue.cell().header();
    let left = header.keeper.locked().map_or_else(|| queue.len(), LockedInbox::len);
    header.stats.note_depth(left + out);
}

#[cold]
fn take_locked<A: Actor>(queue: &Queue<A>, rung: &mut bool) -> Option<Item<A>> {
    let inbox = queue.cell().header().keeper.locked()?;
    let item = inbox.take();
    *rung = item.is_some();
    item
}

impl<A: Actor, B: Behaviour<A>> Body<A, B> {
    /// Whether the next message of the queue is what to do next: most often so, and found in few steps.
    #[inline]
    fn takes_next(&mut self) -> bool {
        if self.rung || !self.announced || self.cx.is_stopping() || self.queue.is_interrupted() {
            return false;
        }
        let Some(Item::Msg(msg)) = self.queue.peek() else { return false };
        let header = self.queue.cell().header();
        if is_turn_over(self.taken, header.turn) {
            return false;
        }
        header.stats.note_handling(A::message_index(msg));
        self.note_taken(0);
        true
    }

    /// Counts what is taken out of the inbox; `out` of it is out already.
    #[inline]
    fn note_taken(&mut self, out: usize) {
        match self.taken {
            0 => {
                self.cx.end_idle();
                note_depth(&self.queue, out);
            }
            // A turn of a single message looks at no clock.
            1 => poll_scope::start_clock(),
            _ => {}
        }
        self.taken += 1;
    }

    /// What to do next; `None` once there is a reason to end.
    #[inline]
    fn poll_work(&mut self, task: &mut TaskContext<'_>) -> Poll<Option<Work<A>>> {
        if self.takes_next() {
            return Poll::Ready(Some(Work::Next));
        }
        self.poll_other_work(task)
    }

    /// The handling of a message that was taken out.
    fn to_handle(&self, msg: A::Msg) -> Work<A> {
        self.cx.header().stats.note_handling(A::message_index(&msg));
        Work::Handle(Box::new(msg))
    }

    fn poll_other_work(&mut self, task: &mut TaskContext<'_>) -> Poll<Option<Work<A>>> {
        if !self.started {
            self.started = true;
            // The environment's wakers stay good for the life of a task.
            self.queue.watch_interrupts(task);
            return Poll::Ready(Some(Work::Start));
        }
        if !self.announced {
            self.announced = true;
            self.cx.report_started_once();
        }
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
                // Waiting publishes.
                self.count_turn();
                self.cx.header().stats.note_unnamed();
                if self.queue.poll_ready(task).is_ready() {
                    if self.takes_next() {
                        return Poll::Ready(Some(Work::Next));
                    }
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
            self.note_taken(1);
            match item {
                Item::Msg(msg) => return Poll::Ready(Some(self.to_handle(msg))),
                Item::Signal(queued) => match self.cx.header().life.settle(*queued) {
                    Settled::Signal(signal) => {
                        self.cx.header().stats.note_unnamed();
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
                        Ok(Some(msg)) => return Poll::Ready(Some(self.to_handle(msg))),
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
        self.count_turn();
        self.queue.publish();
    }

    #[inline]
    fn count_turn(&mut self) {
        let taken = std::mem::take(&mut self.taken);
        self.cx.header().stats.add_handled(u64::from(taken));
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
}

impl<A: Actor, B> Body<A, B> {
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
impl<A: Actor, B> Drop for Body<A, B> {
    fn drop(&mut self) {
        self.drop_actor();
        self.bury();
        if let Some(inbox) = self.cx.header().keeper.locked() {
            inbox.close();
        }
    }
}

pin_project! {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::ActorCell;
    use crate::{PlainApi, Ref};

    struct Counter(u64);

    impl Actor for Counter {
        type Msg = u64;
        type Api = PlainApi<Self>;

        async fn handle(&mut self, add: u64, _: &mut Context<Self>) {
            self.0 += add;
        }
    }

    /// What an idle actor takes, beside its place in the table of serials (32 bytes) and what the
    /// scheduler adds to a task (64).
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn sizes() {
        fn returned<A, B, F>(_: impl Fn(A, B) -> F) -> usize {
            size_of::<F>()
        }
        let task = returned(|queue, cx| task::<Counter, _>(Counter(0), queue, cx));
        let (cell, reference) = (size_of::<ActorCell<Counter>>(), size_of::<Ref<Counter>>());
        println!("bytes: cell {cell}, task {task}, reference {reference}");
        // With two counts before it the cell fills an allocation of 200 bytes, and the task one of 216.
        assert!(cell <= 184 && task <= 152 && reference <= 32);
    }
}
