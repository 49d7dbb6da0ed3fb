//! Why an index could not be had.

use std::sync::Arc;

use holm_index::OpenError;
use holm_net::unix_dir::UnixDirError;

use crate::options::WorkerNumber;

/// Why an index could not be started, or is not complete.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// There is nothing to index; the path is to blame.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// No place for the router's socket.
    #[error("no private folder for the socket: {0}")]
    RunDir(#[from] UnixDirError),
    /// There is no runtime, or no randomness.
    #[error(transparent)]
    Env(holm::env::StartError),
    /// The router's node could not start.
    #[error("the router's node cannot start: {0}")]
    Node(#[from] holm::StartError),
    /// A worker kept failing, and was not to be replaced by this process.
    #[error("worker {worker} {reason}")]
    WorkerLost {
        /// Which one.
        worker: WorkerNumber,
        /// What happened to it last.
        reason: Arc<str>,
    },
}
