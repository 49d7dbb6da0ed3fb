//! One run: the runtime that a world lives on.

use std::fmt;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::World;
use crate::trace::Keeps;

/// Virtual time that one scenario may take. It is over at once when all tasks wait for nothing
/// that will come, and then the run fails.
pub const SCENARIO_LIMIT: Duration = Duration::from_secs(3_600);

/// A world and the single-threaded runtime, with virtual time, that it lives on.
///
/// All that happens follows from the seed, as long as the scenario keeps the
/// [rules](crate#what-keeps-a-run-repeatable).
pub struct Sim {
    // Dropped first: the tasks of the world go with the runtime.
    runtime: Runtime,
    world: World,
}

impl Sim {
    /// An empty world.
    ///
    /// # Panics
    /// Inside another runtime.
    pub fn new(seed: u64) -> Self {
        Self::keeping(seed, Keeps::All)
    }

    /// Whose trace keeps so much.
    pub(crate) fn keeping(seed: u64, keeps: Keeps) -> Self {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime without threads and sockets can be had");
        let world = World::start(seed, runtime.handle().clone(), keeps);
        Self { runtime, world }
    }

    /// Runs `scenario` to its end. The world stays as it is then, and may be gone on with by
    /// another call.
    ///
    /// # Panics
    /// With the scenario's panic; if it takes more than [`SCENARIO_LIMIT`]; and if a task of any
    /// host has panicked (a panic in an actor's handler ends that actor only, and does not count).
    pub fn run<T>(&mut self, scenario: impl AsyncFnOnce(World) -> T) -> T {
        let world = self.world.clone();
        let done = self
            .runtime
            .block_on(async { tokio::time::timeout(SCENARIO_LIMIT, scenario(world)).await });
        if let Some(task) = self.world.panicked() {
            panic!("{task} panicked");
        }
        done.unwrap_or_else(|_| panic!("the scenario did not end within {SCENARIO_LIMIT:?}"))
    }

    /// Where scenarios live.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// A hash over every scheduling decision, every network event and every
    /// [note](World::note) so far: equal for equal runs.
    pub fn trace_hash(&self) -> u64 {
        self.world.trace().hash()
    }

    /// What the hash is made of, a line for each event, up to
    /// [`TRACE_TEXT_MAX`](crate::TRACE_TEXT_MAX). Times are milliseconds since the start.
    pub fn trace_text(&self) -> String {
        self.world.trace().text()
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim").field("world", &self.world).finish_non_exhaustive()
    }
}
