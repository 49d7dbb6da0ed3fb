//! The process form: an actor written as one function that receives.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use holm_wire::ExitReason;
use parking_lot::Mutex;
use tokio::time::Sleep;

use crate::cell::{ActorCell, Item};
use crate::context::IdleEvent;
use crate::guarded::panicked;
use crate::life::Urgency;
use crate::signal::{Queued, Settled};
use crate::system::Bond;
use crate::task::{Queue, is_turn_over, note_depth, pop};
use crate::{
    Actor, ActorSystem, Announce, AnyCell, Context, Handle, PlainApi, Ref, Signal, SpawnOptions,
    poll_scope, task,
};

/// An actor in process form, whose messages are `M`.
#[derive(Debug)]
pub struct Process<M>(PhantomData<fn(M)>);

impl<M: Send + 'static> Actor for Process<M> {
    type Msg = M;
    type Api = PlainApi<Self>;

    async fn handle(&mut self, _msg: M, _cx: &mut Context<Self>) {
        unreachable!("a process takes its messages itself");
    }
}

/// What a process receives.
#[derive(Debug)]
pub enum Received<M> {
    /// A message.
    Msg(M),
    /// A signal, in its place among the messages.
    Signal(Signal),
}

/// What a process ends with.
pub trait IntoExit: Send {
    /// The exit reason.
    fn into_exit(self) -> ExitReason;
}

impl IntoExit for () {
    fn into_exit(self) -> ExitReason {
        ExitReason::Normal
    }
}

impl IntoExit for ExitReason {
    fn into_exit(self) -> ExitReason {
        self
    }
}

/// A function that receives for ever ends with nothing.
impl IntoExit for Never {
    fn into_exit(self) -> ExitReason {
        self
    }
}

/// The type `!`, which has no name yet.
type Never = <fn() -> ! as Returns>::Output;

#[doc(hidden)]
#[expect(unnameable_types, reason = "stands for what the language will name")]
pub trait Returns {
    type Output;
}

impl<T> Returns for fn() -> T {
    type Output = T;
}

/// `Ok` is [`ExitReason::Normal`], an error is [`ExitReason::Failed`] with its text.
impl<E: fmt::Display + Send> IntoExit for Result<(), E> {
    fn into_exit(self) -> ExitReason {
        match self {
            Ok(()) => ExitReason::Normal,
            Err(error) => ExitReason::Failed(error.to_string().into()),
        }
    }
}

/// The inbox of a process, from which it takes what it wants, when it wants.
pub struct Inbox<M: Send + 'static> {
    /// `None` once it was given back.
    held: Option<Held<M>>,
    shared: Arc<Shared<M>>,
    cx: Context<Process<M>>,
    /// Taken from the queue in this turn.
    taken: u16,
}

/// Between the function and its task.
struct Shared<M: Send + 'static> {
    /// The queue, once the inbox was dropped.
    back: Mutex<Option<Held<M>>>,
    /// The function waits in a receive: a shutdown ends it at once.
    receiving: AtomicBool,
}

/// The queue, and what was passed over in it.
struct Held<M: Send + 'static> {
    queue: Queue<Process<M>>,
    /// Taken from the queue and not yet received, in order.
    stash: VecDeque<Entry<M>>,
    rung: bool,
}

enum Entry<M> {
    /// Always a message.
    Msg(Received<M>),
    /// Settled when it is received, so that a flush still finds it.
    Signal(Box<Queued>),
}

