//! The symbols of a batch of files, immutable and compact.

mod strings;

use std::ops::Range;

pub(crate) use strings::{Interner, StringId, Strings};

use crate::{java, summary::BatchReport, symbol::Kind};

/// The symbols of a batch of files. Made away from the index, so that a batch can be parsed while another is
/// being searched.
#[derive(Debug)]
pub struct Segment {
    /// Sorted by container.
    pub(crate) symbols: Box<[Symbol]>,
    pub(crate) names: Strings,
    pub(crate) containers: Strings,
    pub(crate) signatures: Strings,
    pub(crate) paths: Strings,
    report: BatchReport,
}

/// A stored symbol: ids into the segment's strings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Symbol {
    pub(crate) name: StringId,
    pub(crate) container: StringId,
    pub(crate) signature: StringId,
    pub(crate) path: StringId,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) kind: Kind,
}

impl Segment {
    /// Parses a batch of Java files, each a path and its text.
    #[must_use]
    pub fn build<P: AsRef<str>, T: AsRef<str>>(files: impl IntoIterator<Item = (P, T)>) -> Self {
        let mut builder = SegmentBuilder::default();
        for (path, text) in files {
            builder.add(path.as_ref(), text.as_ref());
        }
        builder.finish()
    }

    /// The containers, and the range of each in the symbols.
    pub(crate) fn contents(&self) -> impl Iterator<Item = (StringId, Range<usize>)> {
        let mut start = 0;
        self.containers.ids().map(move |container| {
            let length =
                self.symbols[start..].partition_point(|symbol| symbol.container == container);
            start += length;
            (container, start - length..start)
        })
    }

    /// What the batch held.
    #[must_use]
    pub fn report(&self) -> &BatchReport {
        &self.report
    }

    /// The memory it takes, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        size_of_val(&*self.symbols)
            + [&self.names, &self.containers, &self.signatures, &self.paths]
                .map(Strings::memory_bytes)
                .iter()
                .sum::<usize>()
    }
}

/// Makes a [`Segment`] file by file, so that a caller can read into one buffer.
#[derive(Debug, Default)]
pub struct SegmentBuilder {
    symbols: Vec<Symbol>,
    names: Interner,
    containers: Interner,
    signatures: Interner,
    paths: Strings,
    report: BatchReport,
}

impl SegmentBuilder {
    /// Parses a file and adds its symbols.
    pub fn add(&mut self, path: &str, text: &str) {
        let Self { symbols, names, containers, signatures, paths, report } = self;
        let path = paths.push(path);
        report.files += 1;
        report.bytes += text.len() as u64;
        java::extract(text, &mut |declaration| {
            report.symbols.add(declaration.kind, 1);
            symbols.push(Symbol {
                name: names.intern(declaration.name),
                container: containers.intern(declaration.container),
                signature: signatures.intern(declaration.signature),
                path,
                line: declaration.line,
                column: declaration.column,
                kind: declaration.kind,
            });
        });
    }

    /// The text added so far, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.report.bytes
    }

    /// The finished segment.
    #[must_use]
    pub fn finish(mut self) -> Segment {
        // Stable, and nearly done: a container's symbols only lie apart where types are nested.
        self.symbols.sort_by_key(|symbol| symbol.container);
        Segment {
            symbols: self.symbols.into_boxed_slice(),
            names: self.names.into_strings(),
            containers: self.containers.into_strings(),
            signatures: self.signatures.into_strings(),
            paths: self.paths.shrunk(),
            report: self.report,
        }
    }
}
