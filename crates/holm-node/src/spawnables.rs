//! The actor types that other nodes may spawn here.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use holm_actor::{ActorSystem, AnyCell, DecodeScope, SpawnError, Spawnable};
use holm_wire::body::{BodyError, decode_positional};
use holm_wire::{Code, WireError};

/// Why an actor was not spawned for another node.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpawnFailure {
    #[error("`{0}` is not spawnable on this node")]
    NotSpawnable(String),
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
            Self::NotSpawnable(_) => Code::Forbidden,
            Self::Arguments(_) => Code::InvalidRequest,
            Self::Create(_) | Self::Panicked => Code::Internal,
        };
        WireError::new(code, self.to_string())
    }
}

type SpawnFn = fn(&ActorSystem, &[u8]) -> Result<Arc<dyn AnyCell>, SpawnFailure>;

/// What a node was told to let others spawn, by the name of the type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spawnables(BTreeMap<&'static str, SpawnFn>);

impl Spawnables {
    pub(crate) fn add<A: Spawnable>(&mut self) {
        self.0.insert(A::TABLE.type_name, |system, args| {
            let args = decode_positional::<A::Args>(args)?;
            Ok(system.spawn_any(A::create(args)?))
        });
    }

    /// Spawns an actor from encoded arguments.
    pub(crate) fn spawn(
        &self,
        system: &ActorSystem,
        actor_type: &str,
        args: &[u8],
    ) -> Result<Arc<dyn AnyCell>, SpawnFailure> {
        let spawn = self
            .0
            .get(actor_type)
            .ok_or_else(|| SpawnFailure::NotSpawnable(actor_type.to_owned()))?;
        let _scope = DecodeScope::enter(system);
        catch_unwind(AssertUnwindSafe(|| spawn(system, args)))
            .unwrap_or(Err(SpawnFailure::Panicked))
    }
}
