//! Answers, their total order, and merging lists of them.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

use serde::{Deserialize, Serialize};

use crate::{
    segment::{Segment, Symbol},
    symbol::Kind,
};

/// A symbol that matches a query. For the meaning of the fields see [`crate::symbol::Declaration`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The simple name.
    pub name: String,
    /// What is declared.
    pub kind: Kind,
    /// Package and enclosing declarations.
    pub container: String,
    /// How it is declared.
    pub signature: String,
    /// Path below the root, with `/` between the parts.
    pub path: String,
    /// Line of the name, from 0.
    pub line: u32,
    /// Column of the name in UTF-16 units, from 0.
    pub column: u32,
    /// How well it matches; only to be compared with other hits of the same query.
    pub score: u32,
}

/// The best hits of several lists, each of them best first, as one search over everything would give them.
///
/// That holds when each list has the best `k` or all of its part.
#[must_use]
pub fn merge(lists: impl IntoIterator<Item = Vec<Hit>>, k: usize) -> Vec<Hit> {
    let mut hits: Vec<Hit> = lists.into_iter().flatten().collect();
    hits.sort_by(|a, b| a.rank().cmp(&b.rank()));
    hits.truncate(k);
    hits
}

/// What hits are ordered by, best first. No two symbols are equal in all of it.
type Rank<'a> = (Reverse<u32>, Kind, &'a str, &'a str, &'a str, u32, u32);

impl Hit {
    fn rank(&self) -> Rank<'_> {
        (
            Reverse(self.score),
            self.kind,
            &self.name,
            &self.container,
            &self.path,
            self.line,
            self.column,
        )
    }
}

/// A hit that is not written out yet. The greater, the worse.
#[derive(Clone, Copy)]
struct Candidate<'i> {
    score: u32,
    segment: &'i Segment,
    symbol: &'i Symbol,
}

impl<'i> Candidate<'i> {
    fn rank(&self) -> Rank<'i> {
        let Self { score, segment, symbol } = *self;
        (
            Reverse(score),
            symbol.kind,
            segment.names.get(symbol.name),
            segment.containers.get(symbol.container),
            segment.paths.get(symbol.path),
            symbol.line,
            symbol.column,
        )
    }

    fn into_hit(self) -> Hit {
        let (Reverse(score), kind, name, container, path, line, column) = self.rank();
        let signature = self.segment.signatures.get(self.symbol.signature);
        Hit {
            name: name.to_owned(),
            kind,
            container: container.to_owned(),
            signature: signature.to_owned(),
            path: path.to_owned(),
            line,
            column,
            score,
        }
    }
}

impl Ord for Candidate<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        // Most comparisons end here, without a look at strings.
        let quick = other.score.cmp(&self.score).then(self.symbol.kind.cmp(&other.symbol.kind));
        quick.then_with(|| self.rank().cmp(&other.rank()))
    }
}

impl PartialOrd for Candidate<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate<'_> {}

/// The best `k` hits offered so far.
pub(crate) struct TopHits<'i> {
    k: usize,
    /// The worst on top.
    heap: BinaryHeap<Candidate<'i>>,
}

impl<'i> TopHits<'i> {
    pub(crate) fn new(k: usize) -> Self {
        Self { k, heap: BinaryHeap::new() }
    }

    /// Whether a hit with this score could still get in.
    pub(crate) fn admits(&self, score: u32) -> bool {
        self.k > 0
            && (self.heap.len() < self.k
                || self.heap.peek().is_some_and(|worst| score >= worst.score))
    }

    pub(crate) fn offer(&mut self, score: u32, segment: &'i Segment, symbol: &'i Symbol) {
        let candidate = Candidate { score, segment, symbol };
        if self.heap.len() < self.k {
            self.heap.push(candidate);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && candidate < *worst
        {
            *worst = candidate;
        }
    }

    /// The hits, best first.
    pub(crate) fn into_hits(self) -> Vec<Hit> {
        self.heap.into_sorted_vec().into_iter().map(Candidate::into_hit).collect()
    }
}
