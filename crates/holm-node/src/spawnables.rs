//! What other nodes may spawn here: actor types, and functions.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use holm_actor::{
    ActorSystem, Announce, AnyCell, DecodeScope, Inbox, IntoExit, SpawnError, Spawnable,
};
use holm_wire::body::{BodyError, decode_positional};
use holm_wire::{Code, Fingerprint, Message, WireError};

/// Why an actor was not spawned.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpawnFailure {
    #[error("`{0}` is not spawnable on this node")]
    NotSpawnable(String),
    #[error("`{name}` is made from other arguments at the caller ({theirs}) than here ({ours})")]
    SchemaMismatch { name: String, theirs: Fingerprint, ours: Fingerprint },
    #[error("the arguments do not decode: {0}")]
    Arguments(#[from] BodyError),
    #[error("it could not be created: {0}")]
    Create(#[from] SpawnError),
    #[error("creating it panicked")]
    Panicked,
}

impl SpawnFailure {
    pub(crate) fn to_wire(&self) -> WireError {
        let code = match self {
            Self::NotSpawnable(_) => Code::NotFound,
            Self::SchemaMismatch { .. } => Code::SchemaMismatch,
            Self::Arguments(_) => Code::InvalidRequest,
            Self::Create(_) | Self::Panicked => Code::Internal,
        };
        WireError::new(code, self.to_string())
    }
}

type Spawned = Result<Arc<dyn AnyCell>, SpawnFailure>;

type SpawnFn = Box<dyn Fn(&ActorSystem, &[u8], Announce) -> Spawned + Send + Sync>;

struct Entry {
    /// Of the arguments.
    fingerprint: Fingerprint,
    spawn: SpawnFn,
}

/// What a node was told to let others spawn, by the name of the type or function.
#[derive(Default)]
pub(crate) struct Spawnables(BTreeMap<String, Entry>);

impl Spawnables {
    pub(crate) fn add<A: Spawnable>(&mut self) {
        self.insert::<A::Args>(A::TABLE.type_name, |system, args, announce| {
            Ok(system.spawn_announced(A::create(args)?, announce))
        });
    }

    pub(crate) fn add_fn<T, M, F, B>(&mut self, name: &str, body: B)
    where
        T: Message,
        M: Send + 'static,
        F: Future<Output: IntoExit> + Send + 'static,
        B: Fn(T, Inbox<M>) -> F + Clone + Send + Sync + 'static,
    {
        self.insert::<T>(name, move |system, args, announce| {
            let body = body.clone();
            Ok(system.spawn_fn_announced(move |inbox| body(args, inbox), announce))
        });
    }

    fn insert<T: Message>(
        &mut self,
        name: &str,
        spawn: impl Fn(&ActorSystem, T, Announce) -> Spawned + Send + Sync + 'static,
    ) {
        let spawn: SpawnFn = Box::new(move |system, args, announce| {
            spawn(system, decode_positional::<T>(args)?, announce)
        });
        self.0.insert(name.to_owned(), Entry { fingerprint: Fingerprint::of::<T>(), spawn });
    }

    /// Spawns an actor from encoded arguments.
    pub(crate) fn spawn(
        &self,
        system: &ActorSystem,
        name: &str,
        theirs: Fingerprint,
        args: &[u8],
        announce: Announce,
    ) -> Spawned {
        let Some(&Entry { fingerprint: ours, ref spawn }) = self.0.get(name) else {
            return Err(SpawnFailure::NotSpawnable(name.to_owned()));
        };
        if theirs != ours {
            return Err(SpawnFailure::SchemaMismatch { name: name.to_owned(), theirs, ours });
        }
        let _scope = DecodeScope::enter(system);
        catch_unwind(AssertUnwindSafe(|| spawn(system, args, announce)))
            .unwrap_or(Err(SpawnFailure::Panicked))
    }
}

impl fmt::Debug for Spawnables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
