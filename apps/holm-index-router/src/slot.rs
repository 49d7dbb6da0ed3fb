//! One worker of an index over all its lives: started, fed, searched, started again.

use std::sync::Arc;
use std::time::Duration;

use holm::env::{Endpoint, Env};
use holm::{ExitReason, Monitor, Node, NodeEvent, NodeEvents, NodeName, Ref};
use holm_index::{Hit, ShardId};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::board::Board;
use crate::feed::feed;
use crate::message::WorkerArgs;
use crate::options::{ProcessOptions, WorkerNumber, WorkerPlace};
use crate::plan::Plan;
use crate::process::Process;
use crate::supervise::{FAILURES_MAX, Next, Restarts};
use crate::worker::IndexWorker;

/// How long a worker process may take from its start to a running worker actor. It has only to connect over
/// a local socket; a machine busy enough to need longer is given another start.
const HANDSHAKE_TIME: Duration = Duration::from_secs(5);
/// How long one worker may take to answer a query. A search takes milliseconds; one that takes this long is
/// stuck behind something, and its shards are reported missing.
const SEARCH_TIME: Duration = Duration::from_secs(20);
/// How long a process whose actor is lost may take to end by itself: some schedulings on a busy machine. Then it
/// is killed.
const EXIT_GRACE: Duration = Duration::from_millis(200);

/// What the workers of an index share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) node: Node,
    pub(crate) env: Env,
    pub(crate) plan: Arc<Plan>,
    pub(crate) board: Board,
    pub(crate) place: WorkerPlace,
    /// Where worker processes find the router; nowhere if there are none.
    pub(crate) door: Option<Door>,
    pub(crate) started: Instant,
}

/// The way in for worker processes.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) endpoint: Endpoint,
    pub(crate) token: String,
}

/// What a query meets.
#[derive(Clone, Debug)]
enum State {
    /// Being started or fed.
    Away,
    /// Holds all its shards.
    Ready(Ref<IndexWorker>),
    /// Given up, and why.
    Lost(Arc<str>),
}

/// One worker, as queries see it.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) number: WorkerNumber,
    pub(crate) shards: Arc<[ShardId]>,
    state: watch::Receiver<State>,
}

impl Slot {
    /// A worker, and the task that keeps it alive until it is dropped.
    pub(crate) fn new(
        number: WorkerNumber,
        shards: Vec<ShardId>,
        shared: Arc<Shared>,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let shards: Arc<[ShardId]> = shards.into();
        let (sender, state) = watch::channel(State::Away);
        let keeper = Keeper { number, shards: Arc::clone(&shards), shared, state: sender };
        (Self { number, shards, state }, keeper.run())
    }

    /// Waits until the worker holds all its shards; the reason if it never will.
    pub(crate) async fn ready(&self) -> Result<(), Arc<str>> {
        settled(&mut self.state.clone()).await.map(drop)
    }

    /// The worker's best `k`; `None` if it has not answered by `deadline`, or is given up.
    pub(crate) async fn search(&self, query: &str, k: u32, deadline: Instant) -> Option<Vec<Hit>> {
        let mut state = self.state.clone();
        let search = async {
            loop {
                let worker = settled(&mut state).await.ok()?;
                match worker.search(query.to_owned(), k).timeout(SEARCH_TIME).await {
                    Ok(found) => return Some(found.0),
                    Err(error) => {
                        tracing::debug!(worker = %self.number, %error, "a search failed");
                        // The worker's end follows; until then it would only fail again.
                        state.changed().await.ok()?;
                    }
                }
            }
        };
        timeout_at(deadline, search).await.ok().flatten()
    }
}

/// Waits until the worker is no longer away.
async fn settled(state: &mut watch::Receiver<State>) -> Result<Ref<IndexWorker>, Arc<str>> {
    match state.wait_for(|state| !matches!(state, State::Away)).await.as_deref() {
        Ok(State::Ready(worker)) => Ok(worker.clone()),
        Ok(State::Lost(reason)) => Err(Arc::clone(reason)),
        // It was waited for above; or its keeper has gone.
        Ok(State::Away) | Err(_) => Err("the index is shut down".into()),
    }
}

/// Keeps one worker alive.
struct Keeper {
    number: WorkerNumber,
    shards: Arc<[ShardId]>,
    shared: Arc<Shared>,
    state: watch::Sender<State>,
}

impl Keeper {
    async fn run(self) {
        let shared = Arc::clone(&self.shared);
        if let WorkerPlace::Processes(options) = &shared.place {
            let reason = self.supervise(Some(options)).await;
            if !options.fallback {
                self.state.send_replace(State::Lost(reason.into()));
                return;
            }
            tracing::warn!(worker = %self.number, reason, "gave up its process; going on in this one");
        }
        let reason = self.supervise(None).await;
        tracing::error!(worker = %self.number, reason, "gave up; its shards are missing from now on");
        self.state.send_replace(State::Lost(reason.into()));
    }

