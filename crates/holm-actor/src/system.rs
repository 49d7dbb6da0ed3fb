//! All actors of one node.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use holm_cell::{Capacity, SerialTable, cell};
use holm_env::Env;
use holm_proto::ledger::{LinkId, LinkIds};
use holm_sched::Scheduler;
use holm_wire::{ExitReason, NodeId, NodeName, Pid};
use parking_lot::{Mutex, MutexGuard};

use crate::cell::{ActorCell, AnyCell, Header, Item};
use crate::extras::Extras;
use crate::inbox::Keeper;
use crate::info::{ActorInfo, Stats};
use crate::life::Life;
use crate::spawnable::ShutdownTime;
use crate::task::Queue;
use crate::{
    Actor, Address, Behaviour, Context, Handle, Monitor, MonitorRef, Named, Names, Outlet, Ref,
    Remote, SpawnOptions, Watcher, task,
};

/// Messages an inbox holds unless told otherwise: a burst of some hundreds passes without
/// waiting, and a stuck actor costs some tens of kilobytes.
pub const MAILBOX_DEFAULT: Capacity = Capacity::new(1024).expect("within the range");

/// The actors of one node: spawns them, finds them, watches them.
///
/// Cheap to clone. Several can live in one process.
#[derive(Clone)]
pub struct ActorSystem(Arc<Inner>);

/// A system that may have gone.
pub(crate) struct WeakSystem(Weak<Inner>);

impl WeakSystem {
    pub(crate) fn upgrade(&self) -> Option<ActorSystem> {
        self.0.upgrade().map(ActorSystem)
    }
}

struct Inner {
    node: NodeId,
    name: NodeName,
    env: Env,
    actors: SerialTable<Arc<dyn AnyCell>>,
    names: Mutex<NameMap>,
    outlet: Arc<dyn Outlet>,
    /// Numbers monitors and links.
    bonds: AtomicU64,
    extras: Extras,
    /// Runs the actors; `None` in the test world, where each is a task of its own.
    scheduler: Option<Scheduler>,
    /// Set once, by the first shutdown: why whoever is spawned from then on ends at once.
    closing: OnceLock<ExitReason>,
}

/// What binds a new actor to another from its start.
pub(crate) enum Bond {
    Link(Arc<dyn AnyCell>),
    Monitor(Arc<dyn AnyCell>, MonitorRef),
    /// A link with its supervisor.
    Supervisor {
        parent: Arc<dyn AnyCell>,
        /// It tells its supervisor when its `started` has run, and does not wait for more.
        reports: bool,
    },
    /// Whoever hears of it binds it.
    Announced(Announce),
}

/// Is told of a new actor that can be found, and has not begun to run: what it sends, and its
/// end, come later.
pub type Announce = Box<dyn FnOnce(&dyn AnyCell) + Send>;

/// Where an actor is to be found.
pub(crate) enum Place {
    /// On this node; `None` if there is no such actor.
    Here(Option<Arc<dyn AnyCell>>),
    /// On another one.
    Elsewhere,
}

/// An actor and its serial.
type Scanned = (u64, Arc<dyn AnyCell>);

type NameMap = BTreeMap<Arc<str>, Arc<dyn AnyCell>>;

impl ActorSystem {
    /// An empty system of the node `name`, with `outlet` as its way to others.
    pub fn new(env: Env, name: NodeName, node: NodeId, outlet: Arc<dyn Outlet>) -> Self {
        Self(Arc::new_cyclic(|inner: &Weak<Inner>| {
            let inner = Weak::clone(inner);
            let scheduler = env.parallelism().map(|workers| {
                let start = |worker| drop(env.spawn(worker));
                Scheduler::new(workers, start, move || handle_runtime_gone(&inner))
            });
            Inner {
                node,
                name,
                env,
                actors: SerialTable::new(),
                names: Mutex::default(),
                outlet,
                bonds: AtomicU64::new(1),
                extras: Extras::default(),
                scheduler,
                closing: OnceLock::new(),
            }
        }))
    }

