//! What a supervisor shows of its children.

use std::{fmt, time::Duration};

use super::breaker::Breaker;
use super::child::{Child, State};
use super::{BreakerState, ChildId, ChildSpec, Moment, Supervision};

/// One child at one moment.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ChildView<'a> {
    /// What the supervisor was told about it.
    pub spec: &'a ChildSpec,
    /// Where it stands.
    pub state: ChildState,
    /// Starts after the first.
    pub restarts: u64,
    /// Its breaker, if it has one.
    pub breaker: Option<BreakerState>,
}

/// Where a child stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildState {
    /// It waits for siblings to stop or to start before it.
    Queued,
    /// It is restarted after this time of back-off.
    Waiting(Duration),
    /// Its breaker is open for this time.
    Open(Duration),
    /// Its start is under way.
    Starting,
    /// It runs.
    Running,
    /// It is being stopped, or is to be in its turn.
    Stopping,
    /// It has no life, and is not going to be restarted by itself.
    Ended,
}

impl Supervision {
    /// All children, in start order.
    pub fn children(&self, now: Moment) -> impl Iterator<Item = ChildView<'_>> {
        self.roster.children.values().map(move |child| child.view(now))
    }

    /// One child. After each end of a life this says what its callers are to be told: that
    /// it is restarting, that its breaker is open, or that it has ended.
    pub fn child(&self, id: &ChildId, now: Moment) -> Option<ChildView<'_>> {
        self.roster.ids.get(id).map(|order| self.roster.child(*order).view(now))
    }
}

impl Child {
    fn view(&self, now: Moment) -> ChildView<'_> {
        let breaker = self.breaker.as_ref().map(Breaker::state);
        let state = match self.state {
            State::Idle => ChildState::Ended,
            State::Queued => ChildState::Queued,
            State::Held { until } if breaker == Some(BreakerState::Open) => {
                ChildState::Open(until.since(now))
            }
            State::Held { until } => ChildState::Waiting(until.since(now)),
            State::Starting { .. } => ChildState::Starting,
            State::Running { .. } => ChildState::Running,
            State::Doomed { .. } | State::Leaving { .. } | State::Overdue => ChildState::Stopping,
        };
        let restarts = self.lives.saturating_sub(1);
        ChildView { spec: &self.spec, state, restarts, breaker }
    }
}

impl fmt::Display for ChildState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queued => f.write_str("queued"),
            Self::Waiting(left) => write!(f, "restarts in {left:?}"),
            Self::Open(left) => write!(f, "open for {left:?}"),
            Self::Starting => f.write_str("starting"),
            Self::Running => f.write_str("running"),
            Self::Stopping => f.write_str("stopping"),
            Self::Ended => f.write_str("ended"),
        }
    }
}
