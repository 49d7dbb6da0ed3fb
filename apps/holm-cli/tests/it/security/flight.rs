//! What a Noise dialler says first, in pieces: a Hello in clear and a key, as `docs/protocol.md` has them.

use std::ops::Range;

/// A part of the flight, and where it is.
pub(super) struct Piece {
    pub(super) what: &'static str,
    pub(super) bytes: Range<usize>,
}

/// The tag of the hash of the signals' layout, whose value may be anything.
const ENVELOPE: usize = 11;

/// All of it in order, without a gap; `None` while it is not here as a whole.
pub(super) fn pieces(flight: &[u8]) -> Option<Vec<Piece>> {
    let mut cut = Cut { flight, at: 0, pieces: Vec::new() };
    let hello = cut.frame([
        "the Hello's length",
        "the Hello's kind",
        "the Hello's class",
        "the Hello's id",
    ])?;
    for (what, length) in [("magic", 4), ("oldest version", 2), ("newest version", 2)] {
        cut.piece(what, length)?;
    }
    while cut.at < hello {
        let from = cut.at;
        let (tag, length) = (cut.varint()?, cut.varint()?);
        cut.note("a field's head", from);
        cut.piece(if tag == ENVELOPE { "the envelope" } else { "a field" }, length)?;
    }
    assert_eq!(cut.at, hello, "fields fill the Hello");
    let end =
        cut.frame(["the key's length", "the key's kind", "the key's class", "the key's id"])?;
    cut.piece("the key", end - cut.at)?;
    assert_eq!(cut.at, flight.len(), "the dialler waits");
    Some(cut.pieces)
}

struct Cut<'a> {
    flight: &'a [u8],
    at: usize,
    pieces: Vec<Piece>,
}

impl Cut<'_> {
    fn note(&mut self, what: &'static str, from: usize) {
        self.pieces.push(Piece { what, bytes: from..self.at });
    }

    fn piece(&mut self, what: &'static str, length: usize) -> Option<()> {
        let from = self.at;
        self.at += length;
        self.note(what, from);
        (self.at <= self.flight.len()).then_some(())
    }

    fn varint(&mut self) -> Option<usize> {
        let rest = self.flight.get(self.at..)?;
        let width = 1 + rest.iter().position(|byte| *byte < 0x80)?;
        self.at += width;
        Some(rest[..width].iter().rev().fold(0, |all, byte| all << 7 | usize::from(byte & 0x7f)))
    }

    /// The head of a frame; gives where the frame ends.
    fn frame(&mut self, [length, kind, class, id]: [&'static str; 4]) -> Option<usize> {
        let from = self.at;
        let counted = self.varint()?;
        let end = self.at + counted;
        self.note(length, from);
        for what in [kind, class, id] {
            self.piece(what, 1)?;
        }
        Some(end)
    }
}
