//! What an index is started with.

use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Most workers: beyond the cores of a machine more of them only cost memory, and the router holds some
/// MiB of batches for each.
pub const WORKERS_MAX: u32 = 64;

/// How many workers share an index: 1 to [`WORKERS_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerCount(NonZeroU32);

impl WorkerCount {
    /// A count in the allowed range.
    #[must_use]
    pub fn new(count: u32) -> Option<Self> {
        NonZeroU32::new(count).filter(|count| count.get() <= WORKERS_MAX).map(Self)
    }

    /// One worker for each core: extraction keeps a core busy, and reading, the router's part, is a small
    /// share of the work.
    #[must_use]
    pub fn per_core() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        Self::new(u32::try_from(cores).unwrap_or(WORKERS_MAX).min(WORKERS_MAX))
            .unwrap_or(Self(NonZeroU32::MIN))
    }

    pub(crate) fn to_usize(self) -> usize {
        self.0.get() as usize
    }
}

impl fmt::Display for WorkerCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for WorkerCount {
    type Err = WorkerCountError;

    fn from_str(text: &str) -> Result<Self, WorkerCountError> {
        text.parse().ok().and_then(Self::new).ok_or(WorkerCountError)
    }
}

/// A text that is no [`WorkerCount`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an index has 1 to {WORKERS_MAX} workers")]
pub struct WorkerCountError;

/// One of an index's workers, counted from 0. It keeps its number over restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WorkerNumber(pub u32);

impl fmt::Display for WorkerNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What to index, and by whom.
#[derive(Clone, Debug)]
pub struct IndexOptions {
    /// A folder, or a `.zip` or `.jar` archive.
    pub path: PathBuf,
    /// How many workers share the work.
    pub workers: WorkerCount,
    /// Where the workers run.
    pub place: WorkerPlace,
}

/// Where workers run.
#[derive(Clone, Debug)]
pub enum WorkerPlace {
    /// In this process, on its threads.
    InProcess,
    /// Each in a process of its own.
    Processes(ProcessOptions),
}

/// How worker processes are run.
#[derive(Clone, Debug)]
pub struct ProcessOptions {
    /// The program; it is called as `COMMAND worker --connect ENDPOINT --name NODE`, with the token in the
    /// variable [`TOKEN_VARIABLE`](crate::TOKEN_VARIABLE), and is expected to call
    /// [`run_worker`](crate::run_worker).
    pub command: PathBuf,
    /// Whether a worker that keeps failing goes on in this process; without it the index fails.
    pub fallback: bool,
    /// For tests.
    pub crash: Option<Crash>,
}

/// For tests: which worker processes abort themselves, and when.
///
/// Written `WORKER:BATCHES` for every process of that worker, `WORKER.START:BATCHES` for one of them;
/// numbers count from 0, batches from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    worker: WorkerNumber,
    start: Option<u32>,
    batch: NonZeroU32,
}

impl Crash {
    /// The batch at which this process aborts.
    pub(crate) fn batch(self, worker: WorkerNumber, start: u32) -> Option<u32> {
        let hit = self.worker == worker && self.start.is_none_or(|only| only == start);
        hit.then_some(self.batch.get())
    }
}

impl FromStr for Crash {
    type Err = CrashError;

    fn from_str(text: &str) -> Result<Self, CrashError> {
        let parse = || {
            let (process, batch) = text.split_once(':')?;
            let (worker, start) = match process.split_once('.') {
                Some((worker, start)) => (worker, Some(start.parse().ok()?)),
                None => (process, None),
            };
            Some(Self {
                worker: WorkerNumber(worker.parse().ok()?),
                start,
                batch: batch.parse().ok()?,
            })
        };
        parse().ok_or(CrashError)
    }
}

/// A text that is no [`Crash`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected WORKER:BATCHES or WORKER.START:BATCHES")]
pub struct CrashError;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn worker_counts() {
        for good in ["1", "64"] {
            assert_eq!(good.parse::<WorkerCount>().unwrap().to_string(), good);
        }
        for bad in ["0", "65", "-1", "two", ""] {
            assert_eq!(bad.parse::<WorkerCount>(), Err(WorkerCountError), "{bad:?}");
        }
        assert!(WorkerCountError.to_string().contains("1 to 64"));
    }

    #[test]
    fn crashes() {
        let one: Crash = "1.0:3".parse().unwrap();
        assert_eq!(one.batch(WorkerNumber(1), 0), Some(3));
        assert_eq!(one.batch(WorkerNumber(1), 1), None);
        assert_eq!(one.batch(WorkerNumber(0), 0), None);
        let every: Crash = "1:2".parse().unwrap();
        assert_eq!(every.batch(WorkerNumber(1), 7), Some(2));
        for bad in ["", "1", "1:", "1:0", ":1", "1.:2", "a:1"] {
            assert_eq!(bad.parse::<Crash>(), Err(CrashError), "{bad:?}");
        }
    }
}
