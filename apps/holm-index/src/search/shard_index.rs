//! The segments of a shard, and the search over them.

use std::ops::Range;

use super::{
    Matcher, TopHits,
    names::{Names, Part},
    score,
};
use crate::{
    segment::{Segment, StringId, Symbol},
    summary::BatchReport,
};

/// The searchable symbols of a shard.
#[derive(Debug, Default)]
pub(crate) struct ShardIndex {
    names: Names,
    /// The parts of all containers.
    parts: Names,
    segments: Vec<Indexed>,
    /// By name: the symbol that the list of its symbols begins with.
    first: Vec<Option<Position>>,
    report: BatchReport,
}

/// A segment with what connects it to the shard.
#[derive(Debug)]
struct Indexed {
    segment: Segment,
    /// By name of the segment: the name in the shard.
    names: Box<[StringId]>,
    /// By symbol: the next one with the same name.
    next: Box<[Option<Position>]>,
    containers: Box<[Container]>,
    /// The parts of the containers, each from the inside out.
    container_parts: Box<[StringId]>,
}

/// Ranges of what belongs to a container.
#[derive(Debug)]
struct Container {
    symbols: Range<u32>,
    parts: Range<u32>,
}

/// A symbol of the shard.
#[derive(Clone, Copy, Debug)]
struct Position {
    segment: u32,
    symbol: u32,
}

impl ShardIndex {
    /// Adds the symbols of a batch.
    ///
    /// # Panics
    /// With more than 2^32 batches, or symbols in one.
    pub(crate) fn add(&mut self, segment: Segment) {
        let number = small(self.segments.len());
        // A segment has each name once, so that the shard's table is asked once for each.
        let names: Box<[StringId]> =
            segment.names.ids().map(|id| self.names.intern(segment.names.get(id))).collect();
        self.first.resize(self.names.len(), None);
        let link = |(index, symbol): (usize, &Symbol)| {
            let position = Position { segment: number, symbol: small(index) };
            self.first[names[symbol.name.index()].index()].replace(position)
        };
        let next = segment.symbols.iter().enumerate().map(link).collect();
        let mut container_parts = Vec::new();
        let container = |(id, symbols): (StringId, Range<usize>)| {
            let start = small(container_parts.len());
            container_parts
                .extend(segment.containers.get(id).rsplit('.').map(|part| self.parts.intern(part)));
            Container {
                symbols: small(symbols.start)..small(symbols.end),
                parts: start..small(container_parts.len()),
            }
        };
        let containers = segment.contents().map(container).collect();
        self.report.merge(segment.report());
        let container_parts = container_parts.into_boxed_slice();
        self.segments.push(Indexed { segment, names, next, containers, container_parts });
    }

    pub(crate) fn report(&self) -> &BatchReport {
        &self.report
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        let segments = self.segments.iter().map(|indexed| {
            indexed.segment.memory_bytes()
                + size_of_val(&*indexed.names)
                + size_of_val(&*indexed.next)
                + size_of_val(&*indexed.containers)
                + size_of_val(&*indexed.container_parts)
        });
        segments.sum::<usize>()
            + self.names.memory_bytes()
            + self.parts.memory_bytes()
            + self.first.capacity() * size_of::<Option<Position>>()
    }

    /// Offers every symbol that may be among the best, of one part of the names.
    pub(crate) fn search<'i>(&'i self, part: Part, matcher: &Matcher<'_>, top: &mut TopHits<'i>) {
        if part == Part::First {
            for (name, score) in self.names.score_dotted(matcher) {
                self.offer_name(name, score, matcher, top);
            }
        }
        if matcher.containers.is_empty() {
            self.names.for_each(part, matcher, |name| {
                if let Some(score) = self.names.score(name, matcher, |score| top.admits(score)) {
                    self.offer_name(name, score, matcher, top);
                }
            });
        } else if part == Part::First {
            self.search_containers(matcher, top);
        }
    }

    /// For a query with containers: few match, and the symbols of each lie together.
    fn search_containers<'i>(&'i self, matcher: &Matcher<'_>, top: &mut TopHits<'i>) {
        let tiers = |pattern| self.parts.tiers(pattern, matcher.wanted);
        let tiers: Vec<_> = matcher.containers.iter().rev().map(tiers).collect();
        for indexed in &self.segments {
            for container in &indexed.containers {
                let parts = &indexed.container_parts[as_range(&container.parts)];
                let tiers = tiers.iter().map(|tiers| |part: StringId| tiers[part.index()]);
                if let Some(score) = score::container(tiers, parts.iter().copied()) {
                    self.offer_container(score, indexed, container, matcher, top);
                }
            }
        }
    }

    fn offer_container<'i>(
        &'i self,
        container_score: u32,
        Indexed { segment, names, .. }: &'i Indexed,
        container: &Container,
        matcher: &Matcher<'_>,
        top: &mut TopHits<'i>,
    ) {
        for symbol in &segment.symbols[as_range(&container.symbols)] {
            let name = names[symbol.name.index()];
            let admits = |score: u32| top.admits(score.saturating_add(container_score));
            if let Some(score) = self.names.score(name, matcher, admits)
                && matcher.accepts(symbol.kind, segment.paths.get(symbol.path))
            {
                top.offer(score.saturating_add(container_score), segment, symbol);
            }
        }
    }

    /// Offers the symbols with a name, whatever contains them.
    fn offer_name<'i>(
        &'i self,
        name: StringId,
        score: u32,
        matcher: &Matcher<'_>,
        top: &mut TopHits<'i>,
    ) {
        let mut position = self.first[name.index()];
        while let Some(Position { segment, symbol }) = position {
            let Indexed { segment, next, .. } = &self.segments[segment as usize];
            position = next[symbol as usize];
            let symbol = &segment.symbols[symbol as usize];
            if matcher.accepts(symbol.kind, segment.paths.get(symbol.path)) {
                top.offer(score, segment, symbol);
            }
        }
    }
}

fn as_range(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

fn small(number: usize) -> u32 {
    u32::try_from(number).expect("a shard has fewer than 2^32 batches, and a batch fewer symbols")
}
