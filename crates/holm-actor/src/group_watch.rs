//! Watching a group: a bounded queue of events for each watcher.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};

use holm_wire::Pid;
use parking_lot::Mutex;

use crate::group_table::GroupKey;
use crate::groups::Shared;

/// Events that wait for a slow watcher, at most: a burst of some hundreds passes, and a
/// forgotten watcher costs a few kilobytes. What comes after is counted, not kept.
pub const WATCH_EVENTS_MAX: usize = 256;

/// A change of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupEvent {
    /// An actor joined, perhaps once more.
    Joined(Pid),
    /// One join of an actor ended, by leaving or with its life.
    Left(Pid),
    /// The watcher lagged, and missed this many events here. Who is in the group now,
    /// [`Groups::members`](crate::Groups::members) tells.
    Missed(u64),
}

/// The changes of one group, from the moment it was made.
///
/// Dropping it ends the watch.
#[must_use = "dropping a watch ends it"]
pub struct GroupWatch {
    key: GroupKey,
    queue: Arc<EventQueue>,
    groups: Weak<Mutex<Shared>>,
}

impl GroupWatch {
    pub(crate) fn new(key: GroupKey, queue: Arc<EventQueue>, groups: Weak<Mutex<Shared>>) -> Self {
        Self { key, queue, groups }
    }

    /// The next change; `None` once the system has gone.
    ///
    /// Cancel safe: a dropped wait loses no event.
    pub async fn next(&mut self) -> Option<GroupEvent> {
        poll_fn(|cx| self.queue.poll_next(cx)).await
    }
}

impl Drop for GroupWatch {
    fn drop(&mut self) {
        if let Some(groups) = self.groups.upgrade() {
            groups.lock().unwatch(&self.key, &self.queue);
        }
    }
}

impl fmt::Debug for GroupWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GroupWatch").field(&self.key).finish()
    }
}

/// What waits for one watcher.
#[derive(Default)]
pub(crate) struct EventQueue(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    events: VecDeque<GroupEvent>,
    /// Lost after the last of `events`; while there are any, no event is queued behind them.
    missed: u64,
    waker: Option<Waker>,
    closed: bool,
}

impl EventQueue {
    /// Queues `times` equal events, and counts those that find no room.
    pub(crate) fn push(&self, event: GroupEvent, times: u64) {
        self.change(|waiting| {
            let room = if waiting.missed > 0 { 0 } else { WATCH_EVENTS_MAX - waiting.events.len() };
            let queued = times.min(room as u64);
            waiting.events.extend(std::iter::repeat_n(event, queued as usize));
            waiting.missed += times - queued;
        });
    }

    /// Says that no event will follow.
    pub(crate) fn close(&self) {
        self.change(|waiting| waiting.closed = true);
    }

    fn change(&self, change: impl FnOnce(&mut Waiting)) {
        let waker = {
            let mut waiting = self.0.lock();
            change(&mut waiting);
            waiting.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn poll_next(&self, cx: &Context<'_>) -> Poll<Option<GroupEvent>> {
        let mut waiting = self.0.lock();
        if let Some(event) = waiting.events.pop_front() {
            return Poll::Ready(Some(event));
        }
        match std::mem::take(&mut waiting.missed) {
            0 if waiting.closed => Poll::Ready(None),
            0 => {
                waiting.waker = Some(cx.waker().clone());
                Poll::Pending
            }
            missed => Poll::Ready(Some(GroupEvent::Missed(missed))),
        }
    }
}
