//! The symbol index over worker nodes: the router, its workers, and the facade over both.
//!
//! [`Index`] lists the files under a path, splits them into shards, and shares these among workers. A worker
//! is an actor, [`IndexWorker`]: on a node in a process of its own, which [`run_worker`] is the main part of,
//! or in this process. The router reads the files and sends their texts; workers extract symbols, hold them
//! and search them. A worker that ends is started and fed again.
//!
//! Invariant: what a search finds does not depend on how many workers there are, or where they run.
#![forbid(unsafe_code)]

mod blocking;
mod board;
mod error;
mod feed;
mod index;
mod lines;
mod message;
mod options;
mod plan;
mod process;
mod run_dir;
mod serve;
mod slot;
mod summary;
mod supervise;
mod worker;

pub use error::IndexError;
pub use index::{Answer, COMPLETE_WAIT, INTERACTIVE_WAIT, Index};
pub use message::{Batch, Counted, Found, SourceText, WorkerArgs};
pub use options::{
    Crash, CrashError, IndexOptions, ProcessOptions, WORKERS_MAX, WorkerCount, WorkerCountError,
    WorkerNumber, WorkerPlace,
};
pub use serve::{TOKEN_VARIABLE, WorkerError, WorkerOptions, run_worker};
pub use summary::{Progress, Summary, WorkerSummary};
pub use worker::IndexWorker;
