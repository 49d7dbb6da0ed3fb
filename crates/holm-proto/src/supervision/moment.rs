//! A moment of the clock that the driver holds.

use std::{ops::Add, time::Duration};

/// A moment of a monotonic clock, as the time since a start that the driver chooses once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Duration);

impl Moment {
    /// The moment this long after the start of the clock.
    pub const fn after_start(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// The time since `earlier`; zero if that is later.
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    /// The moment this much later; the end of time if that is beyond it.
    fn add(self, time: Duration) -> Self {
        Self(self.0.saturating_add(time))
    }
}