impl<M: Send + 'static> Inbox<M> {
    /// The process's view of itself and its system.
    pub fn cx(&mut self) -> &mut Context<Process<M>> {
        &mut self.cx
    }

    /// The next message or signal. Cancel safe.
    pub async fn recv(&mut self) -> Received<M> {
        self.recv_if(|_| true).await
    }

    /// The next message or signal; `None` if there is none within `time`. Cancel safe.
    pub async fn recv_timeout(&mut self, time: Duration) -> Option<Received<M>> {
        tokio::time::timeout(time, self.recv()).await.ok()
    }

    /// The next message or signal, if there is one now.
    pub fn try_recv(&mut self) -> Option<Received<M>> {
        self.take_if(&mut |_| true, &mut 0)
    }

    /// The first message or signal that `wanted` accepts. What it passes over stays, in order,
    /// for later receives, and counts against no bound; only a [`Signal::Idle`] does not stay. Cancel
    /// safe.
    pub async fn recv_if(&mut self, mut wanted: impl FnMut(&Received<M>) -> bool) -> Received<M> {
        struct Receiving<'a>(&'a AtomicBool);
        impl Drop for Receiving<'_> {
            fn drop(&mut self) {
                self.0.store(false, Ordering::Relaxed);
            }
        }
        let shared = Arc::clone(&self.shared);
        let _receiving = Receiving(&shared.receiving);
        // What was passed over before is looked at once.
        let mut seen = 0;
        poll_fn(|task| {
            if is_turn_over(self.taken, self.cx.header().turn) {
                self.taken = 0;
                task.waker().wake_by_ref();
                return Poll::Pending;
            }
            loop {
                if let Some(received) = self.take_if(&mut wanted, &mut seen) {
                    return Poll::Ready(received);
                }
                self.taken = 0;
                self.shared.receiving.store(true, Ordering::Relaxed);
                let queue = &mut self.held.as_mut().expect(HELD).queue;
                if queue.poll_ready(task).is_ready() {
                    if queue.is_interrupted() {
                        // The task ends now.
                        return Poll::Pending;
                    }
                    continue;
                }
                match ready!(self.cx.poll_idle(task)) {
                    IdleEvent::Hibernate => queue.hibernate(),
                    IdleEvent::Signal => {
                        let idle = Received::Signal(Signal::Idle);
                        if wanted(&idle) {
                            return Poll::Ready(idle);
                        }
                    }
                }
            }
        })
        .await
    }

    /// The first one from the place `seen` on that `wanted` accepts.
    fn take_if(
        &mut self,
        wanted: &mut impl FnMut(&Received<M>) -> bool,
        seen: &mut usize,
    ) -> Option<Received<M>> {
        let held = self.held.as_mut().expect(HELD);
        loop {
            if *seen == held.stash.len() {
                let entry = match pop(&mut held.queue, &mut held.rung)? {
                    Item::Msg(msg) => Entry::Msg(Received::Msg(msg)),
                    Item::Signal(queued) => Entry::Signal(queued),
                    Item::Due(due) => match due.take(&mut self.cx) {
                        Some(msg) => Entry::Msg(Received::Msg(msg)),
                        None => continue,
                    },
                    Item::Bell => continue,
                };
                self.cx.header().stats.add_handled(1);
                match self.taken {
                    0 => {
                        self.cx.end_idle();
                        note_depth(&held.queue, 1);
                    }
                    1 => poll_scope::start_clock(),
                    _ => {}
                }
                self.taken += 1;
                // It may wait for something else next.
                held.queue.offer_room();
                held.stash.push_back(entry);
            }
            let life = &self.cx.header().life;
            let view = match &held.stash[*seen] {
                Entry::Msg(received) => wanted(received).then_some(()),
                Entry::Signal(queued) => match life.view(queued) {
                    Settled::Signal(signal) => wanted(&Received::Signal(signal)).then_some(()),
                    Settled::Nothing => Some(()),
                    Settled::Stop(reason) if *seen == 0 => {
                        life.begin_exit(reason);
                        self.cx.cell().interrupt();
                        return None;
                    }
                    Settled::Stop(_) => None,
                },
            };
            if view.is_none() {
                *seen += 1;
                continue;
            }
            match held.stash.remove(*seen)? {
                Entry::Msg(received) => return Some(received),
                Entry::Signal(queued) => {
                    if let Settled::Signal(signal) = life.settle(*queued) {
                        return Some(Received::Signal(signal));
                    }
                }
            }
        }
    }
}

/// The inbox is given back when it is dropped.
const HELD: &str = "an inbox holds its queue while it lives";

/// Gives the queue back to the task: its end belongs after the watchers were told.
impl<M: Send + 'static> Drop for Inbox<M> {
    fn drop(&mut self) {
        *self.shared.back.lock() = self.held.take();
    }
}

impl<M: Send + 'static> fmt::Debug for Inbox<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbox({})", self.cx.pid())
    }
}

impl ActorSystem {
    /// Spawns an actor in process form: `body` receives from its inbox and ends with an exit
    /// reason, or a type that becomes one. A panic in it is [`ExitReason::Failed`].
    ///
    /// ```ignore
    /// system.spawn_fn(|mut inbox: Inbox<u64>| async move {
    ///     while let Received::Msg(number) = inbox.recv().await {}
    /// });
    /// ```
    pub fn spawn_fn<M, F, B>(&self, body: B) -> Ref<Process<M>>
    where
        M: Send + 'static,
        F: Future<Output: IntoExit> + Send + 'static,
        B: FnOnce(Inbox<M>) -> F + Send + 'static,
    {
        self.spawn_fn_with(SpawnOptions::default(), body)
    }

