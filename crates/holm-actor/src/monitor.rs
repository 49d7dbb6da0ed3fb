//! Monitors: hearing, exactly once, that an actor has ended.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use holm_cell::reply::{Promise, Reply, slot};
use holm_wire::{ExitReason, MonitorId, Pid};

use crate::{ActorSystem, Address, AnyCell};

/// Names one monitor; unique in its [`ActorSystem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MonitorRef(pub(crate) u64);

impl MonitorRef {
    /// The monitor with this number, as it comes back over the wire.
    pub fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The number behind it, for the wire.
    pub fn as_u64(self) -> u64 {
        self.0
    }
}

impl From<MonitorRef> for MonitorId {
    fn from(monitor: MonitorRef) -> Self {
        Self(monitor.0)
    }
}

impl From<MonitorId> for MonitorRef {
    fn from(id: MonitorId) -> Self {
        Self(id.0)
    }
}

/// The end of a monitored actor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Down {
    /// The monitor that fired.
    pub monitor: MonitorRef,
    /// Whom it watched.
    pub from: Address,
    /// Why the actor ended; `Noproc` if it had ended before, `Noconnection` if its node
    /// cannot be reached.
    pub reason: ExitReason,
}

/// The watcher's end of a monitor, kept by the one who will tell.
pub struct Watcher {
    monitor: MonitorRef,
    from: Address,
    sink: Sink,
}

enum Sink {
    Actor(Arc<dyn AnyCell>),
    Future(Promise<Down>),
    Remote(Box<dyn FnOnce(ExitReason) + Send>),
}

impl Watcher {
    pub(crate) fn actor(monitor: MonitorRef, from: Address, cell: Arc<dyn AnyCell>) -> Self {
        Self { monitor, from, sink: Sink::Actor(cell) }
    }

    /// A watcher on another node, told through `tell`.
    pub fn remote(
        monitor: MonitorRef,
        from: Address,
        tell: impl FnOnce(ExitReason) + Send + 'static,
    ) -> Self {
        Self { monitor, from, sink: Sink::Remote(Box::new(tell)) }
    }

    /// Whom it watches.
    pub fn target(&self) -> &Address {
        &self.from
    }

    /// The actor that watches, if it is one of this node.
    pub fn actor_pid(&self) -> Option<Pid> {
        match &self.sink {
            Sink::Actor(cell) => Some(cell.pid()),
            Sink::Future(_) | Sink::Remote(_) => None,
        }
    }

    /// Which monitor this is.
    pub fn monitor(&self) -> MonitorRef {
        self.monitor
    }

    /// Tells the watcher that the actor has ended.
    pub fn fire(self, reason: ExitReason) {
        let Self { monitor, from, sink } = self;
        match sink {
            Sink::Remote(tell) => tell(reason),
            Sink::Actor(cell) => {
                cell.down(Down { monitor, from, reason });
            }
            Sink::Future(promise) => {
                // The watcher may have gone meanwhile; then nobody is to be told.
                let _ = promise.complete(Down { monitor, from, reason });
            }
        }
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher")
            .field("monitor", &self.monitor)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// A monitor from outside an actor: resolves to the one [`Down`].
///
/// Dropping it ends the monitor. Cancel safe.
#[must_use = "dropping a monitor ends it"]
pub struct Monitor {
    monitor: MonitorRef,
    from: Address,
    /// Where the watch is kept.
    at: Address,
    down: Reply<Down>,
    system: ActorSystem,
    fired: bool,
}

impl Monitor {
    pub(crate) fn start(system: &ActorSystem, from: Address) -> Self {
        let (mut monitor, watcher) = Self::pair(system, system.next_monitor(), from);
        monitor.at = system.watch(watcher);
        monitor
    }

    /// A monitor and its watcher, for who has arranged the watch already.
    pub fn pair(system: &ActorSystem, monitor: MonitorRef, from: Address) -> (Self, Watcher) {
        let (promise, down) = slot();
        let watcher = Watcher { monitor, from: from.clone(), sink: Sink::Future(promise) };
        let at = from.clone();
        (Self { monitor, from, at, down, system: system.clone(), fired: false }, watcher)
    }
}

impl Future for Monitor {
    type Output = Down;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Down> {
        let outcome = ready!(Pin::new(&mut self.down).poll(cx));
        self.fired = true;
        // A watcher is only ever dropped unfired together with the whole system.
        Poll::Ready(outcome.unwrap_or_else(|_| Down {
            monitor: self.monitor,
            from: self.from.clone(),
            reason: ExitReason::Noconnection,
        }))
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        if !self.fired {
            self.system.unwatch(&self.at, self.monitor);
        }
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor")
            .field("monitor", &self.monitor)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}