    /// Starts the worker again and again, until the breaker opens; gives the last reason.
    async fn supervise(&self, process: Option<&ProcessOptions>) -> String {
        let mut restarts = Restarts::default();
        let mut start = 0;
        loop {
            let reason = match process {
                Some(options) => self.live_as_process(options, start, &mut restarts).await,
                None => self.live_here(&mut restarts).await,
            };
            self.state.send_replace(State::Away);
            match restarts.handle_end(self.shared.started.elapsed(), self.shared.env.random_u64()) {
                Next::Restart { after } => {
                    tracing::warn!(worker = %self.number, reason, ?after, "ended; starting it again");
                    sleep(after).await;
                    start += 1;
                }
                Next::GiveUp => return format!("failed {FAILURES_MAX} times; at last {reason}"),
            }
        }
    }

    /// One life as a process; says how it ended.
    async fn live_as_process(
        &self,
        options: &ProcessOptions,
        start: u32,
        restarts: &mut Restarts,
    ) -> String {
        let shared = &*self.shared;
        let door = shared.door.as_ref().expect("an index with worker processes listens");
        let name = worker_name(self.number, start);
        let args = WorkerArgs {
            crash_at_batch: options.crash.and_then(|crash| crash.batch(self.number, start)),
        };
        // Heard from before the process exists, so that its arrival cannot be missed.
        let events = shared.node.events();
        let started = Process::start(
            &options.command,
            &door.endpoint,
            &name,
            &door.token,
            self.number,
            &shared.env,
        );
        let mut process = match started {
            Ok(process) => process,
            Err(error) => {
                return format!("`{}` cannot be started: {error}", options.command.display());
            }
        };
        shared.board.worker_started(self.number, process.pid());
        let life = async {
            match timeout(HANDSHAKE_TIME, spawn_worker(&shared.node, events, &name, args)).await {
                Ok(Ok((worker, down))) => self.serve(worker, down, restarts).await,
                Ok(Err(reason)) => reason,
                Err(_elapsed) => format!("it did not connect within {HANDSHAKE_TIME:?}"),
            }
        };
        let reason = tokio::select! {
            biased;
            reason = process.wait() => return reason,
            reason = life => reason,
        };
        // A worker whose session is lost ends by itself, or has; how says more than that it is lost.
        match timeout(EXIT_GRACE, process.wait()).await {
            Ok(reason) => reason,
            Err(_elapsed) => {
                process.kill().await;
                reason
            }
        }
    }

    /// One life in this process; says how it ended.
    async fn live_here(&self, restarts: &mut Restarts) -> String {
        let node = &self.shared.node;
        self.shared.board.worker_started(self.number, None);
        let worker = node.spawn(IndexWorker::new(&WorkerArgs::default()));
        let down = node.monitor(worker.pid());
        self.serve(worker, down, restarts).await
    }

    /// Feeds a worker, shows it to queries, and waits for its end.
    async fn serve(
        &self,
        worker: Ref<IndexWorker>,
        down: Monitor,
        restarts: &mut Restarts,
    ) -> String {
        let shared = &*self.shared;
        let work = async {
            if let Err(error) = feed(&worker, &shared.plan, &self.shards, &shared.board).await {
                return format!("a batch failed: {error}");
            }
            let now = shared.started.elapsed();
            restarts.handle_ready(now);
            shared.board.worker_ready(self.number, now);
            self.state.send_replace(State::Ready(worker.clone()));
            std::future::pending().await
        };
        let reason = tokio::select! {
            biased;
            down = down => format!("its actor ended: {}", down.reason),
            reason = work => reason,
        };
        worker.exit(ExitReason::Shutdown("replaced".into())); // One that failed a call may still live.
        reason
    }
}

/// A process's node is named by its worker and how often that was started, so that a late sign of an
/// earlier process is not taken for this one.
fn worker_name(worker: WorkerNumber, start: u32) -> NodeName {
    format!("worker-{worker}.{start}@local").parse().expect("a valid name")
}

/// Waits for the node `name`, and starts the worker actor on it.
async fn spawn_worker(
    node: &Node,
    mut events: NodeEvents,
    name: &NodeName,
    args: WorkerArgs,
) -> Result<(Ref<IndexWorker>, Monitor), String> {
    loop {
        match events.next().await {
            Some(NodeEvent::Up(up)) if up == *name => break,
            // One that was missed may have been the one; the handshake's deadline decides.
            Some(_) => {}
            None => return Err("the router's node has stopped".to_owned()),
        }
    }
    let spawned = node.spawn_on::<IndexWorker>(name, args).monitored().await;
    spawned.map_err(|error| format!("its actor cannot be started: {error}"))
}
