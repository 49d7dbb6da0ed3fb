//! How long a crashed child waits for its restart.

use std::time::Duration;

/// Exponential back-off with jitter.
///
/// The first restarts come at once; the wait before the next is `base` and doubles with
/// each one more, up to `cap`. A child that ran for `reset_after` begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// How many restarts in a row come without a wait. OTP waits for none.
    pub at_once: u32,
    /// The first wait.
    pub base: Duration,
    /// The longest wait.
    pub cap: Duration,
    /// How much of a wait is random.
    pub jitter: Jitter,
    /// A child that ran this long is taken for healthy again.
    pub reset_after: Duration,
}

/// How much of a wait is random: *full* and *equal* jitter of M. Brooker, "Exponential
/// Backoff And Jitter", AWS Architecture Blog, 2015.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// Nothing.
    None,
    /// The upper half: a restart never comes at once, and yet not all together.
    Equal,
    /// All of it.
    Full,
}

impl Backoff {
    /// Every restart comes at once, as in OTP; the intensity alone ends a crash loop.
    pub const NONE: Self = Self {
        at_once: 0,
        base: Duration::ZERO,
        cap: Duration::ZERO,
        jitter: Jitter::None,
        reset_after: Duration::ZERO,
    };

    /// The wait before the restart that follows `restarts` others in a row. `random` is
    /// uniform over its type, and then the wait is so over its range.
    pub(super) fn wait(&self, restarts: u32, random: u64) -> Duration {
        let Some(doublings) = restarts.checked_sub(self.at_once) else { return Duration::ZERO };
        let factor = 1u128.checked_shl(doublings).unwrap_or(u128::MAX);
        let full = self.base.as_nanos().saturating_mul(factor).min(self.cap.as_nanos());
        // A cap of more than 584 years is one of 584 years.
        let full = u64::try_from(full).unwrap_or(u64::MAX);
        let range = match self.jitter {
            Jitter::None => 0,
            Jitter::Equal => full / 2,
            Jitter::Full => full,
        };
        Duration::from_nanos(full - range + fraction(range, random))
    }
}

/// From zero to `range`, both included, as `random` is to its greatest value.
fn fraction(range: u64, random: u64) -> u64 {
    let part = ((u128::from(range) + 1) * u128::from(random)) >> u64::BITS;
    u64::try_from(part).expect("a part of a range is no more than it")
}

impl Default for Backoff {
    /// The first restart at once: most crashes are single. Then 50 ms, which an operating
    /// system takes to free a port, doubling to 5 s, which people still wait for; equal
    /// jitter; anew after 10 s, twice the longest wait.
    fn default() -> Self {
        Self {
            at_once: 1,
            base: Duration::from_millis(50),
            cap: Duration::from_secs(5),
            jitter: Jitter::Equal,
            reset_after: Duration::from_secs(10),
        }
    }
}
