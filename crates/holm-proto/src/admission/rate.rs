//! So many a second, and so many at once after a pause.

use std::time::Duration;

use crate::supervision::Moment;

/// A rate, of whatever is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In the long run.
    pub per_second: u64,
    /// At once, after a pause.
    pub burst: u64,
}

impl Rate {
    /// So many a second, and as many at once.
    pub const fn per_second(count: u64) -> Self {
        Self { per_second: count, burst: count }
    }

    /// So many at once.
    #[must_use]
    pub const fn burst(self, burst: u64) -> Self {
        Self { burst, ..self }
    }
}

/// Parts into which a token is divided: what a rate of one a second gives in a nanosecond, so that
/// every sum is exact.
const PARTS: u128 = 1_000_000_000;

/// Longest time for which a bucket can be overdrawn: a peer who is made to wait it out is still
/// heard often enough to count as alive.
pub const DEBT_MAX: Duration = Duration::from_secs(1);

/// What is left of a [`Rate`]. Full at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenBucket {
    /// Parts that it lacked of the burst at the moment `at`; more than all if it was overdrawn.
    lacks: u128,
    at: Moment,
}

impl TokenBucket {
    /// Takes `count`, or nothing.
    ///
    /// # Errors
    /// There are not so many; how long it takes until there are. More than the burst there never
    /// are.
    pub fn take(&mut self, rate: &Rate, count: u64, now: Moment) -> Result<(), Duration> {
        self.refill(rate, now);
        let lacks = self.lacks + u128::from(count) * PARTS;
        match time(rate, lacks.saturating_sub(u128::from(rate.burst) * PARTS)) {
            Duration::ZERO => {
                self.lacks = lacks;
                Ok(())
            }
            wait => Err(wait),
        }
    }

    /// Takes `count`, also what is not there; how long it takes until that is made up for. What
    /// takes longer than [`DEBT_MAX`] is forgiven.
    pub fn charge(&mut self, rate: &Rate, count: u64, now: Moment) -> Duration {
        self.refill(rate, now);
        let full = u128::from(rate.burst) * PARTS;
        let debt_max = DEBT_MAX.as_nanos() * per_second(rate);
        self.lacks = (self.lacks + u128::from(count) * PARTS).min(full + debt_max);
        time(rate, self.lacks.saturating_sub(full))
    }

    fn refill(&mut self, rate: &Rate, now: Moment) {
        let gained = now.since(self.at).as_nanos().saturating_mul(per_second(rate));
        self.lacks = self.lacks.saturating_sub(gained);
        self.at = self.at.max(now);
    }
}

/// A rate of nothing counts as one a second.
fn per_second(rate: &Rate) -> u128 {
    u128::from(rate.per_second.max(1))
}

/// How long it takes until there are so many parts, rounded up.
fn time(rate: &Rate, parts: u128) -> Duration {
    let nanos = parts.div_ceil(per_second(rate));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
