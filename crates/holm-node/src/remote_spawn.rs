//! Spawning an actor on another node.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;

use holm_actor::{ActorSystem, Address, Monitor, MonitorRef, Ref, Spawnable, Watcher, flush_later};
use holm_cell::reply::{Promise, slot};
use holm_wire::body::{BodyError, encode_positional};
use holm_wire::session::{Order, TooLarge};
use holm_wire::signal::Signal;
use holm_wire::{BodyCodec, NodeName, Pid, WireError};

use crate::inner::Inner;
use crate::link::Link;
use crate::sending::watch;
use crate::tables::Pending;

/// Why no actor was spawned.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemoteSpawnError {
    /// There is no session with the node, or it was lost before the answer: then the actor may
    /// have been spawned.
    #[error("no connection to {0}")]
    Disconnected(NodeName),
    /// The arguments cannot be encoded; nothing was sent.
    #[error("the arguments cannot be sent: {0}")]
    Unsendable(#[from] BodyError),
    /// The arguments are larger than the node takes; nothing was sent.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The node refused: the type is not spawnable there, the arguments are wrong, or the
    /// actor could not be created.
    #[error("{0}")]
    Refused(WireError),
}

/// Takes the answer to a spawn request.
pub(crate) struct SpawnSink {
    promise: Promise<Result<Spawned, RemoteSpawnError>>,
    node: NodeName,
    monitored: Option<MonitorRef>,
}

/// A spawned actor, and the monitor that was asked for.
pub(crate) struct Spawned {
    pid: Pid,
    monitor: Option<Monitor>,
}

impl SpawnSink {
    /// The actor was spawned. `keep` is given the watcher of its monitor before anybody can drop
    /// the monitor.
    pub(crate) fn spawned(self, system: &ActorSystem, pid: Pid, keep: impl FnOnce(Watcher)) {
        let (monitor, watcher) =
            self.monitored.map(|monitor| Monitor::pair(system, monitor, Address::Pid(pid))).unzip();
        if let Some(watcher) = watcher {
            keep(watcher);
        }
        // If nobody waits any more, the monitor is dropped, which ends it.
        let _ = self.promise.complete(Ok(Spawned { pid, monitor }));
    }

    pub(crate) fn refused(self, error: WireError) {
        let _ = self.promise.complete(Err(RemoteSpawnError::Refused(error)));
    }

    pub(crate) fn disconnected(self) {
        let _ = self.promise.complete(Err(RemoteSpawnError::Disconnected(self.node)));
    }
}

/// A spawn on another node, started when awaited.
///
/// Cancel safe in that nothing leaks here; an actor that was spawned meanwhile lives on.
#[must_use = "a spawn does nothing unless awaited"]
pub struct SpawnOn<A: Spawnable> {
    node: Arc<Inner>,
    on: NodeName,
    args: A::Args,
}

/// A spawn with a monitor from the actor's first moment.
#[must_use = "a spawn does nothing unless awaited"]
pub struct Monitored<A: Spawnable>(SpawnOn<A>);

impl<A: Spawnable> SpawnOn<A> {
    pub(crate) fn new(node: Arc<Inner>, on: NodeName, args: A::Args) -> Self {
        Self { node, on, args }
    }

    /// Also monitors the actor; its end cannot be missed.
    pub fn monitored(self) -> Monitored<A> {
        Monitored(self)
    }

    async fn run(self, monitored: bool) -> Result<(Ref<A>, Option<Monitor>), RemoteSpawnError> {
        let Self { node, on, args } = self;
        let disconnected = || RemoteSpawnError::Disconnected(on.clone());
        let link = node.router.by_name(&on).ok_or_else(disconnected)?;
        let mut body = Vec::new();
        encode_positional(&args, &mut body)?;
        drop(args);
        let (promise, spawned) = slot();
        let monitored = monitored.then(|| node.system.next_monitor());
        let sink = SpawnSink { promise, node: on.clone(), monitored };
        request::<A>(&link, sink, &body).unwrap_or_else(|| Err(disconnected()))?;
        flush_later(&link);
        let Spawned { pid, monitor } = spawned.await.map_err(|_| disconnected())??;
        Ok((node.system.reference(pid), monitor))
    }
}

/// Appends the request. `None` if the session has ended.
fn request<A: Spawnable>(
    link: &Link,
    sink: SpawnSink,
    args: &[u8],
) -> Option<Result<(), RemoteSpawnError>> {
    link.session.append(|out| {
        let id = out.state.request_ids.allocate();
        let signal = Signal::Spawn {
            id,
            actor_type: A::TABLE.type_name,
            codec: BodyCodec::Positional,
            monitored: sink.monitored.map(|monitor| watch(monitor, None)),
            args,
        };
        out.push(signal.head(), Order::Free, |bytes| signal.encode(bytes))?;
        out.state.pending.insert(id, Pending::Spawn(sink));
        Ok(())
    })
}

impl<A: Spawnable> IntoFuture for SpawnOn<A> {
    type Output = Result<Ref<A>, RemoteSpawnError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { self.run(false).await.map(|(actor, _)| actor) })
    }
}

impl<A: Spawnable> IntoFuture for Monitored<A> {
    type Output = Result<(Ref<A>, Monitor), RemoteSpawnError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async {
            let (actor, monitor) = self.0.run(true).await?;
            Ok((actor, monitor.expect("a monitor was asked for")))
        })
    }
}

impl<A: Spawnable> fmt::Debug for SpawnOn<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpawnOn({} on {})", A::TABLE.type_name, self.on)
    }
}

impl<A: Spawnable> fmt::Debug for Monitored<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
