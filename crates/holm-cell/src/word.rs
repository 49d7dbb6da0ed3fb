//! The two packed words of a queue: the tail, moved by producers, and the head, moved by the consumer.

/// Where the next message goes, with three flags.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tail(pub(crate) u64);

impl Tail {
    /// The consumer is parked at this very index and its waker lies in the parking slot. Whoever
    /// clears this bit owns that waker.
    pub(crate) const IDLE: u64 = 1;
    /// The consumer has gone: nothing more is accepted.
    pub(crate) const CLOSED: u64 = 1 << 1;
    /// A producer is installing the block of the last index taken; all others wait.
    pub(crate) const INSTALLING: u64 = 1 << 2;
    /// 61 bits of index: at 10^9 messages a second they last 73 years.
    const SHIFT: u32 = 3;

    /// A tail at `index` with no flag set.
    pub(crate) const fn at(index: u64) -> Self {
        Self(index << Self::SHIFT)
    }

    pub(crate) const fn index(self) -> u64 {
        self.0 >> Self::SHIFT
    }

    pub(crate) const fn is(self, flag: u64) -> bool {
        self.0 & flag != 0
    }

    #[must_use]
    pub(crate) const fn with(self, flag: u64) -> Self {
        Self(self.0 | flag)
    }
}

/// How many messages the consumer has published as taken, with two flags.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head(pub(crate) u64);

impl Head {
    /// Somebody waits for room.
    pub(crate) const WAITERS: u64 = 1;
    /// Set after [`Tail::CLOSED`], so that a waiter that comes late learns of it from this word.
    pub(crate) const CLOSED: u64 = 1 << 1;
    const SHIFT: u32 = 2;

    /// What to add to the word for `count` messages.
    pub(crate) const fn step(count: u64) -> u64 {
        count << Self::SHIFT
    }

    pub(crate) const fn index(self) -> u64 {
        self.0 >> Self::SHIFT
    }

    pub(crate) const fn is(self, flag: u64) -> bool {
        self.0 & flag != 0
    }
}
