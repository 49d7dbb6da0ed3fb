//! What happens to a message that finds an inbox full, and how often it did.

use std::sync::atomic::{AtomicU64, Ordering};

use holm_cell::Capacity;

use crate::Actor;
use crate::inbox::LockedInbox;

/// What happens to a message that finds the inbox full.
///
/// | | cast | send | call |
/// |---|---|---|---|
/// | `Block` | `Full` | waits | waits |
/// | `Fail` | `Full` | `Full` | `Full` |
/// | `DropNew` | accepted, dropped, counted | the same | `Dropped` |
/// | `DropOld` | the oldest message goes, its call fails `Dropped` | the same | the same |
/// | `Coalesce` | the older message of the same key goes, the new one is appended; if there is none, as `Block` | the same | as `Block` |
///
/// Signals are never refused. For actors of other nodes a cast or send is accepted at the
/// sender's node; what is refused on arrival is dropped and counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// Who sends waits for room.
    #[default]
    Block,
    /// The new message is dropped.
    DropNew,
    /// The oldest message is dropped.
    DropOld,
    /// The new message is handed back.
    Fail,
    /// A newer message replaces the older one of the same
    /// [`Actor::coalesce_key`](crate::Actor::coalesce_key).
    Coalesce,
}

/// How often the policy of an inbox has acted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyCounters {
    /// New messages that were dropped.
    pub dropped_new: u64,
    /// Old messages that made room.
    pub dropped_old: u64,
    /// Messages that were replaced by a newer one of the same key.
    pub coalesced: u64,
    /// Messages that were handed back by [`Policy::Fail`].
    pub refused: u64,
}

/// The policy of one inbox, with its state.
pub(crate) enum Keeper<A: Actor> {
    Block,
    /// Boxed: most actors block, and pay eight bytes.
    Other(Box<Other<A>>),
}

/// Every policy but [`Policy::Block`].
#[expect(clippy::large_enum_variant, reason = "each is in a box of its own")]
pub(crate) enum Other<A: Actor> {
    /// How many were refused.
    Fail(AtomicU64),
    /// How many were dropped.
    DropNew(AtomicU64),
    /// Messages are kept beside the lock-free queue, which has no room for any.
    Locked(LockedInbox<A>),
}

impl<A: Actor> Keeper<A> {
    /// The keeper of an inbox, and what its lock-free queue has room for.
    pub(crate) fn new(policy: Policy, capacity: Capacity) -> (Self, Capacity) {
        match policy {
            Policy::Block => (Self::Block, capacity),
            Policy::Fail => (Self::other(Other::Fail(AtomicU64::new(0))), capacity),
            Policy::DropNew => (Self::other(Other::DropNew(AtomicU64::new(0))), capacity),
            Policy::DropOld | Policy::Coalesce => {
                (Self::other(Other::Locked(LockedInbox::new(policy, capacity))), Capacity::NONE)
            }
        }
    }

    fn other(other: Other<A>) -> Self {
        Self::Other(Box::new(other))
    }

    /// The inbox behind a lock, if the messages are there.
    #[inline]
    pub(crate) fn locked(&self) -> Option<&LockedInbox<A>> {
        let Self::Other(other) = self else { return None };
        match &**other {
            Other::Locked(inbox) => Some(inbox),
            Other::Fail(_) | Other::DropNew(_) => None,
        }
    }

    /// Whether nobody waits for room.
    pub(crate) fn fails(&self) -> bool {
        matches!(self, Self::Other(other) if matches!(**other, Other::Fail(_)))
    }

    pub(crate) fn counters(&self) -> PolicyCounters {
        let none = PolicyCounters::default();
        let Self::Other(other) = self else { return none };
        match &**other {
            Other::Fail(refused) => {
                PolicyCounters { refused: refused.load(Ordering::Relaxed), ..none }
            }
            Other::DropNew(dropped) => {
                PolicyCounters { dropped_new: dropped.load(Ordering::Relaxed), ..none }
            }
            Other::Locked(inbox) => inbox.counters(),
        }
    }
}
