//! The worker's end: a node that dials the router, and lives as long as the session.

use std::time::Duration;

use holm::env::Endpoint;
use holm::{ConnectError, Node, NodeName, Secret, StartError};
use tokio::time::timeout;

use crate::worker::IndexWorker;

/// The environment variable by which a worker process is given the router's token.
pub const TOKEN_VARIABLE: &str = "HOLM_WORKER_TOKEN";

/// How long the router may take to answer a worker's dial. The router waits as long for the worker.
const DIAL_TIME: Duration = Duration::from_secs(5);

/// What a worker process is told.
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// Where the router listens.
    pub router: Endpoint,
    /// The name of the worker's node; another one for each process.
    pub name: NodeName,
    /// The router's token, if it wants one.
    pub token: Option<Secret>,
}

/// Why a worker could not work. The router to blame is the one it was told of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// This node did not start.
    #[error("the worker's node cannot start: {0}")]
    Start(#[from] StartError),
    /// The router refused, or nobody listens there.
    #[error("the router cannot be reached: {0}")]
    Connect(#[from] ConnectError),
    /// The router did not answer in time.
    #[error("the router did not answer within {DIAL_TIME:?}")]
    NoAnswer,
}

/// Works for a router until the session with it ends.
///
/// The caller should end the process at once then, without waiting for threads: one may be in the middle of
/// a batch that nobody wants any more.
///
/// # Errors
/// [`WorkerError`], if there never was a session.
pub async fn run_worker(options: WorkerOptions) -> Result<(), WorkerError> {
    let mut node = Node::builder(options.name.as_str()).spawnable::<IndexWorker>();
    if let Some(token) = options.token {
        node = node.token(token);
    }
    let node = node.start().await?;
    let router = timeout(DIAL_TIME, node.connect(&options.router)).await;
    let router = router.map_err(|_elapsed| WorkerError::NoAnswer)??;
    tracing::info!(%router, "connected");
    node.monitor_node(&router).await;
    tracing::info!("the session with the router has ended");
    Ok(())
}
