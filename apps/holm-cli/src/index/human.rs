//! Summary and answers for people.

use std::io::{self, Write};
use std::time::Duration;

use holm_index_router::{Answer, Summary};
use indicatif::HumanCount;

/// Says what was indexed; with `verbose` also which files were not.
pub(super) fn write_summary(
    out: &mut impl Write,
    summary: &Summary,
    verbose: bool,
) -> io::Result<()> {
    writeln!(
        out,
        "{} files, {}, {} symbols in {:.2} s ({})",
        HumanCount(summary.files),
        megabytes(summary.bytes),
        HumanCount(summary.symbols.total()),
        summary.time.as_secs_f64(),
        rate(summary.bytes, summary.time),
    )?;
    for (kind, count) in summary.symbols.iter() {
        writeln!(out, "  {:>11} {kind}", HumanCount(count).to_string())?;
    }
    for worker in &summary.workers {
        let place =
            worker.pid.map_or_else(|| "in this process".to_owned(), |pid| format!("process {pid}"));
        write!(
            out,
            "worker {} ({place}): {} files, {}, {}",
            worker.worker,
            HumanCount(worker.held.files),
            megabytes(worker.held.bytes),
            rate(worker.held.bytes, worker.time),
        )?;
        if worker.starts > 1 {
            write!(out, ", started {} times", worker.starts)?;
        }
        writeln!(out)?;
    }
    if !summary.skipped.is_empty() {
        let hint = if verbose { ":" } else { " (--verbose lists them)" };
        writeln!(out, "{} files skipped{hint}", HumanCount(summary.skipped.len() as u64))?;
        if verbose {
            summary.skipped.iter().try_for_each(|skip| writeln!(out, "  {skip}"))?;
        }
    }
    out.flush()
}

/// Lists the matches, best first; lines and columns from 1, as editors count.
pub(super) fn write_answer(out: &mut impl Write, answer: &Answer) -> io::Result<()> {
    for hit in &answer.hits {
        write!(out, "{}:{}:{}: {}", hit.path, hit.line + 1, hit.column + 1, hit.signature)?;
        if !hit.container.is_empty() {
            write!(out, " in {}", hit.container)?;
        }
        writeln!(out)?;
    }
    if answer.hits.is_empty() {
        writeln!(out, "no match")?;
    }
    if !answer.missing_shards.is_empty() {
        writeln!(
            out,
            "{} shards did not answer; there may be more matches",
            answer.missing_shards.len()
        )?;
    }
    out.flush()
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn rate(bytes: u64, time: Duration) -> String {
    format!("{:.0} MB/s", bytes as f64 / 1e6 / time.as_secs_f64().max(f64::MIN_POSITIVE))
}
