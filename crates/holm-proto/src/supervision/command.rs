//! What a supervisor tells its driver to do.

use std::{fmt, time::Duration};

use holm_wire::ExitReason;

use super::{ChildId, Life};

/// Something for the driver to carry out, in order. None follows `Finished`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Run the child's start function, as this life.
    Start {
        /// The child.
        id: ChildId,
        /// Its life, by which it is reported and stopped.
        life: Life,
    },
    /// Tell it to stop, with a `Shutdown`. If its start is still under way, that start is
    /// to be given up or, once done, followed by the stop.
    Stop {
        /// Whom.
        life: Life,
        /// Its shutdown time, after which a `Kill` follows; none does if `None`.
        grace: Option<Duration>,
    },
    /// Kill it, or drop its start.
    Kill {
        /// Whom.
        life: Life,
    },
    /// The child is gone for good: its start function is not needed any more, and its
    /// references are to answer `Noproc`.
    Forget {
        /// The child, whose id may be used anew.
        id: ChildId,
    },
    /// Every child that the supervisor was made with has started: so has the supervisor.
    Ready,
    /// All children are down. The supervisor is to end.
    Finished(Outcome),
}

/// Why a supervisor ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was told to, with this reason.
    Stopped(ExitReason),
    /// A child of those it was made with could not start: neither can the supervisor.
    StartFailed {
        /// The child.
        id: ChildId,
        /// Why.
        reason: ExitReason,
    },
    /// This crash asked for more restarts than the intensity allows.
    TooManyRestarts {
        /// The child that crashed last.
        id: ChildId,
        /// Why.
        reason: ExitReason,
    },
    /// The hook took this crash for one of the supervisor.
    Escalated {
        /// The child that crashed.
        id: ChildId,
        /// Why.
        reason: ExitReason,
    },
}

impl Outcome {
    /// What the supervisor ends with, for its own supervisor to see. As in OTP, one that
    /// gives up ends with `Shutdown`, which restarts it if it is permanent; only an
    /// escalated crash stays a failure.
    pub fn exit_reason(&self) -> ExitReason {
        match self {
            Self::Stopped(reason) => reason.clone(),
            Self::StartFailed { .. } | Self::TooManyRestarts { .. } => {
                ExitReason::Shutdown(self.to_string().into())
            }
            Self::Escalated { .. } => ExitReason::Failed(self.to_string().into()),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped(reason) => reason.fmt(f),
            Self::StartFailed { id, reason } => {
                write!(f, "child {id} could not start: {reason}")
            }
            Self::TooManyRestarts { id, reason } => {
                write!(f, "too many restarts, the last of child {id}: {reason}")
            }
            Self::Escalated { id, reason } => write!(f, "escalated by child {id}: {reason}"),
        }
    }
}