    /// The name of its node.
    pub fn name(&self) -> &NodeName {
        &self.0.name
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
        self.spawn_bound(actor, options, None)
    }

    /// Spawns what stands in for an actor of type `A`, for tests: its references are those of the
    /// actor, here and on other nodes.
    ///
    /// # Panics
    /// As [`spawn`](Self::spawn).
    pub fn spawn_stand_in<A: Actor>(
        &self,
        stand_in: impl Behaviour<A>,
        options: SpawnOptions,
    ) -> Ref<A> {
        let cell = self.start(&options, None, |queue, cx| task::task(stand_in, queue, cx));
        let pid = cell.header().pid;
        Ref::new(Handle::local(cell), pid)
    }

    /// Spawns an actor for a caller that does not know its type, who hears of it before it does
    /// anything.
    ///
    /// # Panics
    /// As [`spawn`](Self::spawn).
    pub fn spawn_announced<A: Actor>(&self, actor: A, announce: Announce) -> Arc<dyn AnyCell> {
        let bond = Some(Bond::Announced(announce));
        self.spawn_cell(actor, &SpawnOptions::default(), bond)
    }

    pub(crate) fn spawn_bound<A: Actor>(
        &self,
        actor: A,
        options: SpawnOptions,
        bond: Option<Bond>,
    ) -> Ref<A> {
        let cell = self.spawn_cell(actor, &options, bond);
        let pid = cell.header().pid;
        Ref::new(Handle::local(cell), pid)
    }

    pub(crate) fn spawn_cell<A: Actor>(
        &self,
        actor: A,
        options: &SpawnOptions,
        bond: Option<Bond>,
    ) -> Arc<ActorCell<A>> {
        self.start(options, bond, |queue, cx| task::task(actor, queue, cx))
    }

    /// The id of a slot: a pid that no actor has or will have.
    pub(crate) fn slot_id(&self) -> Pid {
        let vacant = self.0.actors.reserve().expect("fewer than SERIALS_MAX actors");
        Pid { node: self.0.node, serial: wire_serial(vacant.serial()) }
    }

