//! Counts: of a batch, of a worker, of a whole run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{source::Skip, symbol::Kind};

/// How many symbols of each kind there are; kinds without any are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SymbolCounts(BTreeMap<Kind, u64>);

impl SymbolCounts {
    /// Adds `count` symbols of a kind.
    pub fn add(&mut self, kind: Kind, count: u64) {
        *self.0.entry(kind).or_default() += count;
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (kind, count) in other.iter() {
            self.add(kind, count);
        }
    }

    /// The number of symbols of a kind.
    #[must_use]
    pub fn count(&self, kind: Kind) -> u64 {
        self.0.get(&kind).copied().unwrap_or(0)
    }

    /// The number of all symbols.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Kinds and their counts, in the order of [`Kind`].
    pub fn iter(&self) -> impl Iterator<Item = (Kind, u64)> {
        self.0.iter().map(|(&kind, &count)| (kind, count))
    }
}

/// What a batch of files held; summed up, what a shard or a worker holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchReport {
    /// Files parsed.
    pub files: u64,
    /// Their text, in bytes.
    pub bytes: u64,
    /// Symbols found.
    pub symbols: SymbolCounts,
}

impl BatchReport {
    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.symbols.merge(&other.symbols);
    }
}

/// What a whole run indexed. Nothing in it but `workers` depends on how the work was divided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Files parsed.
    pub files: u64,
    /// Files left out, sorted by path.
    pub skipped: Vec<Skip>,
    /// Text parsed, in bytes.
    pub bytes: u64,
    /// Symbols found.
    pub symbols: SymbolCounts,
    /// The part of each worker, in the order of their numbers.
    pub workers: Vec<BatchReport>,
}

impl Summary {
    /// Sums up the parts of the workers; sorts what was skipped.
    #[must_use]
    pub fn new(workers: Vec<BatchReport>, mut skipped: Vec<Skip>) -> Self {
        let mut all = BatchReport::default();
        for worker in &workers {
            all.merge(worker);
        }
        skipped.sort_by(|a, b| a.path.cmp(&b.path));
        Self { files: all.files, skipped, bytes: all.bytes, symbols: all.symbols, workers }
    }
}
