//! Spawning an actor on a node of one's choice.

mod error;
mod sink;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use holm_cell::reply::slot;
use holm_wire::body::{BodyError, encode_named, encode_noting, encode_positional, join_both};
use holm_wire::value::{Value, encode_value};
use holm_wire::{BodyCodec, Fingerprint, Message, NodeId, NodeName, Pid};

use crate::{ActorSystem, Agreement, Announce, AnyCell, Monitor, MonitorRef, Ref, Spawnable};
pub use error::RemoteSpawnError;
use sink::Spawned;
pub use sink::{Adopted, SpawnSink};

/// How long a spawn waits for its answer unless told otherwise: three times the silence after
/// which a node is given up by default, so that this one lives, and does not answer.
pub const SPAWN_TIMEOUT: Duration = Duration::from_secs(30);

/// What a node is asked to spawn.
#[derive(Clone, Copy, Debug)]
pub struct SpawnRequest<'a> {
    /// The stable name of the actor's type, or of a function.
    pub name: &'a str,
    /// The structure of the arguments.
    pub fingerprint: Fingerprint,
    /// How the arguments are coded: named for a caller without types, else both or positional.
    pub codec: BodyCodec,
    /// The encoded arguments.
    pub args: &'a [u8],
    /// The nodes of the pids in them.
    pub mentioned: &'a [NodeId],
}

/// Whoever spawns is no actor, or does not want to be bound.
#[derive(Debug)]
pub enum Outside {}

/// An actor spawns, and can be bound to the new one.
#[derive(Debug)]
pub enum Inside {}

/// A spawn on some node, started when awaited; gives an `R`, the way to the new actor.
///
/// An actor that does not come within the time for it, or for which nobody waits any more, may
/// still come: if it is linked, it is sent an exit signal `Shutdown` through the link, which is gone
/// then; else it lives on, and is counted
/// ([`ActorSystem::spawns_unclaimed`]). A monitor ends.
///
/// # Panics
/// Awaiting it outside a tokio runtime.
#[must_use = "a spawn does nothing unless awaited"]
pub struct SpawnOn<R, C = Outside> {
    system: ActorSystem,
    on: NodeName,
    plan: Plan,
    give: fn(&ActorSystem, Pid) -> R,
    timeout: Duration,
    parent: Option<Arc<dyn AnyCell>>,
    linked: bool,
    caller: PhantomData<fn() -> C>,
}

/// A spawn with a monitor from the actor's first moment; gives the monitor, too.
#[must_use = "a spawn does nothing unless awaited"]
pub struct Monitored<R, C = Outside>(SpawnOn<R, C>);

type SpawnHere = Box<dyn FnOnce(&ActorSystem, Announce) -> Result<(), RemoteSpawnError> + Send>;

enum Plan {
    /// On this node, without encoding.
    Here(SpawnHere),
    Ask {
        name: String,
        fingerprint: Fingerprint,
        codec: BodyCodec,
        args: Result<(Vec<u8>, Vec<NodeId>), BodyError>,
    },
}

impl Plan {
    fn ask<T: Message>(name: &str, args: &T, agreement: Agreement) -> Self {
        let mut positional = Vec::new();
        let (encoded, noted) = encode_noting(&mut positional, |out| encode_positional(args, out));
        let mentioned = noted.map_or_else(Vec::new, |noted| noted.join(&mut positional));
        let (codec, args) = if agreement == Agreement::Fingerprint {
            (BodyCodec::Positional, encoded.map(|()| (positional, mentioned)))
        } else {
            let mut named = Vec::new();
            let encoded = encoded.and_then(|()| encode_named(args, &mut named));
            let mut both = Vec::new();
            join_both(&positional, &named, &mut both);
            (BodyCodec::Both, encoded.map(|()| (both, mentioned)))
        };
        Self::Ask { name: name.to_owned(), fingerprint: Fingerprint::of::<T>(), codec, args }
    }
}

impl ActorSystem {
    /// Spawns an actor on another node, which must have registered its type as spawnable; or on
    /// this one, where any type will do.
    pub fn spawn_on<A: Spawnable>(&self, node: &NodeName, args: A::Args) -> SpawnOn<Ref<A>> {
        let plan = if node == self.name() {
            Plan::Here(Box::new(|system, announce| {
                let made = catch_unwind(AssertUnwindSafe(|| A::create(args)))
                    .map_err(|_| RemoteSpawnError::Failed("creating it panicked".to_owned()))?;
                let actor = made.map_err(|error| RemoteSpawnError::Failed(error.to_string()))?;
                system.spawn_announced(actor, announce);
                Ok(())
            }))
        } else {
            Plan::ask(A::TABLE.type_name, &args, A::TABLE.agreement)
        };
        SpawnOn::new(self, node, plan, Self::reference)
    }

    /// Spawns a function that a node, which may be this one, has registered as spawnable under
    /// `name`. It has a pid only, for its messages do not cross nodes: whom it is to talk to, it
    /// is told in its arguments.
    pub fn spawn_fn_on<T: Message>(&self, node: &NodeName, name: &str, args: &T) -> SpawnOn<Pid> {
        let plan = Plan::ask(name, args, Agreement::Names);
        SpawnOn::new(self, node, plan, |_, pid| pid)
    }

