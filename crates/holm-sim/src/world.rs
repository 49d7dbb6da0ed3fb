//! The world that a scenario acts on.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use holm_env::TaskId;
use parking_lot::Mutex;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::runtime::Handle;

use crate::network::SimNetwork;
use crate::trace::{Trace, derive};
use crate::{Host, SimSeed};

/// Hosts, the network between them, and their common clock. Cheap to clone.
#[derive(Clone)]
pub struct World(Arc<Shared>);

struct Shared {
    seed: u64,
    handle: Handle,
    trace: Arc<Trace>,
    network: SimNetwork,
    hosts: Mutex<BTreeMap<String, Host>>,
    /// Draws of the scheduler.
    schedule: Mutex<StdRng>,
    generators: AtomicU64,
    /// The first task that panicked.
    panicked: Mutex<Option<String>>,
}

impl World {
    pub(crate) fn start(seed: u64, handle: Handle) -> Self {
        let trace = Arc::new(Trace::new(handle.clone()));
        let network = SimNetwork::start(&handle, derive(seed, "network"), Arc::clone(&trace));
        Self(Arc::new(Shared {
            seed,
            handle,
            trace,
            network,
            hosts: Mutex::default(),
            schedule: Mutex::new(StdRng::seed_from_u64(derive(seed, "schedule"))),
            generators: AtomicU64::new(0),
            panicked: Mutex::default(),
        }))
    }

    /// The host called `name`: the one that lives, or a new one. After a
    /// [crash](Host::crash) this starts the host again, with nothing left of its former life.
    ///
    /// # Panics
    /// If the name is empty or contains `/`.
    pub fn host(&self, name: &str) -> Host {
        assert!(!name.is_empty() && !name.contains('/'), "`{name}` is no name for a host");
        let mut hosts = self.0.hosts.lock();
        let former = hosts.get(name);
        if let Some(host) = former
            && !host.has_crashed()
        {
            return host.clone();
        }
        let host = Host::start(self, name, former.map_or(1, |host| host.life() + 1));
        hosts.insert(name.to_owned(), host.clone());
        host
    }

    /// The network between the hosts.
    pub fn network(&self) -> &SimNetwork {
        &self.0.network
    }

    /// The seed that all follows from.
    pub fn seed(&self) -> SimSeed {
        SimSeed(self.0.seed)
    }

    /// A generator for the scenario's own choices, another one at each call.
    pub fn rng(&self) -> StdRng {
        let number = self.0.generators.fetch_add(1, Ordering::Relaxed);
        StdRng::seed_from_u64(derive(self.0.seed, &format!("scenario {number}")))
    }

    /// The virtual time since the start. It moves only while all tasks wait.
    pub fn elapsed(&self) -> Duration {
        self.0.trace.elapsed()
    }

    /// Adds an event of the scenario's own to the trace.
    pub fn note(&self, event: fmt::Arguments<'_>) {
        self.0.trace.note(event);
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.0.handle
    }

    pub(crate) fn trace(&self) -> &Trace {
        &self.0.trace
    }

    /// One draw of the scheduler.
    pub(crate) fn draw<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.0.schedule.lock())
    }

    pub(crate) fn handle_panic(&self, host: &str, task: TaskId) {
        self.0.panicked.lock().get_or_insert_with(|| format!("{task} of host `{host}`"));
    }

    pub(crate) fn panicked(&self) -> Option<String> {
        self.0.panicked.lock().clone()
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("seed", &self.seed())
            .field("elapsed", &self.elapsed())
            .finish_non_exhaustive()
    }
}
