//! The index: started, asked, shut down.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use holm::env::{Endpoint, Env, Task};
use holm::{Node, Secret};
use holm_index::{Hit, ShardId, Sources, merge};
use tokio::time::Instant;

use crate::blocking::blocking;
use crate::board::Board;
use crate::error::IndexError;
use crate::options::{IndexOptions, WorkerNumber, WorkerPlace};
use crate::plan::Plan;
use crate::run_dir::RunDir;
use crate::slot::{Door, Shared, Slot};
use crate::summary::{Progress, Summary};

/// How long a query that has to be complete waits for a worker that is away: time enough for it to be started
/// and fed again with its part of a large tree. What is still missing then is reported.
pub const COMPLETE_WAIT: Duration = Duration::from_secs(20);
/// How long a query waits for a worker that is away while somebody watches: a pause that is noticed but does
/// not disturb. What is still missing then is reported.
pub const INTERACTIVE_WAIT: Duration = Duration::from_millis(250);

/// Bytes of the token that worker processes show: as strong as the keys of any cipher.
const TOKEN_BYTES: usize = 32;

/// An index over worker nodes. Dropped, it takes its workers with it; [`Index::shutdown`] also waits for that.
#[derive(Debug)]
pub struct Index {
    shared: Arc<Shared>,
    slots: Vec<Slot>,
    /// The tasks that keep the workers alive; aborted, each ends its worker's process.
    keepers: Vec<Task>,
    /// Removed after the workers have gone.
    _run_dir: Option<RunDir>,
}

/// What a query found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The best hits, best first; the same whoever holds which shard.
    pub hits: Vec<Hit>,
    /// Shards whose worker did not answer: matches in them are not among the hits. Sorted.
    pub missing_shards: Vec<ShardId>,
}

impl Index {
    /// Lists the files, and starts the workers. Indexing goes on in the background.
    ///
    /// # Errors
    /// [`IndexError`]; nothing is left behind.
    ///
    /// Cancel safe: dropped, nothing is left behind.
    pub async fn start(options: IndexOptions) -> Result<Self, IndexError> {
        let started = Instant::now();
        let env = Env::tokio().map_err(IndexError::Env)?;
        let IndexOptions { path, workers, place } = options;
        let plan = blocking(move || Sources::open(path).map(|sources| Plan::new(sources, workers)))
            .await?;
        let (run_dir, door) = match &place {
            WorkerPlace::InProcess => (None, None),
            WorkerPlace::Processes(_) => {
                let run_dir = RunDir::create()?;
                let door =
                    Door { endpoint: Endpoint::Unix(run_dir.socket()), token: new_token(&env) };
                (Some(run_dir), Some(door))
            }
        };
        let mut node = Node::builder("router@local").env(env.clone());
        if let Some(door) = &door {
            node = node
                .listen(door.endpoint.clone())
                .token(Secret::new(door.token.clone().into_bytes()));
        }
        let node = node.start().await?;
        let board = Board::new(plan.files.len(), plan.shares.len());
        let shared =
            Arc::new(Shared { node, env, plan: Arc::new(plan), board, place, door, started });
        let (slots, keepers) = shared
            .plan
            .shares
            .iter()
            .enumerate()
            .map(|(number, shards)| {
                let number = WorkerNumber(number as u32);
                let (slot, keeper) = Slot::new(number, shards.clone(), Arc::clone(&shared));
                (slot, shared.env.spawn(keeper))
            })
            .unzip();
        Ok(Self { shared, slots, keepers, _run_dir: run_dir })
    }

    /// How far indexing has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let (files, bytes) = self.shared.board.done();
        let sources = &self.shared.plan.sources;
        Progress {
            files,
            bytes,
            files_listed: sources.files().len() as u64,
            bytes_listed: sources.bytes(),
        }
    }

    /// Waits until every shard is indexed, and says what there is.
    ///
    /// # Errors
    /// [`IndexError::WorkerLost`] if some shards will never be.
    ///
    /// Cancel safe.
    pub async fn summary(&self) -> Result<Summary, IndexError> {
        for slot in &self.slots {
            slot.ready()
                .await
                .map_err(|reason| IndexError::WorkerLost { worker: slot.number, reason })?;
        }
        Ok(Summary::new(&self.shared.plan, &self.shared.board))
    }

    /// The best `limit` matches of `query`, as a fuzzy search. Waits up to `wait` for workers that are away or
    /// still indexing: [`COMPLETE_WAIT`] or [`INTERACTIVE_WAIT`].
    ///
    /// Cancel safe.
    pub async fn search(&self, query: &str, limit: u32, wait: Duration) -> Answer {
        let deadline = Instant::now() + wait;
        let lists =
            join_all(self.slots.iter().map(|slot| slot.search(query, limit, deadline))).await;
        let mut missing_shards: Vec<ShardId> = self
            .slots
            .iter()
            .zip(&lists)
            .filter(|(_, list)| list.is_none())
            .flat_map(|(slot, _)| slot.shards.iter().copied())
            .collect();
        missing_shards.sort_unstable();
        Answer { hits: merge(lists.into_iter().flatten(), limit as usize), missing_shards }
    }

    /// Ends the workers and waits until they have gone; removes the socket.
    ///
    /// Workers hold nothing that outlives the index, so their processes are killed without asking.
    pub async fn shutdown(mut self) {
        for keeper in std::mem::take(&mut self.keepers) {
            keeper.abort();
            // An aborted task has no result to look at.
            let _ = keeper.await;
        }
        self.shared.node.stop().await;
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        for keeper in &self.keepers {
            keeper.abort();
        }
        // Without effect if it has stopped.
        let node = self.shared.node.clone();
        drop(self.shared.env.spawn(async move { node.stop().await }));
    }
}

/// What a worker process must show to be let in, as hexadecimal digits.
fn new_token(env: &Env) -> String {
    let mut bytes = [0; TOKEN_BYTES];
    env.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
