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
            skipped: skipped
                .map(|skip| SkippedPart { path: &skip.path, reason: skip.reason.to_string() })
                .collect(),
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::time::Duration;

    use holm_index::{BatchReport, Kind, ShardId, Skip, SkipReason};
    use holm_index_router::WorkerNumber;

    use super::*;

    #[test]
    fn the_document() {
        let mut symbols = SymbolCounts::default();
        symbols.add(Kind::EnumConstant, 2);
        let held = BatchReport { files: 1, bytes: 10, symbols: symbols.clone() };
        let worker = |worker, pid, held| WorkerSummary {
            worker: WorkerNumber(worker),
            pid,
            starts: 1,
            shards: 1,
            held,
            time: Duration::from_millis(500),
        };
        let summary = Summary {
            files: 1,
            skipped: vec![Skip { path: "b\"/L.java".to_owned(), reason: SkipReason::NotUtf8 }],
            bytes: 10,
            symbols,
            time: Duration::from_millis(500),
            workers: vec![worker(0, Some(7), held), worker(1, None, BatchReport::default())],
        };
        let hit = Hit {
            name: "MAX".to_owned(),
            kind: Kind::EnumConstant,
            container: "p.E".to_owned(),
            signature: "MAX".to_owned(),
            path: "p/E.java".to_owned(),
            line: 0,
            column: 9,
            score: 40,
        };
        let answer = Answer { hits: vec![hit], missing_shards: vec![ShardId(1), ShardId(4)] };
        let mut out = Vec::new();
        write(&mut out, &summary, &answer).unwrap();
        let expected = concat!(
            r#"{"summary":{"files":1,"skipped":[{"path":"b\"/L.java","reason":"not UTF-8"}],"bytes":10,"#,
            r#""symbols":{"enum_constant":2},"seconds":0.5,"workers":["#,
            r#"{"worker":0,"pid":7,"starts":1,"shards":1,"files":1,"bytes":10,"symbols":2,"seconds":0.5},"#,
            r#"{"worker":1,"pid":null,"starts":1,"shards":1,"files":0,"bytes":0,"symbols":0,"seconds":0.5}]},"#,
            r#""results":[{"name":"MAX","kind":"enum_constant","container":"p.E","signature":"MAX","#,
            r#""path":"p/E.java","line":0,"column":9,"score":40}],"missing_shards":[1,4]}"#,
            "\n",
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