    /// Makes a cell, binds it to who spawns it, and starts the task that `make` makes for it.
    pub(crate) fn start<A: Actor, F: Future<Output = ()> + Send + 'static>(
        &self,
        options: &SpawnOptions,
        bond: Option<Bond>,
        make: impl FnOnce(Queue<A>, Context<A>) -> F,
    ) -> Arc<ActorCell<A>> {
        let vacant = self.0.actors.reserve().expect("fewer than SERIALS_MAX actors");
        let pid = Pid { node: self.0.node, serial: wire_serial(vacant.serial()) };
        let (supervisor, reports) = match &bond {
            Some(Bond::Supervisor { parent, reports }) => (Some(parent.pid()), *reports),
            Some(Bond::Link(_) | Bond::Monitor(..) | Bond::Announced(_)) | None => (None, false),
        };
        let (keeper, room) = Keeper::new(options.policy, options.mailbox);
        let header = Header {
            pid,
            system: self.clone(),
            life: Life::new(options.trap_exits, supervisor),
            keeper,
            busy: AtomicU32::new(0),
            stats: Stats::default(),
            turn: options.turn,
            shutdown: ShutdownTime::new(options.shutdown_time),
            actor: PhantomData,
        };
        let (cell, queue) = cell::<Item<A>, Header<A>>(room, header);
        let announce = bond.and_then(|bond| self.bind(&*cell, bond));
        vacant.fill(Arc::clone(&cell) as Arc<dyn AnyCell>);
        if let Some(announce) = announce {
            announce(&*cell);
        }
        // It is in the table now: either this sees a shutdown, or the shutdown sees it.
        if let Some(reason) = self.0.closing.get() {
            cell.halt(reason.clone());
        }
        let task = make(queue, Context::new(Arc::clone(&cell), options, reports));
        let label = cell.header().pid.serial.as_u64();
        match &self.0.scheduler {
            Some(scheduler) => scheduler.spawn(options.priority, label, task),
            None => drop(self.0.env.spawn(task)),
        }
        cell
    }

    /// Binds a new actor, which nobody knows yet. Who is to be told once it can be found.
    fn bind(&self, child: &dyn AnyCell, bond: Bond) -> Option<Announce> {
        match bond {
            Bond::Announced(announce) => return Some(announce),
            Bond::Link(parent) | Bond::Supervisor { parent, .. } => {
                self.link(&*parent, parent.pid(), child.pid(), Some(child));
            }
            Bond::Monitor(parent, monitor) => {
                let at = Address::Pid(child.pid());
                if parent.add_monitor(monitor, at.clone()) {
                    // It cannot have ended.
                    let _ = child.watch(Watcher::actor(monitor, at, parent));
                }
            }
        }
        None
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
        let reason = ExitReason::Shutdown(why.into());
        self.stop_supervisors(&reason).await;
        let reason = self.0.closing.get_or_init(|| reason);
        loop {
            let cells = self.0.actors.snapshot();
            if cells.is_empty() {
                self.0.extras.timers.clear();
                return;
            }
            let ends: Vec<Monitor> =
                cells.iter().map(|(_, cell)| self.monitor(cell.pid())).collect();
            for (_, cell) in cells {
                cell.halt(reason.clone());
            }
            for end in ends {
                end.await;
            }
        }
    }

    /// Stops the supervision trees, each from its leaves up.
    async fn stop_supervisors(&self, reason: &ExitReason) {
        let cells = self.0.actors.snapshot().into_iter().map(|(_, cell)| cell);
        let roots: Vec<_> =
            cells.filter(|cell| cell.is_supervisor() && cell.info().supervisor.is_none()).collect();
        let ends: Vec<Monitor> = roots.iter().map(|cell| self.monitor(cell.pid())).collect();
        for root in roots {
            root.exit(None, reason.clone());
        }
        for end in ends {
            end.await;
        }
    }

    /// A name for a new monitor.
    pub fn next_monitor(&self) -> MonitorRef {
        MonitorRef(self.0.bonds.fetch_add(1, Ordering::Relaxed))
    }

    /// A name for a new link.
    pub(crate) fn next_link(&self) -> LinkId {
        LinkId(self.0.bonds.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn downgrade(&self) -> WeakSystem {
        WeakSystem(Arc::downgrade(&self.0))
    }

    pub(crate) fn scheduler(&self) -> Option<&Scheduler> {
        self.0.scheduler.as_ref()
    }

    pub(crate) fn by_serial(&self, serial: u64) -> Option<Arc<dyn AnyCell>> {
        self.0.actors.get(holm_cell::Serial::new(serial)?)
    }

    /// Up to `max` actors from the place `from` on, and where to go on: 0 after the last.
    pub(crate) fn scan(&self, from: u32, max: usize) -> (Vec<Scanned>, u32) {
        let (cells, next) = self.0.actors.scan(from, max);
        (cells.into_iter().map(|(serial, cell)| (serial.as_u64(), cell)).collect(), next)
    }

    /// The actors in the `max` places of the table from `from` on, which is 0 at first, and where to
    /// go on if there are more places. An actor that lives during the whole walk is seen once.
    pub fn page(&self, from: u32, max: usize) -> (Vec<Arc<dyn AnyCell>>, Option<u32>) {
        let (cells, next) = self.scan(from, max);
        (cells.into_iter().map(|(_, cell)| cell).collect(), (next > 0).then_some(next))
    }

    /// The state of an actor of this node; `None` if there is no such actor.
    pub fn inspect(&self, pid: Pid) -> Option<ActorInfo> {
        self.find(pid).map(|cell| cell.info())
    }

    /// The actors of this node.
    pub fn pids(&self) -> Vec<Pid> {
        let node = self.0.node;
        let pid = |serial| Pid { node, serial: wire_serial(serial) };
        self.0.actors.snapshot().into_iter().map(|(serial, _)| pid(serial)).collect()
    }

    /// Sends an exit signal from outside of an actor: see [`Ref::exit`].
    pub fn exit(&self, target: Pid, reason: ExitReason) {
        self.exit_from(None, target, reason);
    }

    /// Ends an actor at once: see [`Ref::kill`].
    pub fn kill(&self, target: Pid) {
        match self.place(&Address::Pid(target)) {
            Place::Here(Some(cell)) => cell.kill(),
            Place::Here(None) => {}
            Place::Elsewhere => self.0.outlet.kill(target),
        }
    }

    pub(crate) fn exit_from(&self, from: Option<Pid>, target: Pid, reason: ExitReason) {
        match self.place(&Address::Pid(target)) {
            Place::Here(Some(cell)) => cell.exit(from, reason),
            Place::Here(None) => {}
            Place::Elsewhere => self.0.outlet.exit(from, target, reason),
        }
    }

    /// Links `mine`, whose pid is `me`, with `peer`. No two lives are locked at once: the
    /// ledgers of both settle what crosses.
    pub(crate) fn link(&self, mine: &dyn AnyCell, me: Pid, peer: Pid, known: Option<&dyn AnyCell>) {
        if peer == me {
            return;
        }
        let Some(key) = mine.add_link(peer, self.next_link()) else { return };
        let refused = match (known, self.place(&Address::Pid(peer))) {
            (Some(cell), _) => (!cell.link(me, key)).then_some(ExitReason::Noproc),
            (None, Place::Here(Some(cell))) => (!cell.link(me, key)).then_some(ExitReason::Noproc),
            (None, Place::Here(None)) => Some(ExitReason::Noproc),
            (None, Place::Elsewhere) => {
                (!self.0.outlet.link(mine, peer, key)).then_some(ExitReason::Noconnection)
            }
        };
        if let Some(reason) = refused {
            mine.link_exit(peer, &LinkIds::from(key), reason);
        }
    }

    /// Ends the link of the actor `me` with `peer`.
    pub(crate) fn unlink(&self, life: &Life, me: Pid, peer: Pid) {
        let ids = life.unlink(peer);
        if ids.is_empty() {
            return;
        }
        match self.place(&Address::Pid(peer)) {
            Place::Here(Some(cell)) => {
                cell.unlink(me, &ids);
            }
            Place::Here(None) => {}
            Place::Elsewhere => self.0.outlet.unlink(me, peer, &ids),
        }
    }

    /// Tells `peer` of the end of an actor that it is linked with.
    pub(crate) fn route_link_exit(&self, peer: Pid, from: Pid, ids: &LinkIds, reason: ExitReason) {
        match self.place(&Address::Pid(peer)) {
            Place::Here(Some(cell)) => {
                cell.link_exit(from, ids, reason);
            }
            Place::Here(None) => {}
            Place::Elsewhere => self.0.outlet.link_exit(from, peer, ids, reason),
        }
    }

    /// Whom a watch of `target` watches: the holder, where a local name is held.
    pub(crate) fn holder(&self, target: Address) -> Address {
        match self.place(&target) {
            Place::Here(Some(cell)) => Address::Pid(cell.pid()),
            Place::Here(None) | Place::Elsewhere => target,
        }
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

    /// Groups, timers and counters.
    pub(crate) fn extras(&self) -> &Extras {
        &self.0.extras
    }

    /// Whether a shutdown has begun.
    pub(crate) fn is_closing(&self) -> bool {
        self.0.closing.get().is_some()
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

/// The runtime has dropped its tasks: the actors wake up to be dropped too, and tell.
fn handle_runtime_gone(inner: &Weak<Inner>) {
    if let Some(inner) = inner.upgrade() {
        for (_, cell) in inner.actors.snapshot() {
            cell.wake();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(scheduler) = &self.scheduler {
            scheduler.close();
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
