//! How the files are split into shards, and the shards among the workers.

use std::cmp::Reverse;
use std::num::NonZeroU32;

use holm_index::{FileId, ShardId, Sources, split};

use crate::options::WorkerCount;

/// Text that a shard aims at, in bytes: large enough that a name that occurs everywhere is kept in few shards,
/// small enough that a worker that has one more than another is not much longer at work.
const SHARD_BYTES: u64 = 8 << 20;
/// Fewest shards, files permitting: so that several workers share a small tree too.
const SHARDS_MIN: u64 = 16;
/// Most shards: four for each of [`WORKERS_MAX`](crate::WORKERS_MAX) workers. In larger trees shards grow.
const SHARDS_MAX: u64 = 256;

/// The files, who holds which of them, and in what parts.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) sources: Sources,
    /// The files of each shard. The number of workers has no say in this.
    pub(crate) files: Vec<Vec<FileId>>,
    /// The shards of each worker, none of them empty: there may be fewer workers than asked for.
    pub(crate) shares: Vec<Vec<ShardId>>,
}

impl Plan {
    pub(crate) fn new(sources: Sources, workers: WorkerCount) -> Self {
        let shards =
            split(&sources, shard_count(sources.bytes())).into_iter().map(|(_, files)| files);
        // Ids are positions, and the empty ones come last.
        let files: Vec<Vec<FileId>> = shards.take_while(|files| !files.is_empty()).collect();
        let bytes = |file: &FileId| sources.files()[file.0 as usize].bytes;
        let sizes: Vec<u64> = files.iter().map(|files| files.iter().map(bytes).sum()).collect();
        let shares = assign(&sizes, workers.to_usize().min(files.len()));
        Self { sources, files, shares }
    }
}

/// A power of two, since so are most numbers of cores, and workers with equally many shards end together.
fn shard_count(bytes: u64) -> NonZeroU32 {
    let count = bytes.div_ceil(SHARD_BYTES).clamp(SHARDS_MIN, SHARDS_MAX).next_power_of_two();
    NonZeroU32::new(count as u32).expect("the least is not 0")
}

/// Gives each shard to one of `workers`: the largest first, each to whoever has the fewest bytes so far, then
/// the fewest shards, then the lowest number.
fn assign(sizes: &[u64], workers: usize) -> Vec<Vec<ShardId>> {
    let mut largest_first: Vec<usize> = (0..sizes.len()).collect();
    largest_first.sort_by_key(|&shard| Reverse(sizes[shard]));
    let mut loads = vec![0; workers];
    let mut shares = vec![Vec::new(); workers];
    for shard in largest_first {
        let worker = (0..workers).min_by_key(|&worker| (loads[worker], shares[worker].len()));
        let worker = worker.expect("at least one worker");
        loads[worker] += sizes[shard];
        shares[worker].push(ShardId(shard as u32));
    }
    for share in &mut shares {
        share.sort_unstable();
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shard_has_one_worker_and_loads_are_even() {
        let sizes: Vec<u64> = (0..100).map(|shard| (shard * 7919) % 101 + 1).collect();
        for workers in [1, 2, 3, 7, 100] {
            let shares = assign(&sizes, workers);
            let mut all: Vec<ShardId> = shares.concat();
            all.sort_unstable();
            assert_eq!(all, (0..100).map(ShardId).collect::<Vec<_>>());
            let load = |share: &Vec<ShardId>| {
                share.iter().map(|shard| sizes[shard.0 as usize]).sum::<u64>()
            };
            let loads: Vec<u64> = shares.iter().map(load).collect();
            let spread = loads.iter().max().unwrap_or(&0) - loads.iter().min().unwrap_or(&0);
            assert!(spread <= 101, "{workers} workers: {loads:?}");
        }
    }

    #[test]
    fn empty_files_are_shared_too() {
        assert!(assign(&[0; 4], 4).iter().all(|share| share.len() == 1));
    }

    #[test]
    fn shards_follow_the_size_within_bounds() {
        for (bytes, count) in [
            (0, SHARDS_MIN),
            (16 * SHARD_BYTES, 16),
            (16 * SHARD_BYTES + 1, 32),
            (u64::MAX, SHARDS_MAX),
        ] {
            assert_eq!(u64::from(shard_count(bytes).get()), count, "{bytes} bytes");
        }
    }
}
