//! Which peer serves which shard: one at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use holm_wire::handshake::Reject;
use holm_wire::{Code, NodeName, ShardId};
use parking_lot::Mutex;

/// The shards that peers with a session serve.
#[derive(Debug, Default)]
pub(crate) struct ShardClaims(Mutex<BTreeMap<ShardId, Holder>>);

#[derive(Debug)]
struct Holder {
    node: NodeName,
    /// A session that takes an older one's place claims its shards before that one has ended.
    sessions: usize,
}

/// The shards of one session; dropped, others may claim them.
#[derive(Debug)]
pub(crate) struct Claimed {
    claims: Arc<ShardClaims>,
    shards: Vec<ShardId>,
}

impl ShardClaims {
    /// Gives `node` these shards, all of them or none.
    pub(crate) fn take(
        self: &Arc<Self>,
        node: &NodeName,
        shards: &[ShardId],
    ) -> Result<Claimed, Reject> {
        let mut shards = shards.to_vec();
        shards.sort_unstable();
        shards.dedup();
        let mut holders = self.0.lock();
        for shard in &shards {
            if let Some(holder) = holders.get(shard).filter(|holder| holder.node != *node) {
                let message = format!("shard {shard} is served by {}", holder.node);
                return Err(Reject::new(Code::Duplicate, message));
            }
        }
        for &shard in &shards {
            let holder = holders.entry(shard);
            holder.or_insert_with(|| Holder { node: node.clone(), sessions: 0 }).sessions += 1;
        }
        Ok(Claimed { claims: Arc::clone(self), shards })
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        let mut holders = self.claims.0.lock();
        for shard in &self.shards {
            if let Some(holder) = holders.get_mut(shard) {
                holder.sessions -= 1;
                if holder.sessions == 0 {
                    holders.remove(shard);
                }
            }
        }
    }
}
