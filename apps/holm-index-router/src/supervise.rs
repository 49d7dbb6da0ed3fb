//! When a worker is started again, and when it is given up: decisions without clock, process or task.

use std::time::Duration;

/// Delay before the first restart: long enough not to spin, too short to be noticed.
const BACKOFF_MIN: Duration = Duration::from_millis(50);
/// Longest delay between restarts; each failure doubles the delay up to here.
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// A worker that has held its whole part of the index for this long was a success: what happens to it later
/// starts the count of failures anew. Being connected is not enough, or a file that ends every worker that
/// reads it would be tried for ever.
const STABLE_AFTER: Duration = Duration::from_secs(10);
/// Failures without a success after which a worker is given up: about a second of restarts if it dies at
/// once, half a minute if it never answers.
pub(crate) const FAILURES_MAX: u32 = 5;

/// What to do about a worker that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Start it again after this delay.
    Restart { after: Duration },
    /// The breaker has opened: [`FAILURES_MAX`] failures without a success.
    GiveUp,
}

/// The record of one worker's lives. Times are counted from any moment that the caller keeps to.
#[derive(Debug, Default)]
pub(crate) struct Restarts {
    failures: u32,
    ready: Option<Duration>,
}

impl Restarts {
    /// The worker holds its whole part of the index.
    pub(crate) fn handle_ready(&mut self, now: Duration) {
        self.ready = Some(now);
    }

    /// The worker has ended, or could not be started. `random` spreads the restarts of workers that
    /// ended together over half of the delay.
    pub(crate) fn handle_end(&mut self, now: Duration, random: u64) -> Next {
        if self.ready.take().is_some_and(|ready| now.saturating_sub(ready) >= STABLE_AFTER) {
            self.failures = 0;
        }
        self.failures += 1;
        if self.failures >= FAILURES_MAX {
            return Next::GiveUp;
        }
        let delay = BACKOFF_MIN.saturating_mul(1 << (self.failures - 1)).min(BACKOFF_MAX);
        let share =
            f64::from(u32::try_from(random >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX);
        Next::Restart { after: delay.mul_f64(0.5 + share / 2.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATEST: u64 = u64::MAX;

    fn delays(restarts: &mut Restarts, random: u64) -> Vec<Duration> {
        let mut delays = Vec::new();
        while let Next::Restart { after } = restarts.handle_end(Duration::ZERO, random) {
            delays.push(after);
        }
        delays
    }

    fn millis(delays: &[u64]) -> Vec<Duration> {
        delays.iter().copied().map(Duration::from_millis).collect()
    }

    #[test]
    fn delays_double_until_the_breaker_opens() {
        let all = delays(&mut Restarts::default(), LATEST);
        assert_eq!(all, millis(&[50, 100, 200, 400]));
        assert_eq!(all.len() + 1, FAILURES_MAX as usize);
    }

    #[test]
    fn jitter_takes_off_at_most_half() {
        assert_eq!(delays(&mut Restarts::default(), 0), millis(&[25, 50, 100, 200]));
        let between = delays(&mut Restarts::default(), LATEST / 2)[0];
        assert!(between > Duration::from_millis(25) && between < Duration::from_millis(50));
    }

    #[test]
    fn a_stable_worker_starts_the_count_anew() {
        let mut restarts = Restarts::default();
        for _ in 0..3 {
            restarts.handle_end(Duration::ZERO, LATEST);
        }
        restarts.handle_ready(Duration::from_secs(1));
        let next = restarts.handle_end(Duration::from_secs(1) + STABLE_AFTER, LATEST);
        assert_eq!(next, Next::Restart { after: BACKOFF_MIN });
    }

    #[test]
    fn being_ready_for_less_is_no_success() {
        let mut restarts = Restarts::default();
        let mut now = Duration::ZERO;
        let mut ends = 0;
        loop {
            ends += 1;
            restarts.handle_ready(now);
            now += STABLE_AFTER - Duration::from_millis(1);
            if restarts.handle_end(now, LATEST) == Next::GiveUp {
                break;
            }
        }
        assert_eq!(ends, FAILURES_MAX);
    }

    #[test]
    fn a_life_that_never_got_ready_does_not_count_as_the_one_before() {
        let mut restarts = Restarts::default();
        restarts.handle_ready(Duration::ZERO);
        restarts.handle_end(Duration::from_secs(1), LATEST);
        let next = restarts.handle_end(Duration::from_secs(100), LATEST);
        assert_eq!(next, Next::Restart { after: BACKOFF_MIN * 2 });
    }
}
