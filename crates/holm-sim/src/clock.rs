//! The wall clock of a host, which may be wrong.

use std::time::Duration;

use holm_env::UnixMillis;
use parking_lot::Mutex;

/// The wall clock at the start of every world: 2026-01-01, midnight UTC.
pub const WALL_CLOCK_START: UnixMillis = UnixMillis(1_767_225_600_000);

/// How wrong a wall clock is. By default it is right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skew {
    /// How much it is ahead, in milliseconds; behind, if negative.
    pub ahead_ms: i64,
    /// How much it gains, in millionths; loses, if negative. Of ordinary machines, some tens.
    pub drift_ppm: i32,
}

/// A machine's clock: it outlives its processes.
#[derive(Debug, Default)]
pub(crate) struct Clock(Mutex<Setting>);

#[derive(Debug, Default)]
struct Setting {
    skew: Skew,
    /// When it was set, since the start of the world.
    at: Duration,
}

impl Clock {
    /// From now on, `elapsed` after the start, it is so wrong.
    pub(crate) fn set(&self, skew: Skew, elapsed: Duration) {
        *self.0.lock() = Setting { skew, at: elapsed };
    }

    pub(crate) fn read(&self, elapsed: Duration) -> UnixMillis {
        let Setting { skew: Skew { ahead_ms, drift_ppm }, at } = *self.0.lock();
        let since = i128::try_from((elapsed - at).as_micros()).unwrap_or(i128::MAX);
        let gained_ms = since.saturating_mul(i128::from(drift_ppm)) / 1_000_000_000;
        let right = i128::from(WALL_CLOCK_START.0) + elapsed.as_millis() as i128;
        let shown = right + i128::from(ahead_ms) + gained_ms;
        UnixMillis(u64::try_from(shown.max(0)).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_ahead_or_behind_and_drifts_from_when_it_was_set() {
        let clock = Clock::default();
        let day = Duration::from_secs(86_400);
        let shown = |at: Duration| {
            clock.read(at).0 as i64 - WALL_CLOCK_START.0 as i64 - at.as_millis() as i64
        };
        assert_eq!(shown(day), 0);
        clock.set(Skew { ahead_ms: -5_000, drift_ppm: 100 }, day);
        assert_eq!(shown(day), -5_000);
        assert_eq!(shown(day * 2), -5_000 + 8_640);
        clock.set(Skew { ahead_ms: i64::MIN, drift_ppm: 0 }, day);
        assert_eq!(clock.read(day), UnixMillis(0), "no earlier than the start of 1970");
    }
}
