//! How a pool picks and replaces its members, and why it does not.

use std::time::Duration;

use holm_wire::ExitReason;

use crate::SpawnOptions;

/// Members of a pool, at most: a pick may look at all of them. More are refused with
/// [`PoolError::TooMany`].
pub const MEMBERS_MAX: usize = 4_096;

/// Members replaced within [`RESTART_WINDOW`] unless told otherwise: some bad messages pass, a
/// member that cannot live ends the pool within moments.
const RESTARTS: usize = 10;
const RESTART_WINDOW: Duration = Duration::from_secs(10);

/// Which member gets what has no key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolStrategy {
    /// Each in turn.
    #[default]
    RoundRobin,
    /// Any, with equal chances.
    Random,
    /// One that has the fewest messages in its inbox and in its handler.
    LeastLoaded,
}

/// How a pool works.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PoolOptions {
    /// How to pick.
    pub strategy: PoolStrategy,
    /// How to spawn members.
    pub spawn: SpawnOptions,
    /// Most members replaced within `window`.
    pub restarts: usize,
    /// The time in which restarts are counted.
    pub window: Duration,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            strategy: PoolStrategy::default(),
            spawn: SpawnOptions::default(),
            restarts: RESTARTS,
            window: RESTART_WINDOW,
        }
    }
}

impl PoolOptions {
    /// With this strategy.
    #[must_use]
    pub fn strategy(mut self, strategy: PoolStrategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// With members spawned like this.
    #[must_use]
    pub fn spawn(mut self, spawn: SpawnOptions) -> Self {
        self.spawn = spawn;
        self
    }

    /// With at most `restarts` members replaced within any `window`; one more, and the pool gives
    /// up.
    #[must_use]
    pub fn restarts(mut self, restarts: usize, window: Duration) -> Self {
        self.restarts = restarts;
        self.window = window;
        self
    }
}

/// Why a pool gave no member, or did not change.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolError {
    /// It has no members, or all are ending.
    #[error("the pool has no members")]
    NoMembers,
    /// It is being drained or stopped, or was.
    #[error("the pool takes no more work")]
    Closed,
    /// Its members died too often; the last one for this reason.
    #[error("the pool gave up; its last member: {0}")]
    GaveUp(ExitReason),
    /// More than [`MEMBERS_MAX`] members were asked for.
    #[error("a pool has at most {MEMBERS_MAX} members, not {0}")]
    TooMany(usize),
    /// The factory panicked, with this text.
    #[error("the pool's factory panicked: {0}")]
    Factory(String),
}
