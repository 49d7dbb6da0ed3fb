//! Who waits for a spawned actor, and what binds the two.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use holm_cell::reply::Promise;
use holm_proto::ledger::{LinkId, LinkKey, Stamp};
use holm_wire::{ExitReason, NodeName, Pid, Serial, WireError};

use super::RemoteSpawnError;
use crate::{ActorSystem, Address, AnyCell, Monitor, MonitorRef, Watcher};

/// Takes the answer to a spawn. Dropped, it tells that the connection was lost.
pub struct SpawnSink {
    promise: Promise<Result<Spawned, RemoteSpawnError>>,
    on: NodeName,
    system: ActorSystem,
    /// The actor that spawns.
    parent: Option<Arc<dyn AnyCell>>,
    link: Option<LinkId>,
    monitor: Option<MonitorRef>,
}

/// An actor that was spawned on another node, bound to who waits for it, who is not told yet.
#[derive(Debug)]
#[must_use = "somebody waits to be told"]
pub struct Adopted {
    /// The link that the parent's ledger has now, and the parent: for the tables of the session.
    pub link: Option<(LinkId, Serial)>,
    /// Is to hear of the end of the actor.
    pub watcher: Option<Watcher>,
    sink: SpawnSink,
    spawned: Spawned,
}

/// A spawned actor until somebody takes it; if nobody does, what binds it is ended.
#[derive(Debug)]
pub(super) struct Spawned {
    child: Pid,
    system: ActorSystem,
    /// Whom it was to be linked with.
    linked: Option<Arc<dyn AnyCell>>,
    /// The monitor from outside an actor.
    outside: Option<Monitor>,
    /// The monitor of an actor.
    inside: Option<(MonitorRef, Arc<dyn AnyCell>)>,
    claimed: bool,
}

impl SpawnSink {
    pub(super) fn new(
        promise: Promise<Result<Spawned, RemoteSpawnError>>,
        on: &NodeName,
        system: &ActorSystem,
        parent: Option<Arc<dyn AnyCell>>,
        link: Option<LinkId>,
        monitor: Option<MonitorRef>,
    ) -> Self {
        Self { promise, on: on.clone(), system: system.clone(), parent, link, monitor }
    }

    /// The system that spawns.
    pub fn system(&self) -> &ActorSystem {
        &self.system
    }

    /// The id of the link that is wanted, and the parent.
    pub fn link(&self) -> Option<(LinkId, Pid)> {
        self.link.zip(self.parent.as_ref().map(|parent| parent.pid()))
    }

    /// The monitor that is wanted, and its actor, if it is one's.
    pub fn monitor(&self) -> Option<(MonitorRef, Option<Pid>)> {
        self.monitor.map(|monitor| (monitor, self.parent.as_ref().map(|parent| parent.pid())))
    }

    /// The actor was spawned on this very node, and has not begun to run.
    pub fn here(self, child: &dyn AnyCell) {
        // The child first: so whichever of the two ends first, the other hears.
        if let (Some((id, me)), Some(parent)) = (self.link(), &self.parent) {
            let key = self.key(id);
            child.link(me, key);
            if parent.add_link(child.pid(), id).is_none()
                && let Some(reason) = parent.exit_reason()
            {
                child.link_exit(me, &key.into(), reason);
            }
        }
        let (spawned, watcher) = self.bind(child.pid());
        if let Some(watcher) = watcher {
            // It has not begun to run, so it cannot have ended.
            let _ = child.watch(watcher);
        }
        self.answer(Ok(spawned));
    }

    /// The actor was spawned on another node: binds it, before anything that it sends is delivered.
    /// To be called under the lock of the session `session`, which keeps what it returns.
    pub fn adopt(self, child: Pid, session: Stamp) -> Adopted {
        let mut link = None;
        if let (Some((id, me)), Some(parent)) = (self.link(), &self.parent)
            && let Some(key) = parent.add_link(child, id)
            && parent.stamp_link(child, key, session)
        {
            link = Some((id, me.serial));
        }
        let (spawned, watcher) = self.bind(child);
        Adopted { link, watcher, sink: self, spawned }
    }

    /// Monitors the child, as is wanted.
    fn bind(&self, child: Pid) -> (Spawned, Option<Watcher>) {
        let at = Address::Pid(child);
        let mut spawned = Spawned {
            child,
            system: self.system.clone(),
            linked: self.link.and_then(|_| self.parent.clone()),
            outside: None,
            inside: None,
            claimed: false,
        };
        let watcher = match (self.monitor, &self.parent) {
            (None, _) => None,
            (Some(id), Some(parent)) => {
                parent.add_monitor(id, at.clone());
                spawned.inside = Some((id, Arc::clone(parent)));
                Some(Watcher::actor(id, at, Arc::clone(parent)))
            }
            (Some(id), None) => {
                let (monitor, watcher) = Monitor::pair(&self.system, id, at);
                spawned.outside = Some(monitor);
                Some(watcher)
            }
        };
        (spawned, watcher)
    }

    fn key(&self, id: LinkId) -> LinkKey {
        LinkKey { node: self.system.node(), id }
    }

    /// The node refused.
    pub fn refused(self, error: WireError) {
        self.answer(Err(error.into()));
    }

    /// It could not be asked for.
    pub fn fail(self, error: RemoteSpawnError) {
        self.answer(Err(error));
    }

    /// The session was lost before the answer.
    pub fn disconnected(self) {
        let error = RemoteSpawnError::Disconnected(self.on.clone());
        self.answer(Err(error));
    }

    fn answer(self, answer: Result<Spawned, RemoteSpawnError>) {
        // If nobody waits any more, what was spawned is dropped, and not claimed.
        drop(self.promise.complete(answer));
    }
}

impl Adopted {
    /// Tells who waits; without the session's lock.
    pub fn tell(self) {
        let Self { link, watcher: _, sink, spawned } = self;
        if let Some(parent) = &sink.parent
            && let Some(reason) = parent.exit_reason()
        {
            // A parent that ended before the answer ends its child like any other that is linked.
            if let Some((id, me)) = sink.link()
                && link.is_none()
            {
                sink.system.route_link_exit(spawned.child, me, &sink.key(id).into(), reason);
            }
            if let Some(monitor) = sink.monitor {
                sink.system.unwatch(&Address::Pid(spawned.child), monitor);
            }
        }
        sink.answer(Ok(spawned));
    }
}

impl Spawned {
    pub(super) fn child(&self) -> Pid {
        self.child
    }

    /// It is in good hands.
    pub(super) fn claim(mut self) -> (Option<Monitor>, Option<MonitorRef>) {
        self.claimed = true;
        (self.outside.take(), self.inside.take().map(|(monitor, _)| monitor))
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        if self.claimed {
            return;
        }
        if let Some((monitor, parent)) = self.inside.take()
            && let Some(at) = parent.drop_monitor(monitor)
        {
            self.system.unwatch(&at, monitor);
        }
        match self.linked.take() {
            Some(parent) => {
                let ids = parent.drop_link(self.child);
                if !ids.is_empty() {
                    let reason = ExitReason::Shutdown("its spawn was given up".into());
                    self.system.route_link_exit(self.child, parent.pid(), &ids, reason);
                }
            }
            None => {
                self.system.extras().spawns_unclaimed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl fmt::Debug for SpawnSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnSink").field("on", &self.on).finish_non_exhaustive()
    }
}
