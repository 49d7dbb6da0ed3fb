//! Feeding a worker: its files are read on a thread, and sent in batches.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use holm::{CallError, Ref};
use holm_index::{FileId, ShardId, Skip, Sources};
use tokio::sync::{Mutex, mpsc};

use crate::blocking::blocking;
use crate::board::Board;
use crate::message::{Batch, SourceText};
use crate::plan::Plan;
use crate::worker::IndexWorker;

/// A batch is sent once it has as many bytes of text: large enough that a round trip costs nothing beside
/// extraction, small enough that all workers' batches together stay small. One file is never cut, so the
/// largest batch has this and [`FILE_BYTES_MAX`](holm_index::source::FILE_BYTES_MAX).
const BATCH_BYTES: usize = 1 << 20;
/// Batches sent to one worker and not yet answered: one under work, one waiting there, one on its way.
const BATCHES_IN_FLIGHT: usize = 3;
/// Batches read and not yet sent. The reader waits when they are as many.
const BATCHES_READ_AHEAD: usize = 2;

/// How long a worker may take to answer a batch. Extraction takes milliseconds, the largest batch in a busy
/// machine's slowest moment some seconds; a worker that takes this long is stuck, and is replaced.
const BATCH_TIME: Duration = Duration::from_secs(60);

/// What is read of a shard in one go.
#[derive(Debug)]
struct Part {
    shard: ShardId,
    files: Vec<SourceText>,
    skipped: Vec<Skip>,
}

impl Part {
    fn new(shard: ShardId) -> Self {
        Self { shard, files: Vec::new(), skipped: Vec::new() }
    }
}

/// Sends `worker` all files of `shards`, and notes on the board what became of them.
///
/// # Errors
/// The first failed call: the worker is to be considered lost.
///
/// Cancel safe in that nothing goes on after it is dropped; the worker then holds some part of its shards.
pub(crate) async fn feed(
    worker: &Ref<IndexWorker>,
    plan: &Arc<Plan>,
    shards: &[ShardId],
    board: &Board,
) -> Result<(), CallError> {
    board.clear(shards);
    let (sender, parts) = mpsc::channel(BATCHES_READ_AHEAD);
    let reading = {
        let (plan, shards) = (Arc::clone(plan), shards.to_vec());
        blocking(move || read(&plan, &shards, &sender))
    };
    let parts = Mutex::new(parts);
    let lanes = (0..BATCHES_IN_FLIGHT).map(|_| async {
        loop {
            // Bound to a name, so that the lock is not held during the call.
            let part = parts.lock().await.recv().await;
            let Some(Part { shard, files, skipped }) = part else {
                return Ok(());
            };
            board.add_skipped(shard, skipped);
            if !files.is_empty() {
                let report =
                    worker.add_batch(Batch { shard: shard.0, files }).timeout(BATCH_TIME).await?;
                board.add_report(shard, &report.0);
            }
        }
    });
    let lanes = async {
        let sent = try_join_all(lanes).await;
        parts.lock().await.close(); // Ends the reader if a call has failed.
        sent.map(drop)
    };
    tokio::join!(lanes, reading).0
}

/// Reads the files of `shards` into parts, until nobody wants them.
fn read(plan: &Plan, shards: &[ShardId], parts: &mpsc::Sender<Part>) {
    for &shard in shards {
        if read_shard(&plan.sources, shard, &plan.files[shard.0 as usize], parts).is_none() {
            return;
        }
    }
}

/// `None` when nobody wants the parts any more.
fn read_shard(
    sources: &Sources,
    shard: ShardId,
    files: &[FileId],
    parts: &mpsc::Sender<Part>,
) -> Option<()> {
    let mut reader = sources.reader();
    let mut part = Part::new(shard);
    let mut bytes = 0;
    for &file in files {
        let mut text = String::new();
        match reader.read(file, &mut text) {
            Ok(()) => {
                bytes += text.len();
                let path = sources.files()[file.0 as usize].path.clone();
                part.files.push(SourceText { path, text });
            }
            Err(skip) => part.skipped.push(skip),
        }
        if bytes >= BATCH_BYTES {
            bytes = 0;
            parts.blocking_send(std::mem::replace(&mut part, Part::new(shard))).ok()?;
        }
    }
    parts.blocking_send(part).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::options::WorkerCount;

    /// Three files of a little over half a batch, and one that is skipped.
    fn plan() -> (Plan, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        for name in ["A", "B", "C"] {
            let text = format!("class {name} {{ }}").repeat(BATCH_BYTES / 20);
            std::fs::write(dir.path().join(format!("{name}.java")), text).unwrap();
        }
        std::fs::write(dir.path().join("D.java"), [0xff]).unwrap();
        let sources = Sources::open(dir.path()).unwrap();
        let mut plan = Plan::new(sources, WorkerCount::new(1).unwrap());
        // All in one shard, whatever the sizes would make of them.
        plan.files = vec![plan.sources.ids().collect()];
        (plan, dir)
    }

    fn parts(wanted: usize) -> Vec<Part> {
        let (plan, _dir) = plan();
        let (sender, mut parts) = mpsc::channel(BATCHES_READ_AHEAD);
        let reader = std::thread::spawn(move || read(&plan, &[ShardId(0)], &sender));
        let taken = std::iter::from_fn(|| parts.blocking_recv()).take(wanted).collect();
        drop(parts);
        reader.join().unwrap(); // It ends, also if nobody takes the rest.
        taken
    }

    #[test]
    fn files_are_sent_once_in_batches() {
        let parts = parts(usize::MAX);
        let paths =
            |part: &Part| part.files.iter().map(|file| file.path.clone()).collect::<Vec<_>>();
        assert_eq!(
            parts.iter().map(paths).collect::<Vec<_>>(),
            [vec!["A.java", "B.java"], vec!["C.java"]]
        );
        let skipped: Vec<&str> =
            parts.iter().flat_map(|part| &part.skipped).map(|skip| skip.path.as_str()).collect();
        assert_eq!(skipped, ["D.java"]);
    }

    #[test]
    fn a_reader_that_nobody_listens_to_ends() {
        assert_eq!(parts(1).len(), 1);
        assert_eq!(parts(0).len(), 0);
    }
}
