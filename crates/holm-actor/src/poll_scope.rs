//! What one poll of an actor leaves to be done at its end.
//!
//! A send to another node only appends bytes to that node's open batch. The
//! actor's own task writes them when its poll ends, so that a burst is one system
//! call and a round trip costs no extra wake-up.

use std::any::Any;
use std::cell::RefCell;
use std::sync::Arc;

/// Something with bytes to write.
pub trait Flush: Send + Sync + 'static {
    /// Writes what is pending, without blocking. Called from the task that
    /// made it pending, at the end of its poll.
    fn flush(&self);

    /// Has some other task call [`flush`](Self::flush) soon: the bytes were made
    /// pending outside an actor's poll.
    fn wake_writer(&self);
}

#[derive(Default)]
struct PollScope {
    pending: Vec<Arc<dyn Flush>>,
    /// Replies dropped by a panic, kept until the exit reason is known.
    orphans: Vec<Box<dyn Any>>,
}

thread_local! {
    /// `Some` while this thread polls an actor.
    static SCOPE: RefCell<Option<PollScope>> = const { RefCell::new(None) };
}

/// Flushes `target` at the end of the running actor's poll, or, outside one,
/// through its writer.
pub fn flush_later<F: Flush>(target: &Arc<F>) {
    let deferred = SCOPE.with_borrow_mut(|scope| match scope {
        None => false,
        Some(scope) => {
            let at = Arc::as_ptr(target).cast::<()>();
            if !scope.pending.iter().any(|other| Arc::as_ptr(other).cast::<()>() == at) {
                scope.pending.push(Arc::clone(target) as Arc<dyn Flush>);
            }
            true
        }
    });
    if !deferred {
        target.wake_writer();
    }
}

/// Keeps `orphan` until [`drop_orphans`]; outside an actor's poll it is dropped at once.
pub(crate) fn keep_orphan(orphan: Box<dyn Any>) {
    let homeless = SCOPE.with_borrow_mut(|scope| match scope {
        Some(scope) => {
            scope.orphans.push(orphan);
            None
        }
        None => Some(orphan),
    });
    drop(homeless);
}

/// Drops what a panic orphaned, now that the exit reason can be seen.
pub(crate) fn drop_orphans() {
    let orphans =
        SCOPE.with_borrow_mut(|scope| scope.as_mut().map(|scope| std::mem::take(&mut scope.orphans)));
    drop(orphans);
}

/// Polls an actor, then flushes what the poll made pending.
pub(crate) fn enter<R>(poll: impl FnOnce() -> R) -> R {
    /// Restores the outer scope, also when `poll` unwinds.
    struct Leave(Option<PollScope>);
    impl Drop for Leave {
        fn drop(&mut self) {
            let inner = SCOPE.replace(self.0.take());
            for target in inner.into_iter().flat_map(|scope| scope.pending) {
                target.flush();
            }
        }
    }
    let _leave = Leave(SCOPE.replace(Some(PollScope::default())));
    poll()
}
