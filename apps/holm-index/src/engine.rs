//! The index of one worker: shards filled batch by batch, and searched together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    search::{Hit, Matcher, Part, Query, ShardIndex, TopHits},
    segment::Segment,
    shard::ShardId,
    summary::BatchReport,
};

/// The shards that a worker holds.
#[derive(Debug, Default)]
pub struct Engine {
    shards: BTreeMap<ShardId, ShardIndex>,
}

/// What a shard holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardStats {
    /// Which shard.
    pub shard: ShardId,
    /// Files, bytes and symbols indexed.
    pub report: BatchReport,
    /// Memory taken, in bytes.
    pub memory_bytes: u64,
}

impl Engine {
    /// An engine without shards.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses a batch of files, each a path and its text, and adds their symbols to a shard. A file added twice
    /// is there twice: to replace a shard, clear it and add everything again.
    pub fn add_batch<P: AsRef<str>, T: AsRef<str>>(
        &mut self,
        shard: ShardId,
        files: impl IntoIterator<Item = (P, T)>,
    ) -> BatchReport {
        self.add(shard, Segment::build(files))
    }

    /// Adds a batch that was parsed elsewhere, to a shard.
    pub fn add(&mut self, shard: ShardId, segment: Segment) -> BatchReport {
        let report = segment.report().clone();
        self.shards.entry(shard).or_default().add(segment);
        report
    }

    /// Drops a shard; true if it was there.
    pub fn clear_shard(&mut self, shard: ShardId) -> bool {
        self.shards.remove(&shard).is_some()
    }

    /// Takes over the shards of another engine, which replace those of the same id.
    pub fn absorb(&mut self, other: Self) {
        self.shards.extend(other.shards);
    }

    /// The best `k` hits of all shards, best first. For lists of several engines see
    /// [`merge`](crate::search::merge).
    #[must_use]
    pub fn search(&self, query: &Query, k: usize) -> Vec<Hit> {
        let Some(matcher) = Matcher::new(query) else {
            return Vec::new();
        };
        let mut top = TopHits::new(k);
        for part in Part::ALL {
            for shard in self.shards.values() {
                if top.admits(matcher.bound(part)) {
                    shard.search(part, &matcher, &mut top);
                }
            }
        }
        top.into_hits()
    }

    /// What each shard holds, in order of their ids.
    #[must_use]
    pub fn stats(&self) -> Vec<ShardStats> {
        let stats = self.shards.iter().map(|(&shard, index)| ShardStats {
            shard,
            report: index.report().clone(),
            memory_bytes: index.memory_bytes() as u64,
        });
        stats.collect()
    }
}
