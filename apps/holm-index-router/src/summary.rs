//! What an index holds, and who holds it.

use std::time::Duration;

use holm_index::{BatchReport, Skip, SymbolCounts};

use crate::board::Board;
use crate::options::WorkerNumber;
use crate::plan::Plan;

/// How far indexing has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files done, skipped ones included.
    pub files: u64,
    /// Bytes of text done.
    pub bytes: u64,
    /// Files listed.
    pub files_listed: u64,
    /// Bytes of text as listed; skipped files and changes make the difference to what gets done.
    pub bytes_listed: u64,
}

/// What an index holds. Nothing but `seconds` and `workers` depends on how the work was divided.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Files indexed.
    pub files: u64,
    /// Files left out, sorted by path.
    pub skipped: Vec<Skip>,
    /// Text indexed, in bytes.
    pub bytes: u64,
    /// Symbols by kind.
    pub symbols: SymbolCounts,
    /// From the start until all was indexed.
    pub time: Duration,
    /// Who holds how much of it.
    pub workers: Vec<WorkerSummary>,
}

/// One worker's part of an index.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerSummary {
    /// Which worker.
    pub worker: WorkerNumber,
    /// Its process; `None` if it runs in the router's.
    pub pid: Option<u32>,
    /// How often it was started.
    pub starts: u32,
    /// How many shards it holds.
    pub shards: usize,
    /// What is in them.
    pub held: BatchReport,
    /// From the start of the index until it first held all of them.
    pub time: Duration,
}

impl Summary {
    /// The sums of what is on the board.
    pub(crate) fn new(plan: &Plan, board: &Board) -> Self {
        let shards = board.shards();
        let mut skipped = plan.sources.skipped().to_vec();
        let mut all = BatchReport::default();
        for tally in &shards {
            all.merge(&tally.held);
            skipped.extend(tally.skipped.iter().cloned());
        }
        skipped.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let workers: Vec<WorkerSummary> = board
            .workers()
            .into_iter()
            .zip(&plan.shares)
            .enumerate()
            .map(|(number, (tally, share))| {
                let mut held = BatchReport::default();
                for shard in share {
                    held.merge(&shards[shard.0 as usize].held);
                }
                WorkerSummary {
                    worker: WorkerNumber(number as u32),
                    pid: tally.pid,
                    starts: tally.starts,
                    shards: share.len(),
                    held,
                    time: tally.first_ready.unwrap_or_default(),
                }
            })
            .collect();
        let time = workers.iter().map(|worker| worker.time).max().unwrap_or_default();
        Self { files: all.files, skipped, bytes: all.bytes, symbols: all.symbols, time, workers }
    }
}
