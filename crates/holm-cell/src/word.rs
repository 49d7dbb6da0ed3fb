//! The packed word at a queue's tail, moved by producers.

/// Where the next message goes, with three flags. Words without flags compare as indices do, and
/// one with flags is below the next index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tail(pub(crate) u64);

impl Tail {
    /// The consumer is parked at this very index. Whoever clears this bit has to wake it.
    pub(crate) const IDLE: u64 = 1;
    /// The consumer has gone: nothing more is accepted.
    pub(crate) const CLOSED: u64 = 1 << 1;
    /// A producer is installing the block of the last index taken; all others wait.
    pub(crate) const INSTALLING: u64 = 1 << 2;
    /// 61 bits of index: at 10^9 messages a second they last 73 years.
    const SHIFT: u32 = 3;

    /// A tail at `index` with no flag set.
    #[inline]
    pub(crate) const fn at(index: u64) -> Self {
        Self(index << Self::SHIFT)
    }

    #[inline]
    pub(crate) const fn index(self) -> u64 {
        self.0 >> Self::SHIFT
    }

    /// Whether any of `flags` is set.
    #[inline]
    pub(crate) const fn is(self, flags: u64) -> bool {
        self.0 & flags != 0
    }

    #[must_use]
    #[inline]
    pub(crate) const fn with(self, flag: u64) -> Self {
        Self(self.0 | flag)
    }
}
