//! What a supervisor shows of its children.

use std::{fmt, time::Duration};

use holm_wire::ExitReason;

use super::breaker::Breaker;
use super::child::{Child, FirstStart, State, Then};
use super::endings::is_abnormal;
use super::{BreakerState, ChildId, ChildSpec, Moment, Restart, Supervision};

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
    /// What follows its present life.
    pub outlook: Outlook,
}

/// What follows the present life of a child, as far as its supervisor knows before the life has
/// ended: its hook may still say otherwise, and so may its own end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// Another life.
    Restart,
    /// Another life if this one fails, none if it ends in peace.
    RestartIfFailed,
    /// None.
    End,
}

impl Outlook {
    /// Whether another life follows an end with this reason.
    pub fn restarts_after(self, reason: &ExitReason) -> bool {
        match self {
            Self::Restart => true,
            Self::RestartIfFailed => is_abnormal(reason),
            Self::End => false,
        }
    }
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
        ChildView { spec: &self.spec, state, restarts, breaker, outlook: self.outlook() }
    }

    fn outlook(&self) -> Outlook {
        match (self.state, self.spec.restart) {
            (State::Queued | State::Held { .. }, _) => Outlook::Restart,
            (State::Idle, _) => Outlook::End,
            (State::Doomed { then } | State::Leaving { then, .. }, _) => match then {
                Then::Restart => Outlook::Restart,
                Then::Stay | Then::Forget => Outlook::End,
            },
            (State::Overdue, _) if self.first_start != FirstStart::Past => Outlook::End,
            (_, Restart::Temporary) => Outlook::End,
            (_, Restart::Permanent) | (State::Overdue, Restart::Transient) => Outlook::Restart,
            (State::Starting { .. } | State::Running { .. }, Restart::Transient) => {
                Outlook::RestartIfFailed
            }
        }
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
