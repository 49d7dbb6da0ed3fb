//! What a system keeps besides its actors and their names.

use std::sync::atomic::AtomicU64;

use crate::groups::GroupState;
use crate::timers::Timers;

/// Groups, timers and counters of one system.
#[derive(Default)]
pub(crate) struct Extras {
    pub(crate) groups: GroupState,
    pub(crate) timers: Timers,
    /// Panics of tasks in scopes.
    pub(crate) task_panics: AtomicU64,
    /// Actors spawned elsewhere for somebody who did not wait for them any more.
    pub(crate) spawns_unclaimed: AtomicU64,
}
