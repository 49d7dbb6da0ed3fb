//! From byte offsets to lines and UTF-16 columns, in one pass over the text.

use memchr::{memchr, memchr_iter, memrchr};

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Line, from 0. Lines end with `\n`, `\r\n` or `\r`.
    pub(crate) line: u32,
    /// Column in UTF-16 units, from 0.
    pub(crate) column: u32,
}

/// Answers for growing offsets, so that the text is read once.
#[derive(Debug)]
pub(crate) struct Lines<'t> {
    text: &'t str,
    /// No `\r`: lines can be counted by the vector unit.
    only_newlines: bool,
    passed: usize,
    place: Place,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            text,
            only_newlines: memchr(b'\r', text.as_bytes()).is_none(),
            passed: 0,
            place: Place { line: 0, column: 0 },
        }
    }

    /// Where `offset` is.
    ///
    /// # Panics
    /// When `offset` lies before one asked for earlier: the parser meets names in order.
    pub(crate) fn locate(&mut self, offset: usize) -> Place {
        assert!(offset >= self.passed, "names are located from left to right");
        let mut rest = &self.text[self.passed..offset];
        let next = self.text.as_bytes().get(offset).copied();
        if let Some(end) = self.last_line_end(rest, next) {
            let lines =
                self.count_line_ends(&rest[..end], rest.as_bytes().get(end).copied().or(next));
            self.place.line = self.place.line.saturating_add(lines);
            self.place.column = 0;
            rest = &rest[end..];
        }
        self.place.column = self.place.column.saturating_add(utf16_units(rest));
        self.passed = offset;
        self.place
    }

    /// The offset after the last line end in `text`, which `next` follows.
    fn last_line_end(&self, text: &str, next: Option<u8>) -> Option<usize> {
        let bytes = text.as_bytes();
        if self.only_newlines {
            return memrchr(b'\n', bytes).map(|at| at + 1);
        }
        (1..=bytes.len())
            .rev()
            .find(|&end| ends_line(bytes[end - 1], bytes.get(end).copied().or(next)))
    }

    fn count_line_ends(&self, text: &str, next: Option<u8>) -> u32 {
        let bytes = text.as_bytes();
        let count = if self.only_newlines {
            memchr_iter(b'\n', bytes).count()
        } else {
            (0..bytes.len())
                .filter(|&at| ends_line(bytes[at], bytes.get(at + 1).copied().or(next)))
                .count()
        };
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

/// Whether `byte` ends a line, given the byte after it: in `\r\n` the second does.
fn ends_line(byte: u8, next: Option<u8>) -> bool {
    byte == b'\n' || (byte == b'\r' && next != Some(b'\n'))
}

fn utf16_units(text: &str) -> u32 {
    let units = if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
    u32::try_from(units).unwrap_or(u32::MAX)
}
