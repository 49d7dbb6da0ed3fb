//! Why a peer is not let in.

use holm_wire::{NodeName, ShardId, handshake::Role};

use super::Capability;

/// What a peer says of itself and wants.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Its name.
    pub node: &'a NodeName,
    /// What it wants to be.
    pub role: Role,
    /// The shards it wants to serve.
    pub shards: &'a [ShardId],
}

/// A proven peer that may not do what it wants; the peer is to blame, or the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denial {
    /// No list lets it in.
    #[error("{identity} is on no list that lets it in")]
    NotListed {
        /// Who it is, as a list would name it.
        identity: String,
    },
    /// No list lets it serve this shard.
    #[error("{identity} is on no list that lets it serve shard {shard}")]
    NotForShard {
        /// Who it is, as a list would name it.
        identity: String,
        /// What it wants to serve.
        shard: ShardId,
    },
    /// The name is for others.
    #[error("{identity} may not be called {node}")]
    Name {
        /// Who it is, as a list would name it.
        identity: String,
        /// What it calls itself.
        node: NodeName,
    },
    /// It lacks a capability.
    #[error("{identity} may not {capability}")]
    Capability {
        /// Who it is, as a list would name it.
        identity: String,
        /// What it may not do.
        capability: Capability,
    },
}
