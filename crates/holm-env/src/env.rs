//! The environment of a node.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use rand::rngs::SysRng;
use rand::{Rng, TryRng};
use tokio::runtime::{Handle, TryCurrentError};

use crate::gate::{Gated, Hooks, TaskId};
use crate::rng::EnvRng;
use crate::task::Task;
use crate::wall_clock::UnixMillis;

/// What a node asks of the world besides byte streams: tasks, randomness and
/// the wall clock. Cheap to clone; clones are the same environment.
#[derive(Clone)]
pub struct Env {
    handle: Handle,
    shared: Arc<Shared>,
}

struct Shared {
    rng: Mutex<EnvRng>,
    gates: Option<Gates>,
}

struct Gates {
    hooks: Arc<dyn Hooks>,
    next_task: AtomicU64,
}

/// Why an environment could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The caller is not inside a tokio runtime.
    #[error("called outside of a tokio runtime: {0}")]
    NoRuntime(#[from] TryCurrentError),
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes: {0}")]
    NoEntropy(String),
}

impl Env {
    /// The real world: tasks run on the current tokio runtime, the generator is
    /// seeded by the operating system, the wall clock is the system's.
    pub fn tokio() -> Result<Self, StartError> {
        let handle = Handle::try_current()?;
        let mut seed = [0; 32];
        SysRng
            .try_fill_bytes(&mut seed)
            .map_err(|error| StartError::NoEntropy(error.to_string()))?;
        Ok(Self::new(handle, EnvRng::from_seed(seed), None))
    }

    /// The test world: tasks run on `handle` behind `hooks`' gate, the wall
    /// clock is theirs, and all randomness follows from `seed`.
    pub fn with_hooks(handle: Handle, hooks: Arc<dyn Hooks>, seed: u64) -> Self {
        let gates = Gates { hooks, next_task: AtomicU64::new(0) };
        Self::new(handle, EnvRng::from_u64(seed), Some(gates))
    }

    fn new(handle: Handle, rng: EnvRng, gates: Option<Gates>) -> Self {
        Self { handle, shared: Arc::new(Shared { rng: Mutex::new(rng), gates }) }
    }

    /// Starts a task. Callable from any thread, also outside of the runtime.
    ///
    /// For its whole life the future is given equivalent wakers
    /// ([`Waker::will_wake`](std::task::Waker::will_wake)), so it may keep the
    /// first one. A panic ends this task alone.
    pub fn spawn<F>(&self, future: F) -> Task
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Task(match &self.shared.gates {
            None => self.handle.spawn(future),
            Some(gates) => self.handle.spawn(Gated {
                future: Box::pin(future),
                task: TaskId(gates.next_task.fetch_add(1, Ordering::Relaxed)),
                hooks: Arc::clone(&gates.hooks),
            }),
        })
    }

    /// How many tasks run at once; `None` in the test world, where a task that gathers others
    /// would hide them from its gate.
    pub fn parallelism(&self) -> Option<NonZeroUsize> {
        match self.shared.gates {
            None => NonZeroUsize::new(self.handle.metrics().num_workers()),
            Some(_) => None,
        }
    }

    /// A generator of one's own, for whoever draws often: no lock is shared.
    pub fn rng(&self) -> EnvRng {
        let mut seed = [0; 32];
        self.fill(&mut seed);
        EnvRng::from_seed(seed)
    }

    /// 64 random bits, fit for secrets in the real world.
    pub fn random_u64(&self) -> u64 {
        self.shared.rng.lock().next_u64()
    }

    /// Fills `bytes` with random ones, fit for secrets in the real world.
    pub fn fill(&self, bytes: &mut [u8]) {
        self.shared.rng.lock().fill_bytes(bytes);
    }

    /// The time of day.
    pub fn wall_clock(&self) -> UnixMillis {
        match &self.shared.gates {
            None => UnixMillis::now(),
            Some(gates) => gates.hooks.wall_clock(),
        }
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env").field("gated", &self.shared.gates.is_some()).finish_non_exhaustive()
    }
}
