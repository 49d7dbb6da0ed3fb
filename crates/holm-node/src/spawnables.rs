//! What other nodes may spawn here: actor types, and functions.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use holm_actor::{
    ActorSystem, Agreement, Announce, AnyCell, DecodeScope, Inbox, IntoExit, SpawnError, Spawnable,
};
use holm_wire::body::{BodyError, decode_named, decode_positional, split_both};
use holm_wire::{BodyCodec, Code, Fingerprint, Message, WireError};

use crate::sending::Asked;

/// Why an actor was not spawned.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpawnFailure {
    #[error("`{0}` is not spawnable on this node")]
    NotSpawnable(String),
    #[error("{0}")]
    SchemaMismatch(String),
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
            Self::SchemaMismatch(_) => Code::SchemaMismatch,
            Self::Arguments(_) => Code::InvalidRequest,
            Self::Create(_) | Self::Panicked => Code::Internal,
        };
        WireError::new(code, self.to_string())
    }
}

type Spawned = Result<Arc<dyn AnyCell>, SpawnFailure>;

type SpawnFn = Box<dyn Fn(&ActorSystem, Args<'_>, Announce) -> Spawned + Send + Sync>;

/// Encoded arguments.
#[derive(Clone, Copy)]
enum Args<'a> {
    Positional(&'a [u8]),
    Named(&'a [u8]),
}

struct Entry {
    /// Of the arguments.
    fingerprint: Fingerprint,
    /// What the caller must agree on with this node.
    agreement: Agreement,
    spawn: SpawnFn,
}

/// What a node was told to let others spawn, by the name of the type or function.
#[derive(Default)]
pub(crate) struct Spawnables(BTreeMap<String, Entry>);

impl Spawnables {
    pub(crate) fn add<A: Spawnable>(&mut self) {
        self.insert::<A::Args>(A::TABLE.type_name, A::TABLE.agreement, |system, args, announce| {
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
        self.insert::<T>(name, Agreement::Names, move |system, args, announce| {
            let body = body.clone();
            Ok(system.spawn_fn_announced(move |inbox| body(args, inbox), announce))
        });
    }

    fn insert<T: Message>(
        &mut self,
        name: &str,
        agreement: Agreement,
        spawn: impl Fn(&ActorSystem, T, Announce) -> Spawned + Send + Sync + 'static,
    ) {
        let spawn: SpawnFn = Box::new(move |system, args, announce| {
            let args = match args {
                Args::Positional(args) => decode_positional::<T>(args)?,
                Args::Named(args) => decode_named::<T>(args)?,
            };
            spawn(system, args, announce)
        });
        let fingerprint = Fingerprint::of::<T>();
        self.0.insert(name.to_owned(), Entry { fingerprint, agreement, spawn });
    }

    /// Spawns an actor from encoded arguments.
    pub(crate) fn spawn(
        &self,
        system: &ActorSystem,
        asked: Asked<'_>,
        announce: Announce,
    ) -> Spawned {
        let name = asked.name;
        let entry = self.0.get(name).ok_or_else(|| SpawnFailure::NotSpawnable(name.to_owned()))?;
        let args = entry.args(asked)?;
        let _scope = DecodeScope::enter(system);
        let spawned = catch_unwind(AssertUnwindSafe(|| (entry.spawn)(system, args, announce)))
            .unwrap_or(Err(SpawnFailure::Panicked));
        spawned.map_err(|failure| match (failure, args) {
            (SpawnFailure::Arguments(fault @ BodyError::Refused(_)), Args::Named(_)) => {
                entry.mismatch(asked, Some(fault))
            }
            (failure, _) => failure,
        })
    }
}

impl Entry {
    /// The arguments in the codec that is to be read.
    fn args<'a>(&self, asked: Asked<'a>) -> Result<Args<'a>, SpawnFailure> {
        let Asked { fingerprint, codec, args, .. } = asked;
        let is_same = fingerprint == self.fingerprint;
        match codec {
            BodyCodec::Named => Ok(Args::Named(args)),
            BodyCodec::Positional if is_same => Ok(Args::Positional(args)),
            BodyCodec::Both if is_same || self.agreement == Agreement::Names => {
                let (positional, named) = split_both(args)?;
                Ok(if is_same { Args::Positional(positional) } else { Args::Named(named) })
            }
            BodyCodec::Positional | BodyCodec::Both => Err(self.mismatch(asked, None)),
            BodyCodec::Raw => Err(BodyError::Invalid("codec").into()),
        }
    }

    /// The caller means other arguments; what does not fit, if they may differ as far as they fit.
    fn mismatch(&self, asked: Asked<'_>, fault: Option<BodyError>) -> SpawnFailure {
        let Asked { name, fingerprint: theirs, codec, .. } = asked;
        let theirs = match codec {
            BodyCodec::Named => "without types".to_owned(),
            BodyCodec::Positional | BodyCodec::Both | BodyCodec::Raw => theirs.to_string(),
        };
        let fault = fault.map_or_else(String::new, |fault| format!(": {fault}"));
        SpawnFailure::SchemaMismatch(format!(
            "`{name}` is made from other arguments at the caller ({theirs}) than here ({}){fault}",
            self.fingerprint
        ))
    }
}

impl fmt::Debug for Spawnables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
