//! Splitting files into shards of about equal size.

use std::{cmp::Reverse, collections::BinaryHeap, num::NonZeroU32};

use serde::{Deserialize, Serialize};

use crate::source::{FileId, Sources};

/// A part of a root's files that is indexed and held as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ShardId(pub u32);

/// Splits the files into `shards` parts, by the sizes in the listing: ids from 0, each part in listing
/// order.
///
/// Largest file first, each to the part that is smallest so far, ties to the lower id: the parts differ by at
/// most one file, and the same listing always gives the same parts. With fewer files than shards some stay
/// empty.
#[must_use]
pub fn split(sources: &Sources, shards: NonZeroU32) -> Vec<(ShardId, Vec<FileId>)> {
    let sizes: Vec<u64> = sources.files().iter().map(|file| file.bytes).collect();
    let mut parts: Vec<(ShardId, Vec<FileId>)> =
        (0..shards.get()).map(|shard| (ShardId(shard), Vec::new())).collect();
    let mut largest_first: Vec<(usize, FileId)> = sources.ids().enumerate().collect();
    largest_first.sort_by_key(|&(at, _)| Reverse(sizes[at]));
    let mut lightest: BinaryHeap<Reverse<(u64, usize)>> =
        (0..parts.len()).map(|part| Reverse((0, part))).collect();
    for (at, id) in largest_first {
        if let Some(mut top) = lightest.peek_mut() {
            let Reverse((size, part)) = &mut *top;
            parts[*part].1.push(id);
            *size += sizes[at];
        }
    }
    for (_, part) in &mut parts {
        part.sort_unstable();
    }
    parts
}
