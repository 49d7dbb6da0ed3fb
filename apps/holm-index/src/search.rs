//! Search: what is asked, how well a name matches, and the order of the answers.

mod hit;
mod letters;
mod names;
mod pattern;
mod query;
mod score;
mod shard_index;

pub use hit::{Hit, merge};
pub use query::{Mode, Query};

pub(crate) use hit::TopHits;
pub(crate) use names::Part;
pub(crate) use query::Matcher;
pub(crate) use shard_index::ShardIndex;
