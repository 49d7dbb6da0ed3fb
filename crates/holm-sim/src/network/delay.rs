//! How long a direction takes.

use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;

/// The delay of one direction between two hosts, drawn for each piece sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    min: Duration,
    max: Duration,
}

impl Delay {
    /// Always the same.
    pub const fn fixed(delay: Duration) -> Self {
        Self { min: delay, max: delay }
    }

    /// Evenly spread over a range. A piece still never overtakes an earlier one of its stream.
    ///
    /// # Panics
    /// If `min` is greater than `max`.
    pub const fn between(min: Duration, max: Duration) -> Self {
        assert!(min.as_nanos() <= max.as_nanos(), "the range is empty");
        Self { min, max }
    }

    pub(crate) fn draw(self, rng: &mut StdRng) -> Duration {
        rng.random_range(self.min..=self.max)
    }
}

/// 1 to 10 ms: a network of nearby machines, and room for reordering between streams.
impl Default for Delay {
    fn default() -> Self {
        Self::between(Duration::from_millis(1), Duration::from_millis(10))
    }
}
