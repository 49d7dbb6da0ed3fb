//! The arguments of `holm index`.

use std::io;
use std::path::PathBuf;

use holm_index_router::{
    Crash, IndexOptions, ProcessOptions, WorkerCount, WorkerCountError, WorkerPlace,
};

/// Most results for one query: what somebody could still read, and what every worker sends.
const LIMIT_MAX: i64 = 1000;

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    the index could not be made, or input or output failed
  2    wrong arguments, or nothing to index at PATH
  3    the query was answered without some of the shards
  130  ended by Ctrl-C (in general 128 + the number of the signal)

Environment:
  HOLM_LOG         what to log to standard error, as `debug` or `holm_index_router=info` [default: warn]
  XDG_RUNTIME_DIR  where the socket for the workers is made, in holm/ [default: the temporary folder]
  NO_COLOR         no colours";

/// Index the symbols of Java sources, and search them.
///
/// Prints what was found, then answers the queries on standard input, one a line. A query is a name, or some
/// of its letters in order (`HM`, `concHash`); parts of what contains it may precede (`HashMap.put`).
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Args {
    /// A folder, or a .zip or .jar archive.
    path: PathBuf,
    /// How many workers to share the work among, 1 to 64 [default: one for each core, as each keeps one busy].
    #[arg(long, value_name = "N", value_parser = worker_count)]
    workers: Option<WorkerCount>,
    /// Run the workers on threads of this process.
    #[arg(long, conflicts_with_all = ["no_fallback", "worker_command"])]
    in_process: bool,
    /// Answer this query instead of those on standard input.
    #[arg(long, value_name = "QUERY")]
    pub(super) query: Option<String>,
    /// Most results for a query.
    #[arg(long, value_name = "K", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=LIMIT_MAX))]
    pub(super) limit: u32,
    /// Print one JSON document with summary and results; lines and columns count from 0, in UTF-16 units.
    #[arg(long)]
    pub(super) json: bool,
    /// List the files that were skipped.
    #[arg(long)]
    pub(super) verbose: bool,
    /// Fail if a worker process keeps failing; else this process does its work.
    #[arg(long)]
    no_fallback: bool,
    /// The program to start as a worker [default: this one].
    #[arg(long, value_name = "PROGRAM")]
    worker_command: Option<PathBuf>,
    /// For tests: which worker aborts at which batch, `WORKER:BATCH` or `WORKER.START:BATCH`.
    #[arg(long, env = "HOLM_TEST_CRASH", hide = true)]
    crash: Option<Crash>,
}

fn worker_count(text: &str) -> Result<WorkerCount, String> {
    text.parse().map_err(|error: WorkerCountError| {
        format!("{error}; --in-process does without worker processes")
    })
}

impl Args {
    /// What the index is started with.
    pub(super) fn options(&self) -> io::Result<IndexOptions> {
        let place = if self.in_process {
            WorkerPlace::InProcess
        } else {
            WorkerPlace::Processes(ProcessOptions {
                command: self.worker_command.clone().map_or_else(std::env::current_exe, Ok)?,
                fallback: !self.no_fallback,
                crash: self.crash,
            })
        };
        let workers = self.workers.unwrap_or_else(WorkerCount::per_core);
        Ok(IndexOptions { path: self.path.clone(), workers, place })
    }
}
