//! The scheduler's draws, common to all hosts.

use std::sync::Arc;

use holm_env::TaskId;
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::trace::Trace;

/// How often, out of [`CHANCES`], a task gives way when its turn comes. Each task draws one
/// of these for its life: a few tasks that are much slower than others find more than
/// many that are a little slower.
const PATIENCES: [u8; 4] = [0, 1, 4, 7];

/// See [`PATIENCES`].
const CHANCES: u8 = 8;

/// How readily a task gives way to others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience(u8);

/// Decides, from its seed, whose turn it is; and remembers which task panicked.
#[derive(Debug)]
pub(crate) struct Scheduler {
    pub(crate) trace: Arc<Trace>,
    rng: Mutex<StdRng>,
    /// The first task that panicked.
    panicked: Mutex<Option<String>>,
}

impl Scheduler {
    pub(crate) fn new(seed: u64, trace: Arc<Trace>) -> Self {
        Self { trace, rng: Mutex::new(StdRng::seed_from_u64(seed)), panicked: Mutex::default() }
    }

    pub(crate) fn draw_patience(&self) -> Patience {
        Patience(PATIENCES[self.rng.lock().random_range(0..PATIENCES.len())])
    }

    pub(crate) fn gives_way(&self, patience: Patience) -> bool {
        self.rng.lock().random_range(0..CHANCES) < patience.0
    }

    pub(crate) fn handle_panic(&self, host: &str, task: TaskId) {
        self.panicked.lock().get_or_insert_with(|| format!("{task} of host `{host}`"));
    }

    pub(crate) fn panicked(&self) -> Option<String> {
        self.panicked.lock().clone()
    }
}
