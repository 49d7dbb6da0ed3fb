//! Code-symbol extraction, segments and search; no network, no async.
//!
//! [`Sources`] lists and reads the Java files of a folder or archive, [`split`] divides them into shards, an
//! [`Engine`] parses and holds the shards of one worker and answers queries, [`merge`] joins the answers of
//! several. [`index_in_process`] does all of it on threads.
#![forbid(unsafe_code)]

mod engine;
mod in_process;
pub mod java;
pub mod search;
mod segment;
mod shard;
pub mod source;
pub mod summary;
pub mod symbol;

pub use engine::{Engine, ShardStats};
pub use in_process::{SHARDS_PER_WORKER, index_in_process};
pub use search::{Hit, Mode, Query, merge};
pub use segment::{Segment, SegmentBuilder};
pub use shard::{ShardId, split};
pub use source::{FileId, OpenError, Skip, SkipReason, SourceFile, Sources};
pub use summary::{BatchReport, Summary, SymbolCounts};
pub use symbol::{Declaration, Kind, KindSet, Modifiers};
