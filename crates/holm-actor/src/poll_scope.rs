//! What one poll of an actor leaves to be done at its end.
//!
//! A send to another node only appends bytes to that node's open batch. They are
//! written on the same thread, when the actor's poll ends and no other actor is to
//! run there, or some have: so a burst is one system call, also one of many actors,
//! and a round trip costs no extra wake-up.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// Something with bytes to write.
pub trait Flush: Send + Sync + 'static {
    /// Writes what is pending, without blocking. Called on the thread that made it
    /// pending, at the end of a poll.
    fn flush(&self);

    /// Has some other task call [`flush`](Self::flush) soon: the bytes were made
    /// pending outside an actor's poll.
    fn wake_writer(&self);
}

/// Polls that may follow the one that made something pending, before it is flushed: a system call is
/// 5 us, a poll often 0.1.
const PUT_OFF_POLLS: u32 = 32;
/// A poll this long puts nothing off: neither, most likely, is the next one short.
const PUT_OFF_TIME: Duration = Duration::from_micros(20);

/// What this thread's running actor leaves. The lists keep their memory from poll to poll.
struct PollScope {
    pending: RefCell<Vec<Arc<dyn Flush>>>,
    /// Polls that have put off flushing that.
    put_off: Cell<u32>,
    /// Replies dropped by a panic, kept until the exit reason is known.
    orphans: RefCell<Vec<Box<dyn Any>>>,
    /// When the clock of this poll was started.
    since: Cell<Option<Instant>>,
    /// The serial of the actor whose reply the running handler waits for; 0 for none.
    waits_for: Cell<u64>,
}

thread_local! {
    // For itself: it needs no destructor, and so costs next to nothing.
    /// Whether this thread polls an actor.
    static ACTIVE: Cell<bool> = const { Cell::new(false) };
    static SCOPE: PollScope = const {
        PollScope {
            pending: RefCell::new(Vec::new()),
            put_off: Cell::new(0),
            orphans: RefCell::new(Vec::new()),
            since: Cell::new(None),
            waits_for: Cell::new(0),
        }
    };
}

/// Flushes `target` at the end of the running actor's poll, or, outside one,
/// through its writer.
#[inline]
pub fn flush_later<F: Flush>(target: &Arc<F>) {
    if !ACTIVE.get() {
        return target.wake_writer();
    }
    SCOPE.with(|scope| {
        let mut pending = scope.pending.borrow_mut();
        let at = Arc::as_ptr(target).cast::<()>();
        if !pending.iter().any(|other| Arc::as_ptr(other).cast::<()>() == at) {
            pending.push(Arc::clone(target) as Arc<dyn Flush>);
        }
    });
}

/// Keeps `orphan` until [`drop_orphans`]; outside an actor's poll it is dropped at once.
pub(crate) fn keep_orphan(orphan: Box<dyn Any>) {
    if ACTIVE.get() {
        SCOPE.with(|scope| scope.orphans.borrow_mut().push(orphan));
    }
}

/// Drops what a panic orphaned, now that the exit reason can be seen.
pub(crate) fn drop_orphans() {
    drop(SCOPE.with(|scope| scope.orphans.take()));
}

/// Starts the clock of this poll, unless it runs.
pub(crate) fn start_clock() {
    SCOPE.with(|scope| {
        if scope.since.get().is_none() {
            scope.since.set(Some(Instant::now()));
        }
    });
}

/// Whether this poll has gone on for `time` since [`start_clock`], which is now at the latest.
pub(crate) fn has_run_for(time: Duration) -> bool {
    start_clock();
    SCOPE.with(|scope| scope.since.get().is_some_and(|since| since.elapsed() >= time))
}

/// Notes that the running handler waits for a reply of the actor with this serial.
pub(crate) fn note_waits_for(serial: u64) {
    SCOPE.with(|scope| scope.waits_for.set(serial));
}

/// What [`note_waits_for`] noted in this poll; 0 for nothing.
pub(crate) fn take_waits_for() -> u64 {
    SCOPE.with(|scope| scope.waits_for.take())
}

/// Polls an actor, then has what the poll made pending flushed.
pub(crate) fn enter<R>(poll: impl FnOnce() -> R) -> R {
    /// Ends the scope, also when `poll` unwinds. Where one actor polls another, the inner one
    /// flushes for both.
    struct Leave<'a> {
        scope: &'a PollScope,
        outer: bool,
    }
    impl Drop for Leave<'_> {
        fn drop(&mut self) {
            ACTIVE.set(self.outer);
            if !self.scope.pending.borrow().is_empty() && !self.scope.puts_off() {
                self.scope.flush();
            }
        }
    }
    SCOPE.with(|scope| {
        let _leave = Leave { scope, outer: ACTIVE.replace(true) };
        scope.since.set(None);
        poll()
    })
}

impl PollScope {
    /// Whether the polls to come on this thread may add to what is pending.
    fn puts_off(&self) -> bool {
        let polls = self.put_off.get() + 1;
        self.put_off.set(polls);
        polls <= PUT_OFF_POLLS
            && self.since.get().is_none_or(|since| since.elapsed() < PUT_OFF_TIME)
            && holm_sched::put_off(|| SCOPE.with(Self::flush))
    }

    fn flush(&self) {
        self.put_off.set(0);
        let mut targets = self.pending.take();
        for target in targets.drain(..) {
            target.flush();
        }
        // A flush makes nothing pending; the memory serves the next poll.
        self.pending.replace(targets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

    #[derive(Default)]
    struct Counted {
        flushes: AtomicU32,
        wakes: AtomicU32,
    }

    impl Flush for Counted {
        fn flush(&self) {
            self.flushes.fetch_add(1, SeqCst);
        }

        fn wake_writer(&self) {
            self.wakes.fetch_add(1, SeqCst);
        }
    }

    #[test]
    fn one_flush_at_the_end_of_a_poll_and_the_writer_outside() {
        let target = Arc::new(Counted::default());
        flush_later(&target);
        assert_eq!((target.flushes.load(SeqCst), target.wakes.load(SeqCst)), (0, 1));
        enter(|| {
            flush_later(&target);
            flush_later(&target);
            assert_eq!(target.flushes.load(SeqCst), 0);
        });
        // No worker is being polled here, so nothing is put off.
        assert_eq!((target.flushes.load(SeqCst), target.wakes.load(SeqCst)), (1, 1));
    }
}