    /// Spawns what a node, which may be this one, has registered as spawnable under `name`, an actor
    /// type or a function, from arguments without types: what the registered ones look like.
    pub fn spawn_dyn(&self, node: &NodeName, name: &str, args: &Value) -> SpawnOn<Pid> {
        let mut bytes = Vec::new();
        let plan = Plan::Ask {
            name: name.to_owned(),
            fingerprint: Fingerprint::from_u64(0),
            codec: BodyCodec::Named,
            args: encode_value(args, &mut bytes).map(|()| (bytes, Vec::new())),
        };
        SpawnOn::new(self, node, plan, |_, pid| pid)
    }

    /// How many actors other nodes have spawned for this one after it had stopped waiting for
    /// them. They live on there.
    pub fn spawns_unclaimed(&self) -> u64 {
        self.extras().spawns_unclaimed.load(Ordering::Relaxed)
    }
}

impl<R> SpawnOn<R> {
    fn new(
        system: &ActorSystem,
        on: &NodeName,
        plan: Plan,
        give: fn(&ActorSystem, Pid) -> R,
    ) -> Self {
        Self {
            system: system.clone(),
            on: on.clone(),
            plan,
            give,
            timeout: SPAWN_TIMEOUT,
            parent: None,
            linked: false,
            caller: PhantomData,
        }
    }

    pub(crate) fn inside(self, parent: Arc<dyn AnyCell>) -> SpawnOn<R, Inside> {
        let Self { system, on, plan, give, timeout, .. } = self;
        let (parent, linked) = (Some(parent), false);
        SpawnOn { system, on, plan, give, timeout, parent, linked, caller: PhantomData }
    }
}

impl<R> SpawnOn<R, Inside> {
    /// Also links the actor with this one, before it does anything.
    pub fn linked(mut self) -> Self {
        self.linked = true;
        self
    }
}

impl<R, C> SpawnOn<R, C> {
    /// Gives up after `after`, counted from when it is awaited; [`SPAWN_TIMEOUT`] by default.
    pub fn timeout(mut self, after: Duration) -> Self {
        self.timeout = after;
        self
    }

    /// Also monitors the actor; its end cannot be missed. From within an actor, a
    /// [`Signal::Down`](crate::Signal::Down) will come.
    pub fn monitored(self) -> Monitored<R, C> {
        Monitored(self)
    }

    async fn run(self, monitored: bool) -> Result<(R, Spawned), RemoteSpawnError> {
        let Self { system, on, plan, give, timeout, parent, linked, caller: _ } = self;
        let (promise, answer) = slot();
        let link = linked.then(|| system.next_link());
        let monitor = monitored.then(|| system.next_monitor());
        let sink = SpawnSink::new(promise, &on, &system, parent, link, monitor);
        match plan {
            Plan::Here(spawn) => spawn(&system, Box::new(|child| sink.here(child)))?,
            Plan::Ask { name, fingerprint, codec, args } => {
                let (args, mentioned) = &args?;
                let request = SpawnRequest { name: &name, fingerprint, codec, args, mentioned };
                system.outlet().spawn(&on, &request, sink)?;
            }
        }
        let answer = tokio::time::timeout(timeout, answer).await;
        let Ok(answer) = answer else {
            return Err(RemoteSpawnError::Timeout { on, after: timeout });
        };
        let spawned = answer.unwrap_or(Err(RemoteSpawnError::Disconnected(on)))?;
        Ok((give(&system, spawned.child()), spawned))
    }
}

type BoxedSpawn<T> = Pin<Box<dyn Future<Output = Result<T, RemoteSpawnError>> + Send>>;

impl<R: 'static, C: 'static> IntoFuture for SpawnOn<R, C> {
    type Output = Result<R, RemoteSpawnError>;
    type IntoFuture = BoxedSpawn<R>;

    fn into_future(self) -> BoxedSpawn<R> {
        let run = self.run(false);
        Box::pin(async {
            let (actor, spawned) = run.await?;
            spawned.claim();
            Ok(actor)
        })
    }
}

impl<R: 'static> IntoFuture for Monitored<R> {
    type Output = Result<(R, Monitor), RemoteSpawnError>;
    type IntoFuture = BoxedSpawn<(R, Monitor)>;

    fn into_future(self) -> Self::IntoFuture {
        let run = self.0.run(true);
        Box::pin(async {
            let (actor, spawned) = run.await?;
            Ok((actor, spawned.claim().0.expect("a monitor was asked for")))
        })
    }
}

impl<R: 'static> IntoFuture for Monitored<R, Inside> {
    type Output = Result<(R, MonitorRef), RemoteSpawnError>;
    type IntoFuture = BoxedSpawn<(R, MonitorRef)>;

    fn into_future(self) -> Self::IntoFuture {
        let run = self.0.run(true);
        Box::pin(async {
            let (actor, spawned) = run.await?;
            Ok((actor, spawned.claim().1.expect("a monitor was asked for")))
        })
    }
}

impl<R, C> fmt::Debug for SpawnOn<R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpawnOn({})", self.on)
    }
}

impl<R, C> fmt::Debug for Monitored<R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
