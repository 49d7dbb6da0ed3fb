//! When a peer is dialled again.

use std::time::Duration;

use crate::supervision::Moment;

/// Least time from one attempt to the next, whoever wants it: a peer that refuses at once costs five
/// attempts a second and no more.
pub const REDIAL_MIN: Duration = Duration::from_millis(200);

/// Most time between attempts, before jitter: a peer that comes back after hours is found within half
/// a minute.
pub const REDIAL_MAX: Duration = Duration::from_secs(30);

/// The back-off of dials to one peer: doubled by each failure, capped, of which the upper half is
/// random, so that peers that lost each other at once do not dial at once
/// (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>, "equal jitter").
#[derive(Clone, Debug, Default)]
pub struct Redial {
    began: Option<Moment>,
    failures: u32,
    pause: Duration,
    /// Not before this, unless something waits.
    rest: Moment,
}

impl Redial {
    /// An attempt begins.
    pub fn handle_attempt(&mut self, now: Moment) {
        self.began = Some(now);
    }

    /// The attempt failed. `jitter` is a random number from 0 to 1.
    pub fn handle_failure(&mut self, jitter: f64) {
        let doubled = REDIAL_MIN.saturating_mul(1 << self.failures.min(16));
        self.failures += 1;
        self.pause = upper_half(doubled.min(REDIAL_MAX), jitter);
    }

    /// There is a session.
    pub fn handle_session(&mut self) {
        self.failures = 0;
        self.pause = Duration::ZERO;
    }

    /// The session is lost: its end may come from a peer that wanted it, or that both want to dial now.
    pub fn handle_loss(&mut self, now: Moment, jitter: f64) {
        self.rest = now + upper_half(REDIAL_MIN, jitter);
    }

    /// When the next attempt may begin; sooner if something waits to be sent.
    pub fn next(&self, is_demanded: bool) -> Moment {
        let Some(began) = self.began else { return Moment::default() };
        if is_demanded {
            began + REDIAL_MIN
        } else {
            (began + self.pause.max(REDIAL_MIN)).max(self.rest)
        }
    }
}

/// From half of `pause` to all of it.
fn upper_half(pause: Duration, jitter: f64) -> Duration {
    pause.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::after_start(Duration::from_millis(millis))
    }

    #[test]
    fn pauses_double_up_to_the_cap_and_what_waits_cuts_them_short() {
        let mut redial = Redial::default();
        assert_eq!(redial.next(false), at(0), "the first one at once");
        for (jitter, millis) in [(1.0, 200), (1.0, 400), (0.0, 400), (1.0, 1_600), (0.5, 2_400)] {
            redial.handle_attempt(at(10_000));
            redial.handle_failure(jitter);
            assert_eq!(redial.next(false), at(10_000 + millis));
            assert_eq!(redial.next(true), at(10_200));
        }
        for _ in 0..100 {
            redial.handle_failure(1.0);
        }
        assert_eq!(redial.next(false), at(40_000));
        redial.handle_session();
        assert_eq!(redial.next(false), at(10_200), "a session that is lost at once is no loop");
        redial.handle_loss(at(20_000), 0.5);
        assert_eq!((redial.next(false), redial.next(true)), (at(20_150), at(10_200)));
    }
}