    /// [`spawn_fn`](Self::spawn_fn) with options.
    pub fn spawn_fn_with<M, F, B>(&self, options: SpawnOptions, body: B) -> Ref<Process<M>>
    where
        M: Send + 'static,
        F: Future<Output: IntoExit> + Send + 'static,
        B: FnOnce(Inbox<M>) -> F + Send + 'static,
    {
        let cell = self.start(&options, None, |queue, cx| task::scoped(run(queue, cx, body)));
        let pid = cell.header().pid;
        Ref::new(Handle::local(cell), pid)
    }

    /// Spawns an actor in process form for a caller that does not know its type, who hears of it
    /// before it does anything.
    pub fn spawn_fn_announced<M, F, B>(&self, body: B, announce: Announce) -> Arc<dyn AnyCell>
    where
        M: Send + 'static,
        F: Future<Output: IntoExit> + Send + 'static,
        B: FnOnce(Inbox<M>) -> F + Send + 'static,
    {
        let bond = Some(Bond::Announced(announce));
        let options = SpawnOptions::default();
        self.start(&options, bond, |queue, cx| task::scoped(run(queue, cx, body)))
    }
}

/// The task of a process.
async fn run<M, F, B>(mut queue: Queue<Process<M>>, mut cx: Context<Process<M>>, body: B)
where
    M: Send + 'static,
    F: Future<Output: IntoExit> + Send,
    B: FnOnce(Inbox<M>) -> F + Send,
{
    let cell = Arc::clone(cx.cell());
    poll_fn(|task| {
        queue.watch_interrupts(task);
        Poll::Ready(())
    })
    .await;
    cx.report_started_once();
    let shared = Arc::new(Shared { back: Mutex::new(None), receiving: AtomicBool::new(false) });
    let end = End { cell, shared: Arc::clone(&shared) };
    let held = Some(Held { queue, stash: VecDeque::new(), rung: false });
    let inbox = Inbox { held, shared, cx, taken: 0 };
    let future = catch_unwind(AssertUnwindSafe(|| Box::pin(body(inbox))));
    let cell = &end.cell;
    let reason = match future {
        Ok(future) => Running { end: &end, grace: None, future }.await,
        Err(payload) => panicked(cell.header(), &*payload),
    };
    cell.header().life.begin_exit(reason);
}

/// The end of a process, however it comes: tells who watches, then drops the inbox.
struct End<M: Send + 'static> {
    cell: Arc<ActorCell<Process<M>>>,
    shared: Arc<Shared<M>>,
}

impl<M: Send + 'static> Drop for End<M> {
    fn drop(&mut self) {
        let header = self.cell.header();
        header.bury(&header.life.reason().unwrap_or(ExitReason::Killed));
        if let Some(inbox) = header.keeper.locked() {
            inbox.close();
        }
        drop(self.shared.back.lock().take());
    }
}

/// The function of a process under way: ends early by a panic or an exit.
struct Running<'a, M: Send + 'static, F> {
    end: &'a End<M>,
    grace: Option<Pin<Box<Sleep>>>,
    future: Pin<Box<F>>,
}

impl<M: Send + 'static, F> Running<'_, M, F> {
    /// The reason to end now, if there is one.
    fn poll_exit(&mut self, task: &mut TaskContext<'_>) -> Option<ExitReason> {
        let header = self.end.cell.header();
        match header.life.urgency() {
            Urgency::None => None,
            Urgency::Now(reason) => Some(reason),
            Urgency::Grace(reason) => (self.end.shared.receiving.load(Ordering::Relaxed)
                || header.poll_grace(&mut self.grace, task).is_ready())
            .then_some(reason),
        }
    }
}

impl<M: Send + 'static, F: Future<Output: IntoExit>> Future for Running<'_, M, F> {
    type Output = ExitReason;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<ExitReason> {
        let this = self.get_mut();
        if let Some(reason) = this.poll_exit(task) {
            return Poll::Ready(reason);
        }
        match catch_unwind(AssertUnwindSafe(|| this.future.as_mut().poll(task))) {
            Ok(Poll::Ready(end)) => Poll::Ready(end.into_exit()),
            Ok(Poll::Pending) => {
                this.end.cell.header().stats.note_waits_for(poll_scope::take_waits_for());
                // It may have come to a receive with an exit under way.
                this.poll_exit(task).map_or(Poll::Pending, Poll::Ready)
            }
            Err(payload) => Poll::Ready(panicked(this.end.cell.header(), &*payload)),
        }
    }
}
