//! One child, and what it is about to do.

use std::time::Duration;

use super::{Backoff, ChildSpec, Life, Moment, Restart, breaker::Breaker, id::Order};

/// Where a child stands. Changed by the roster alone, which keeps its indexes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// No life, and none to come by itself.
    Idle,
    /// To be started in its turn.
    Queued,
    /// To be started, or queued, at this moment: it waits for its back-off or breaker.
    Held { until: Moment },
    /// Its start is under way.
    Starting { until: Option<Moment> },
    /// Started; on trial for its breaker until then.
    Running { since: Moment, trial_until: Option<Moment> },
    /// To be stopped in its turn; starting or running meanwhile.
    Doomed { then: Then },
    /// Told to stop, or killed if there is no more moment for that.
    Leaving { kill_at: Option<Moment>, then: Then },
    /// Killed because its start took too long.
    Overdue,
}

/// What becomes of a child once it is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It is started again.
    Restart,
    /// It stays, without a life.
    Stay,
    /// It is forgotten.
    Forget,
}

/// Whether a child has ever started, and what is at stake if it cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FirstStart {
    /// Not yet, and the supervisor cannot start without it.
    Initial,
    /// Not yet: if it cannot, it is forgotten.
    Added,
    /// It has: a start that fails is a crash.
    Past,
}

#[derive(Debug)]
pub(super) struct Child {
    pub(super) spec: ChildSpec,
    pub(super) first_start: FirstStart,
    pub(super) state: State,
    /// How many lives it has had, with the present one.
    pub(super) lives: u64,
    pub(super) breaker: Option<Breaker>,
    /// Restarts in a row, each before the child had run for long.
    restarts_in_a_row: u32,
}

impl State {
    /// Whether those behind it that wait for its start, or its end, still do.
    pub(super) fn is_in_turn(self) -> bool {
        match self {
            Self::Starting { .. } | Self::Overdue => true,
            Self::Doomed { .. } | Self::Leaving { .. } => true,
            Self::Idle | Self::Queued | Self::Held { .. } | Self::Running { .. } => false,
        }
    }

    pub(super) fn deadline(self) -> Option<Moment> {
        match self {
            Self::Held { until } => Some(until),
            Self::Starting { until } => until,
            Self::Running { trial_until, .. } => trial_until,
            Self::Leaving { kill_at, .. } => kill_at,
            Self::Idle | Self::Queued | Self::Doomed { .. } | Self::Overdue => None,
        }
    }

    pub(super) fn is_alive(self) -> bool {
        match self {
            Self::Idle | Self::Queued | Self::Held { .. } => false,
            Self::Starting { .. } | Self::Running { .. } | Self::Doomed { .. } => true,
            Self::Leaving { .. } | Self::Overdue => true,
        }
    }
}

impl Child {
    pub(super) fn new(spec: ChildSpec, first_start: FirstStart) -> Self {
        let breaker = spec.breaker.map(Breaker::new);
        let state = State::Idle;
        Self { spec, first_start, state, lives: 0, breaker, restarts_in_a_row: 0 }
    }

    pub(super) fn life(&self, order: Order) -> Life {
        Life { order, number: self.lives }
    }

    /// What becomes of it at an end that is not followed by a restart.
    pub(super) fn at_rest(&self) -> Then {
        match self.spec.restart {
            Restart::Permanent | Restart::Transient => Then::Stay,
            Restart::Temporary => Then::Forget,
        }
    }

    /// The wait before the next restart, after a life of `ran`.
    pub(super) fn next_wait(
        &mut self,
        default: &Backoff,
        ran: Option<Duration>,
        random: u64,
    ) -> Duration {
        let backoff = self.spec.backoff.as_ref().unwrap_or(default);
        if ran.is_some_and(|ran| ran >= backoff.reset_after) {
            self.restarts_in_a_row = 0;
        }
        let wait = backoff.wait(self.restarts_in_a_row, random);
        self.restarts_in_a_row = self.restarts_in_a_row.saturating_add(1);
        wait
    }
}
