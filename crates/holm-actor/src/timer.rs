//! One timer: what it sends, and who may still stop it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::cell::{Item, append};
use crate::due::Due;
use crate::handle::Route;
use crate::timer_queue::TimerKey;
use crate::timers::Shared;
use crate::{Actor, Context, Handle, cast};

/// A timer that was set. Dropping it does not cancel the timer.
pub struct Timer {
    bell: Arc<dyn Bell>,
    key: TimerKey,
    timers: Weak<Shared>,
}

impl Timer {
    pub(crate) fn new(bell: Arc<dyn Bell>, key: TimerKey, timers: Weak<Shared>) -> Self {
        Self { bell, key, timers }
    }

    /// Ends the timer. `true`: none of its messages will be handled from now on, not even one that
    /// waits in the inbox. `false`: it had ended before, by its message being handled, by an
    /// earlier cancel, or with its receiver.
    pub fn cancel(&self) -> bool {
        let live = self.bell.mute();
        if live && let Some(timers) = self.timers.upgrade() {
            timers.cancel(self.key);
        }
        live
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timer").field(&self.key.id).finish()
    }
}

/// What rings when a timer is due.
pub(crate) trait Bell: Send + Sync {
    /// Queues a message for the receiver. `false` if nothing is left to do for this timer.
    fn ring(self: Arc<Self>) -> bool;
    /// Drops its messages, queued ones too. `false` if it had none left.
    fn mute(&self) -> bool;
}

/// What a timer sends.
pub(crate) enum Source<A: Actor> {
    Once(A::Msg),
    Every(Interval<A>),
    /// It was sent, or cancelled.
    Spent,
}

pub(crate) struct Interval<A: Actor> {
    /// `None` while it makes a message.
    pub(crate) make: Option<Box<dyn FnMut() -> A::Msg + Send>>,
    /// A message waits in the inbox; until that is handled there will be no other.
    pub(crate) queued: bool,
}

/// The bell of an `A`.
///
/// The inbox gets a marker; the message stays here until the marker's turn comes, so that it can
/// be cancelled until then.
pub(crate) struct Clapper<A: Actor> {
    pub(crate) handle: Handle<A>,
    pub(crate) key: TimerKey,
    pub(crate) source: Mutex<Source<A>>,
}

impl<A: Actor> Bell for Clapper<A> {
    fn ring(self: Arc<Self>) -> bool {
        match &self.handle.0 {
            Route::Local(cell) => {
                let queued = match &mut *self.source.lock() {
                    Source::Once(_) => false,
                    Source::Every(interval) => std::mem::replace(&mut interval.queued, true),
                    Source::Spent => return false,
                };
                if !queued {
                    // A closed inbox has released its timers.
                    append(cell, Item::Due(Arc::clone(&self) as Arc<dyn Due<A>>));
                }
                true
            }
            Route::Slot(_) | Route::Remote(_) => {
                let source = std::mem::replace(&mut *self.source.lock(), Source::Spent);
                if let Source::Once(msg) = source {
                    // Encoding it runs a user's code; the timers of others must not end with it.
                    let sent = catch_unwind(AssertUnwindSafe(|| cast(&self.handle, msg)));
                    match sent.map(|sent| sent.map_err(|error| error.to_string())) {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => {
                            tracing::debug!(to = ?self.handle, error, "a timer's message is lost");
                        }
                        Err(_) => {
                            tracing::warn!(to = ?self.handle, "encoding a timer's message panicked");
                        }
                    }
                }
                false
            }
        }
    }

    fn mute(&self) -> bool {
        // What is dropped here may lock or cancel: not under the lock.
        let source = std::mem::replace(&mut *self.source.lock(), Source::Spent);
        !matches!(source, Source::Spent)
    }
}

impl<A: Actor> Due<A> for Clapper<A> {
    fn take(&self, cx: &mut Context<A>) -> Option<A::Msg> {
        let mut source = self.source.lock();
        let mut make = match std::mem::replace(&mut *source, Source::Spent) {
            Source::Every(Interval { make: Some(make), .. }) => {
                *source = Source::Every(Interval { make: None, queued: false });
                make
            }
            other => {
                drop(source);
                cx.system().extras().timers.remove(self.key);
                return if let Source::Once(msg) = other { Some(msg) } else { None };
            }
        };
        drop(source);
        let msg = make();
        // Unless it was cancelled by what it called.
        if let Source::Every(interval) = &mut *self.source.lock() {
            interval.make = Some(make);
        }
        Some(msg)
    }
}
