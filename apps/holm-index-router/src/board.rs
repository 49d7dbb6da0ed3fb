//! What has become of each shard and worker so far.

use std::time::Duration;

use holm_index::{BatchReport, ShardId, Skip};
use parking_lot::Mutex;

use crate::options::WorkerNumber;

/// The tally of an index: for each shard what its present feeding has brought, so that feeding it again
/// counts nothing twice.
#[derive(Debug)]
pub(crate) struct Board(Mutex<Tables>);

#[derive(Debug)]
struct Tables {
    shards: Vec<ShardTally>,
    workers: Vec<WorkerTally>,
}

/// What one shard holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct ShardTally {
    pub(crate) held: BatchReport,
    pub(crate) skipped: Vec<Skip>,
}

/// What one worker has been through.
#[derive(Clone, Debug, Default)]
pub(crate) struct WorkerTally {
    pub(crate) pid: Option<u32>,
    pub(crate) starts: u32,
    /// From the start of the index until the worker first held all its shards.
    pub(crate) first_ready: Option<Duration>,
}

impl Board {
    pub(crate) fn new(shards: usize, workers: usize) -> Self {
        Self(Mutex::new(Tables {
            shards: vec![ShardTally::default(); shards],
            workers: vec![WorkerTally::default(); workers],
        }))
    }

    /// These shards are about to be fed from the beginning.
    pub(crate) fn clear(&self, shards: &[ShardId]) {
        let mut tables = self.0.lock();
        for shard in shards {
            tables.shards[shard.0 as usize] = ShardTally::default();
        }
    }

    pub(crate) fn add_report(&self, shard: ShardId, report: &BatchReport) {
        self.0.lock().shards[shard.0 as usize].held.merge(report);
    }

    pub(crate) fn add_skipped(&self, shard: ShardId, skipped: Vec<Skip>) {
        self.0.lock().shards[shard.0 as usize].skipped.extend(skipped);
    }

    /// A worker has a new life, in the process `pid` or in this one.
    pub(crate) fn worker_started(&self, worker: WorkerNumber, pid: Option<u32>) {
        let mut tables = self.0.lock();
        let tally = &mut tables.workers[worker.0 as usize];
        tally.pid = pid;
        tally.starts += 1;
    }

    /// A worker holds all its shards, `now` after the start of the index.
    pub(crate) fn worker_ready(&self, worker: WorkerNumber, now: Duration) {
        self.0.lock().workers[worker.0 as usize].first_ready.get_or_insert(now);
    }

    /// Files and bytes that are indexed or skipped so far.
    pub(crate) fn done(&self) -> (u64, u64) {
        let tables = self.0.lock();
        tables.shards.iter().fold((0, 0), |(files, bytes), tally| {
            (files + tally.held.files + tally.skipped.len() as u64, bytes + tally.held.bytes)
        })
    }

    pub(crate) fn shards(&self) -> Vec<ShardTally> {
        self.0.lock().shards.clone()
    }

    pub(crate) fn workers(&self) -> Vec<WorkerTally> {
        self.0.lock().workers.clone()
    }
}
