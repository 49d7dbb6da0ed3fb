//! Indexing on the threads of this process.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use crate::{
    engine::Engine,
    segment::SegmentBuilder,
    shard::{ShardId, split},
    source::{FileId, Skip, Sources},
    summary::{BatchReport, Summary},
};

/// Shards for each thread: enough that the threads end together, few enough that each name is in few shards.
pub const SHARDS_PER_WORKER: u32 = 4;

/// Text parsed into one segment. Many small segments would repeat their strings; one for all would show no
/// progress.
const BATCH_BYTES: u64 = 4 << 20;

/// Indexes everything on `threads` threads; reports each batch when it is done, on the thread that did it.
///
/// # Panics
/// When `progress` does.
pub fn index_in_process(
    sources: &Sources,
    threads: NonZeroUsize,
    progress: &(dyn Fn(&BatchReport) + Sync),
) -> (Engine, Summary) {
    let wanted = u32::try_from(threads.get()).unwrap_or(u32::MAX).saturating_mul(SHARDS_PER_WORKER);
    let shards = split(sources, NonZeroU32::new(wanted).unwrap_or(NonZeroU32::MIN));
    let next = AtomicUsize::new(0);
    let work = || {
        let mut worker = Worker::default();
        while let Some((id, files)) = shards.get(next.fetch_add(1, Ordering::Relaxed)) {
            worker.index(sources, *id, files, progress);
        }
        worker
    };
    let mut workers: Vec<Worker> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.get()).map(|_| scope.spawn(work)).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, Worker>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().map(join).collect()
    });
    let mut engine = Engine::new();
    let mut skipped = sources.skipped().to_vec();
    for worker in &mut workers {
        engine.absorb(std::mem::take(&mut worker.engine));
        skipped.append(&mut worker.skipped);
    }
    let reports = workers.into_iter().map(|worker| worker.report).collect();
    (engine, Summary::new(reports, skipped))
}

/// What one thread does.
#[derive(Debug, Default)]
struct Worker {
    engine: Engine,
    report: BatchReport,
    skipped: Vec<Skip>,
}

impl Worker {
    fn index(
        &mut self,
        sources: &Sources,
        shard: ShardId,
        files: &[FileId],
        progress: &dyn Fn(&BatchReport),
    ) {
        let mut reader = sources.reader();
        let mut text = String::new();
        let mut files = files.iter();
        loop {
            let mut batch = SegmentBuilder::default();
            while batch.bytes() < BATCH_BYTES
                && let Some(&id) = files.next()
            {
                match reader.read(id, &mut text) {
                    Ok(()) => batch.add(&sources.files()[id.0 as usize].path, &text),
                    Err(skip) => self.skipped.push(skip),
                }
            }
            let last = batch.bytes() < BATCH_BYTES;
            let report = self.engine.add(shard, batch.finish());
            progress(&report);
            self.report.merge(&report);
            if last {
                return;
            }
        }
    }
}
