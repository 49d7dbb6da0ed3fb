//! All actors of one node.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use holm_cell::{Capacity, SerialTable, cell};
use holm_env::Env;
use holm_wire::{ExitReason, NodeId, NodeName, Pid};
use parking_lot::{Mutex, MutexGuard};

use crate::cell::{ActorCell, AnyCell, Header};
use crate::life::Life;
use crate::{
    Actor, Address, Context, Handle, Monitor, MonitorRef, Named, Names, Outlet, Ref, Remote,
    SpawnOptions, Watcher, task,
};

/// Messages an inbox holds unless told otherwise: a burst of some hundreds passes without
/// waiting, and a stuck actor costs some tens of kilobytes.
pub const MAILBOX_DEFAULT: Capacity = Capacity::new(1024).expect("within the range");

/// The actors of one node: spawns them, finds them, watches them.
///
/// Cheap to clone. Several can live in one process.
#[derive(Clone)]
pub struct ActorSystem(Arc<Inner>);

struct Inner {
    node: NodeId,
    name: NodeName,
    env: Env,
    actors: SerialTable<Arc<dyn AnyCell>>,
    names: Mutex<NameMap>,
    outlet: Arc<dyn Outlet>,
    monitors: AtomicU64,
    /// Set once, by the first shutdown: why whoever is spawned from then on ends at once.
    closing: OnceLock<ExitReason>,
}

/// Where an actor is to be found.
pub(crate) enum Place {
    /// On this node; `None` if there is no such actor.
    Here(Option<Arc<dyn AnyCell>>),
    /// On another one.
    Elsewhere,
}

type NameMap = BTreeMap<Arc<str>, Arc<dyn AnyCell>>;

impl ActorSystem {
    /// An empty system of the node `name`, with `outlet` as its way to others.
    pub fn new(env: Env, name: NodeName, node: NodeId, outlet: Arc<dyn Outlet>) -> Self {
        Self(Arc::new(Inner {
            node,
            name,
            env,
            actors: SerialTable::new(),
            names: Mutex::default(),
            outlet,
            monitors: AtomicU64::new(1),
            closing: OnceLock::new(),
        }))
    }

    /// The node that this system's pids carry.
    pub fn node(&self) -> NodeId {
        self.0.node
    }

    /// What the node asks of the world.
    pub fn env(&self) -> &Env {
        &self.0.env
    }

    /// Spawns an actor with an inbox of [`MAILBOX_DEFAULT`].
    ///
    /// # Panics
    /// If the table of actors is full ([`holm_cell::SERIALS_MAX`]).
    pub fn spawn<A: Actor>(&self, actor: A) -> Ref<A> {
        self.spawn_with(actor, SpawnOptions::default())
    }

    /// Spawns an actor.
    ///
    /// # Panics
    /// If the table of actors is full ([`holm_cell::SERIALS_MAX`]).
    pub fn spawn_with<A: Actor>(&self, actor: A, options: SpawnOptions) -> Ref<A> {
        let cell = self.start(actor, options);
        let pid = cell.header().pid;
        Ref::new(Handle::local(cell), pid)
    }

    /// Spawns an actor for a caller that does not know its type.
    ///
    /// # Panics
    /// As [`spawn`](Self::spawn).
    pub fn spawn_any<A: Actor>(&self, actor: A) -> Arc<dyn AnyCell> {
        self.start(actor, SpawnOptions::default())
    }

    fn start<A: Actor>(&self, actor: A, options: SpawnOptions) -> Arc<ActorCell<A>> {
        let vacant = self.0.actors.reserve().expect("fewer than SERIALS_MAX actors");
        let pid = Pid { node: self.0.node, serial: wire_serial(vacant.serial()) };
        let header =
            Header { pid, system: self.clone(), life: Life::default(), actor: PhantomData };
        let (cell, inbox) = cell(options.mailbox, header);
        vacant.fill(Arc::clone(&cell) as Arc<dyn AnyCell>);
        // It is in the table now: either this sees a shutdown, or the shutdown sees it.
        if let Some(reason) = self.0.closing.get() {
            cell.exit(reason.clone());
        }
        drop(self.0.env.spawn(task::task(actor, inbox, Context::new(Arc::clone(&cell)))));
        cell
    }

