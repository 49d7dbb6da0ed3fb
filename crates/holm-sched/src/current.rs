//! Which worker this thread is polling.

use std::{
    cell::{Cell, RefCell},
    pin::pin,
    task::{Context, Waker},
};

use crate::{
    local::{Found, Local},
    shared::{Shared, Task},
};

thread_local! {
    /// The worker itself, moved here for the length of a poll: its queue is not `Sync`, and wake-ups on the
    /// thread push onto it. Borrowed for single steps only, never while a task runs.
    static CURRENT: RefCell<Option<Local>> = const { RefCell::new(None) };

    /// A worker that yielded on this thread and has not been polled on it since.
    static YIELDED: RefCell<Option<Waker>> = const { RefCell::new(None) };

    /// What a task has put off until there is no other one to run.
    static PUT_OFF: Cell<Option<fn()>> = const { Cell::new(None) };
}

/// Has `call` called on this thread as soon as the worker being polled on it finds no task, or lets go of the
/// thread. One call is kept. `false` if no worker is being polled here.
///
/// A turn that takes long holds it up.
pub fn put_off(call: fn()) -> bool {
    let put_off = is_worker();
    if put_off {
        PUT_OFF.set(Some(call));
    }
    put_off
}

/// Makes the call that was put off; `true` if there was one.
pub(crate) fn catch_up() -> bool {
    PUT_OFF.take().map(|call| call()).is_some()
}

/// What became of a task offered to the current worker.
pub(crate) enum Offer {
    /// Queued where nothing else waited: the worker itself gets to it after its turn.
    Alone,
    /// Queued behind others.
    Behind,
    /// No worker of that scheduler is being polled on this thread.
    Refused(Task),
}

/// Queues `task` on the current worker, if that is one of `shared`.
pub(crate) fn offer(shared: &Shared, task: Task) -> Offer {
    let mut task = Some(task);
    let alone = with(|local| match task.take_if(|_| local.belongs_to(shared)) {
        Some(task) => local.push(task),
        None => false,
    });
    match (task, alone) {
        (Some(task), _) => Offer::Refused(task),
        (None, Some(true)) => Offer::Alone,
        (None, _) => Offer::Behind,
    }
}

/// The next task for the current worker, which has ended `turns` turns.
pub(crate) fn find(turns: u64) -> Option<Found> {
    with(|local| local.find(turns)).flatten()
}

/// Whether a worker, of whatever scheduler, is being polled on this thread.
pub(crate) fn is_worker() -> bool {
    with(|_| ()).is_some()
}

/// Has the worker that is being polled yield to the runtime: other tasks go first, then the I/O.
///
/// Unlike waking itself this wakes no other thread. The price is that other threads cannot take the worker
/// over meanwhile; so the next worker on this thread, if another one, must wake it ([`take_yielded`]).
pub(crate) fn yield_now(cx: &mut Context<'_>) {
    YIELDED.set(Some(cx.waker().clone()));
    // The runtime keeps the waker.
    let _ = pin!(tokio::task::yield_now()).poll(cx);
}

/// The worker that yielded on this thread, if another than `this`.
pub(crate) fn take_yielded(this: &Waker) -> Option<Waker> {
    YIELDED.take().filter(|yielded| !yielded.will_wake(this))
}

/// `None` outside of workers, as on a thread that ends and has lost its locals.
fn with<T>(call: impl FnOnce(&Local) -> T) -> Option<T> {
    CURRENT.try_with(|current| current.borrow().as_ref().map(call)).ok().flatten()
}

/// Makes the worker in `home` the current one until it is dropped, which puts the worker back. Polls of
/// workers can be nested: a task may block its thread on another runtime.
pub(crate) struct Entered<'a> {
    home: &'a mut Option<Local>,
    outer: Option<Local>,
}

impl<'a> Entered<'a> {
    pub(crate) fn new(home: &'a mut Option<Local>) -> Self {
        let outer = CURRENT.replace(home.take());
        Self { home, outer }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        *self.home = CURRENT.replace(self.outer.take());
    }
}
