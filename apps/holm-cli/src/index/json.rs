//! What `--json` prints.

use std::io::{self, Write};

use holm_index::Hit;
use holm_index::SymbolCounts;
use holm_index_router::{Answer, Summary, WorkerSummary};
use serde::Serialize;

/// The one document.
#[derive(Serialize)]
struct Document<'a> {
    summary: SummaryPart<'a>,
    results: &'a [Hit],
    missing_shards: Vec<u32>,
}

#[derive(Serialize)]
struct SummaryPart<'a> {
    files: u64,
    skipped: Vec<SkippedPart<'a>>,
    bytes: u64,
    symbols: &'a SymbolCounts,
    seconds: f64,
    workers: Vec<WorkerPart>,
}

#[derive(Serialize)]
struct SkippedPart<'a> {
    path: &'a str,
    reason: String,
}

#[derive(Serialize)]
struct WorkerPart {
    worker: u32,
    /// `null` for one in the router's process.
    pid: Option<u32>,
    starts: u32,
    shards: usize,
    files: u64,
    bytes: u64,
    symbols: u64,
    seconds: f64,
}

impl From<&WorkerSummary> for WorkerPart {
    fn from(summary: &WorkerSummary) -> Self {
        Self {
            worker: summary.worker.0,
            pid: summary.pid,
            starts: summary.starts,
            shards: summary.shards,
            files: summary.held.files,
            bytes: summary.held.bytes,
            symbols: summary.held.symbols.total(),
            seconds: summary.time.as_secs_f64(),
        }
    }
}

/// Writes summary and answer as one line.
pub(super) fn write(out: &mut impl Write, summary: &Summary, answer: &Answer) -> io::Result<()> {
    let skipped = summary.skipped.iter();
    let document = Document {
        summary: SummaryPart {
            files: summary.files,
            skipped: skipped.map(|skip| SkippedPart { path: &skip.path, reason: skip.reason.to_string() }).collect(),
            bytes: summary.bytes,
            symbols: &summary.symbols,
            seconds: summary.time.as_secs_f64(),
            workers: summary.workers.iter().map(WorkerPart::from).collect(),
        },
        results: &answer.hits,
        missing_shards: answer.missing_shards.iter().map(|shard| shard.0).collect(),
    };
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)?;
    out.flush()
}
