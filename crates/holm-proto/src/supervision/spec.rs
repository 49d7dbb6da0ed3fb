//! What a supervisor is told about itself and about each child.

use std::{fmt, time::Duration};

use super::{Backoff, BreakerPolicy, ChildId};

/// Time for a child to stop before it is killed: OTP's default for workers, and that of an
/// actor's `stopped`.
const SHUTDOWN_TIME: Duration = Duration::from_secs(5);
/// Time for a start before it is killed and counts as failed, so that no start is waited
/// for in vain. OTP waits for ever; most callers give up before half a minute.
const START_TIME: Duration = Duration::from_secs(30);

/// How a supervisor treats its children as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whom a crash concerns.
    pub strategy: Strategy,
    /// How many restarts are too many.
    pub intensity: Intensity,
    /// The back-off of children that have none of their own.
    pub backoff: Backoff,
}

/// Which children a crash concerns. All but those of [`Dynamic`](Self::Dynamic) start one
/// after the other, in the order given, and stop one after the other in reverse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// The crashed one alone. A restart waits for no other child.
    #[default]
    OneForOne,
    /// All: the others are stopped, then all are started, also those that had ended.
    OneForAll,
    /// The crashed one and those after it, in the same way.
    RestForOne,
    /// The crashed one alone. Children are many and independent: each is started as soon
    /// as it is added, and at the end all are told to stop at the same time.
    Dynamic,
}

/// The most restarts within a window; one more ends the supervisor. A failure counts once,
/// however many children it restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intensity {
    /// This many are allowed.
    pub restarts: u32,
    /// A restart counts for this long, the last nanosecond included.
    pub window: Duration,
}

impl Default for Intensity {
    /// 3 in 5 s, Elixir's default: OTP's 1 ends a supervisor whose child crashes twice.
    fn default() -> Self {
        Self { restarts: 3, window: Duration::from_secs(5) }
    }
}

/// One child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildSpec {
    /// Its name.
    pub id: ChildId,
    /// When it is restarted.
    pub restart: Restart,
    /// How it is stopped.
    pub shutdown: ShutdownTime,
    /// How long its start may take; without a limit if `None`, as for a supervisor, whose
    /// children have limits of their own.
    pub start_time: Option<Duration>,
    /// Its own back-off instead of the supervisor's.
    pub backoff: Option<Backoff>,
    /// Its circuit breaker.
    pub breaker: Option<BreakerPolicy>,
}

impl ChildSpec {
    /// A permanent child with 30 s to start and 5 s to stop.
    pub fn new(id: impl Into<ChildId>) -> Self {
        Self {
            id: id.into(),
            restart: Restart::Permanent,
            shutdown: ShutdownTime::After(SHUTDOWN_TIME),
            start_time: Some(START_TIME),
            backoff: None,
            breaker: None,
        }
    }

    /// A permanent child that is a supervisor: it takes the time that its children take.
    pub fn supervisor(id: impl Into<ChildId>) -> Self {
        Self { shutdown: ShutdownTime::Infinity, start_time: None, ..Self::new(id) }
    }
}

/// When a child that ended is restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Always.
    Permanent,
    /// After any reason but `Normal` and `Shutdown`.
    Transient,
    /// Never; the child is forgotten at its end, also when siblings take it down.
    Temporary,
}

/// How a child is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShutdownTime {
    /// It is told to, and killed after this time.
    After(Duration),
    /// It is killed at once.
    Kill,
    /// It is told to and waited for, as is right for a supervisor.
    Infinity,
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneForOne => "one-for-one",
            Self::OneForAll => "one-for-all",
            Self::RestForOne => "rest-for-one",
            Self::Dynamic => "dynamic",
        })
    }
}

impl fmt::Display for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permanent => "permanent",
            Self::Transient => "transient",
            Self::Temporary => "temporary",
        })
    }
}