    /// The local names.
    pub fn names(&self) -> Names<'_> {
        Names { system: self }
    }

    /// A typed reference to a pid that someone sent. The type is taken on trust; signals to an
    /// actor of another type are refused where they arrive.
    pub fn reference<A: Remote>(&self, pid: Pid) -> Ref<A> {
        self.find(pid)
            .and_then(Ref::from_cell)
            .unwrap_or_else(|| Ref::new(Handle::remote(Address::Pid(pid), self.clone()), pid))
    }

    /// The holder of a local name on `node`, looked up there by each signal.
    pub fn named<A: Remote>(&self, node: NodeName, name: &str) -> Named<A> {
        let address = Address::Named { node, name: Arc::from(name) };
        Named::new(Handle::remote(address, self.clone()))
    }

    /// Watches an actor from outside an actor.
    pub fn monitor(&self, target: impl Into<Address>) -> Monitor {
        Monitor::start(self, target.into())
    }

    /// A living actor of this node.
    pub fn find(&self, pid: Pid) -> Option<Arc<dyn AnyCell>> {
        if pid.node != self.0.node {
            return None;
        }
        self.0.actors.get(cell_serial(pid)?)
    }

    /// The holder of a local name.
    pub fn find_named(&self, name: &str) -> Option<Arc<dyn AnyCell>> {
        self.names_lock().get(name).cloned()
    }

    /// How many actors live.
    pub fn actors(&self) -> usize {
        self.0.actors.len()
    }

    /// Ends every actor with `Shutdown` and waits until all have ended, each within its
    /// shutdown time. Actors spawned from now on end at once.
    ///
    /// Cancel safe: it can be called again, also by several at once.
    pub async fn shutdown(&self, why: &str) {
        let reason = self.0.closing.get_or_init(|| ExitReason::Shutdown(why.into()));
        loop {
            let cells = self.0.actors.snapshot();
            if cells.is_empty() {
                return;
            }
            let ends: Vec<Monitor> =
                cells.iter().map(|(_, cell)| self.monitor(cell.pid())).collect();
            for (_, cell) in cells {
                cell.exit(reason.clone());
            }
            for end in ends {
                end.await;
            }
        }
    }

    /// A name for a new monitor.
    pub fn next_monitor(&self) -> MonitorRef {
        MonitorRef(self.0.monitors.fetch_add(1, Ordering::Relaxed))
    }

    /// Has `watcher` hear of the end of whom it watches. Returns what [`unwatch`](Self::unwatch)
    /// takes: the holder where a local name was watched.
    pub fn watch(&self, watcher: Watcher) -> Address {
        let target = watcher.target().clone();
        let Place::Here(cell) = self.place(&target) else {
            self.0.outlet.monitor(&target, watcher);
            return target;
        };
        let at = cell.as_ref().map_or(target, |cell| Address::Pid(cell.pid()));
        let refused = match cell {
            Some(cell) => cell.watch(watcher).err(),
            None => Some(watcher),
        };
        if let Some(watcher) = refused {
            watcher.fire(ExitReason::Noproc);
        }
        at
    }

    /// Ends a watch that has not fired.
    pub fn unwatch(&self, target: &Address, monitor: MonitorRef) {
        match self.place(target) {
            Place::Here(Some(cell)) => cell.unwatch(monitor),
            Place::Here(None) => {}
            Place::Elsewhere => self.0.outlet.demonitor(target, monitor),
        }
    }

    /// Where an actor is to be found, and, if here, the actor.
    pub(crate) fn place(&self, address: &Address) -> Place {
        match address {
            Address::Pid(pid) if pid.node == self.0.node => Place::Here(self.find(*pid)),
            Address::Named { node, name } if *node == self.0.name => {
                Place::Here(self.find_named(name))
            }
            Address::Pid(_) | Address::Named { .. } => Place::Elsewhere,
        }
    }

    pub(crate) fn outlet(&self) -> &dyn Outlet {
        &*self.0.outlet
    }

    pub(crate) fn names_lock(&self) -> MutexGuard<'_, NameMap> {
        self.0.names.lock()
    }

    /// Releases the serial and the names of an actor that has ended.
    pub(crate) fn forget(&self, pid: Pid, held: &[Arc<str>]) {
        if let Some(serial) = cell_serial(pid) {
            self.0.actors.remove(serial);
        }
        if !held.is_empty() {
            let mut names = self.names_lock();
            for name in held {
                if names.get(name).is_some_and(|holder| holder.pid() == pid) {
                    names.remove(name);
                }
            }
        }
    }
}

impl fmt::Debug for ActorSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorSystem")
            .field("name", &self.0.name)
            .field("actors", &self.actors())
            .finish_non_exhaustive()
    }
}

/// The serial of a slot, as pids carry it.
fn wire_serial(serial: holm_cell::Serial) -> holm_wire::Serial {
    holm_wire::Serial::from_u64(serial.as_u64()).expect("neither is 0")
}

/// The slot that a pid means; `None` if it can be none.
fn cell_serial(pid: Pid) -> Option<holm_cell::Serial> {
    holm_cell::Serial::new(pid.serial.as_u64())
}
