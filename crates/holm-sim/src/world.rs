//! The world that a scenario acts on.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::runtime::Handle;

use crate::Host;
use crate::network::SimNetwork;
use crate::scheduler::Scheduler;
use crate::trace::{Keeps, Trace, derive};

/// Hosts, the network between them, and their common clock. Cheap to clone.
#[derive(Clone)]
pub struct World(Arc<Shared>);

struct Shared {
    seed: u64,
    handle: Handle,
    scheduler: Arc<Scheduler>,
    network: SimNetwork,
    hosts: Mutex<BTreeMap<String, Host>>,
    /// Generators handed out so far.
    generators: AtomicU64,
}

impl World {
    pub(crate) fn start(seed: u64, handle: Handle, keeps: Keeps) -> Self {
        let trace = Arc::new(Trace::new(handle.clone(), keeps));
        let network = SimNetwork::start(&handle, derive(seed, "network"), Arc::clone(&trace));
        Self(Arc::new(Shared {
            seed,
            handle,
            scheduler: Arc::new(Scheduler::new(derive(seed, "schedule"), trace)),
            network,
            hosts: Mutex::default(),
            generators: AtomicU64::new(0),
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
        let life = Host::number_after(former);
        let host = Host::start(
            self.0.handle.clone(),
            Arc::clone(&self.0.scheduler),
            self.0.network.clone(),
            name,
            former,
            derive(self.0.seed, &format!("host {name} {life}")),
        );
        hosts.insert(name.to_owned(), host.clone());
        host
    }

    /// The network between the hosts.
    pub fn network(&self) -> &SimNetwork {
        &self.0.network
    }

    /// The seed that all follows from.
    pub fn seed(&self) -> u64 {
        self.0.seed
    }

    /// A generator for the scenario's own choices, another one at each call.
    pub fn rng(&self) -> StdRng {
        let number = self.0.generators.fetch_add(1, Ordering::Relaxed);
        StdRng::seed_from_u64(derive(self.0.seed, &format!("scenario {number}")))
    }

    /// The virtual time since the start. It moves only while all tasks wait.
    pub fn elapsed(&self) -> Duration {
        self.trace().elapsed()
    }

    /// Adds an event of the scenario's own to the trace.
    pub fn note(&self, event: fmt::Arguments<'_>) {
        self.trace().note(event);
    }

    pub(crate) fn trace(&self) -> &Trace {
        &self.0.scheduler.trace
    }

    pub(crate) fn panicked(&self) -> Option<String> {
        self.0.scheduler.panicked()
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
