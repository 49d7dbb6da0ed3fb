//! The worker actor: extracts what it is sent, holds it, and searches it.

use holm::{SpawnError, Spawnable, actor};
use holm_index::{Engine, Query, Segment, ShardId};

use crate::blocking::blocking;
use crate::message::{Batch, Counted, Found, WorkerArgs};

/// Holds some shards of an index. It is fed once; to be fed again it is replaced.
#[derive(Debug)]
pub struct IndexWorker {
    engine: Engine,
    batches: u32,
    crash_at_batch: Option<u32>,
}

impl IndexWorker {
    pub(crate) fn new(args: &WorkerArgs) -> Self {
        Self { engine: Engine::default(), batches: 0, crash_at_batch: args.crash_at_batch }
    }
}

impl Spawnable for IndexWorker {
    type Args = WorkerArgs;

    fn create(args: WorkerArgs) -> Result<Self, SpawnError> {
        Ok(Self::new(&args))
    }
}

#[actor(name = "holm.index.worker")]
impl IndexWorker {
    /// Extracts the symbols of some files, and says what they are.
    pub async fn add_batch(&mut self, batch: Batch) -> Counted {
        self.batches += 1;
        if self.crash_at_batch == Some(self.batches) {
            std::process::abort();
        }
        let Batch { shard, files } = batch;
        // On another thread, so that this one still hears of the router's end.
        let build = move || Segment::build(files.iter().map(|file| (&file.path, &file.text)));
        let segment = blocking(build).await;
        Counted(self.engine.add(ShardId(shard), segment))
    }

    /// The best `limit` of this worker's symbols, best first.
    pub async fn search(&mut self, query: String, limit: u32) -> Found {
        Found(self.engine.search(&Query::new(query), limit as usize))
    }
}
