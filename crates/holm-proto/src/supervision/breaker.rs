//! The circuit breaker of one child.

use std::{num::NonZeroU32, time::Duration};

use super::{Moment, window::Window};

/// When to leave a crashing child alone for a while, instead of ending its supervisor.
///
/// OTP has none; the states are those of M. Nygard, "Release It!". A crash that finds or
/// opens the breaker does not count against the supervisor's intensity; one that a closed
/// breaker merely notes does. So `crashes` should be no more than the intensity allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// This many crashes within the window open it.
    pub crashes: NonZeroU32,
    /// The length of that window.
    pub window: Duration,
    /// How long it stays open; then the child is started once, on trial.
    pub cool_down: Duration,
    /// A trial this long closes it; one that crashes earlier opens it again.
    pub trial: Duration,
}

/// What a breaker lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Restarts, as without a breaker.
    Closed,
    /// No restart before the cool-down is over.
    Open,
    /// One life on trial.
    HalfOpen,
}

#[derive(Debug)]
pub(super) struct Breaker {
    policy: BreakerPolicy,
    state: BreakerState,
    crashes: Window,
}

impl Breaker {
    pub(super) fn new(policy: BreakerPolicy) -> Self {
        Self { policy, state: BreakerState::Closed, crashes: Window::default() }
    }

    pub(super) fn state(&self) -> BreakerState {
        self.state
    }

    pub(super) fn handle_start(&mut self) {
        if self.state == BreakerState::Open {
            self.state = BreakerState::HalfOpen;
        }
    }

    /// How long the life that has just started is on trial, if it is.
    pub(super) fn trial(&self) -> Option<Duration> {
        (self.state == BreakerState::HalfOpen).then_some(self.policy.trial)
    }

    /// The trial is over, and the child still runs.
    pub(super) fn close(&mut self) {
        self.state = BreakerState::Closed;
    }

    /// The child crashed, after it had run for `ran` or while it started. The cool-down if
    /// that opens the breaker.
    pub(super) fn handle_crash(&mut self, now: Moment, ran: Option<Duration>) -> Option<Duration> {
        if self.trial().is_some_and(|trial| ran.is_some_and(|ran| ran >= trial)) {
            self.close();
        }
        let opens = match self.state {
            BreakerState::HalfOpen => true,
            BreakerState::Closed => {
                let crashes = self.crashes.count(now, self.policy.window);
                crashes >= usize::try_from(self.policy.crashes.get()).unwrap_or(usize::MAX)
            }
            BreakerState::Open => unreachable!("a child behind an open breaker has no life"),
        };
        opens.then(|| {
            self.state = BreakerState::Open;
            self.crashes.clear();
            self.policy.cool_down
        })
    }
}
