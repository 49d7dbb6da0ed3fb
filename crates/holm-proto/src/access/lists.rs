//! The lists of one node: for everybody, for roles, for shards.

use std::collections::BTreeMap;

use holm_wire::{ShardId, handshake::Role};

use super::{AllowList, Identity};

/// Whether a peer whom no list can name is let in where the lists are silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Peers {
    /// Keys that anybody can make are let in if a list names them.
    #[default]
    Listed,
    /// Any key is let in unless a list speaks against it.
    Open,
}

/// Who is let in.
///
/// - Whom the global list names is let in everywhere.
/// - A role or shard that has a list of its own lets in only those besides.
/// - Where there is no own list: nobody else if the global one has entries; otherwise every
///   proven peer, except that keys which anybody can make need [`Peers::Open`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowLists {
    /// For everybody.
    pub global: AllowList,
    /// Whom silence lets in.
    pub peers: Peers,
    roles: Vec<(Role, AllowList)>,
    shards: BTreeMap<ShardId, AllowList>,
}

impl AllowLists {
    /// Gives a role its own list, in place of an earlier one. An empty one admits nobody but the
    /// global list's.
    pub fn set_role(&mut self, role: Role, list: AllowList) {
        self.roles.retain(|(other, _)| *other != role);
        self.roles.push((role, list));
    }

    /// Gives a shard its own list, in place of an earlier one. An empty one admits nobody but the
    /// global list's.
    pub fn set_shard(&mut self, shard: ShardId, list: AllowList) {
        self.shards.insert(shard, list);
    }

    /// Whether `identity` is let in as anything, or for any shard.
    pub fn could_admit(&self, identity: &Identity) -> bool {
        let mut own = self.roles.iter().map(|(_, list)| list).chain(self.shards.values());
        self.is_silence_enough(identity)
            || self.global.names(identity)
            || own.any(|list| list.names(identity))
    }

    /// Whether `identity` is let in as `role`, for `shard` if it wants one.
    pub fn admits(&self, identity: &Identity, role: Role, shard: Option<&ShardId>) -> bool {
        if self.global.names(identity) {
            return true;
        }
        let of_role = self.roles.iter().find(|(of, _)| *of == role).map(|(_, list)| list);
        let of_shard = shard.and_then(|shard| self.shards.get(shard));
        let mut own = of_role.into_iter().chain(of_shard).peekable();
        if own.peek().is_some() {
            return own.all(|list| list.names(identity));
        }
        self.is_silence_enough(identity)
    }

    /// Whether `identity` is let in where it has no own list.
    fn is_silence_enough(&self, identity: &Identity) -> bool {
        self.global.is_empty()
            && match self.peers {
                Peers::Open => true,
                Peers::Listed => !identity.proof.is_strict(),
            }
    }
}
