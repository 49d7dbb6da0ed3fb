//! What was read and not handled.

/// Read buffer of a quiet session, in bytes. It doubles whenever one read fills it.
const BYTES_MIN: usize = 8 * 1024;
/// Read buffer of a busy one: four default chunks a read; more gains nothing and leaves
/// the cache. A frame that is longer still (the longest chunks) gets its own room.
const BYTES_MAX: usize = 256 * 1024;

/// A buffer to read into, and to handle frames from.
#[derive(Debug)]
pub(crate) struct ReadBuffer {
    bytes: Vec<u8>,
    /// What of `bytes` is read and not handled.
    start: usize,
    end: usize,
}

impl ReadBuffer {
    pub(crate) fn new(already_read: &[u8]) -> Self {
        let mut bytes = already_read.to_vec();
        bytes.resize(bytes.len().max(BYTES_MIN), 0);
        Self { bytes, start: 0, end: already_read.len() }
    }

    /// Where to read to, at most `most` bytes; never empty. `frame_max`: the longest frame.
    pub(crate) fn room(&mut self, frame_max: usize, most: usize) -> &mut [u8] {
        if self.bytes.len() - self.end < self.bytes.len() / 2 {
            self.make_room(BYTES_MAX.max(frame_max));
        }
        let end = self.end.saturating_add(most).min(self.bytes.len());
        &mut self.bytes[self.end..end]
    }

    /// So many bytes were read.
    pub(crate) fn filled(&mut self, n: usize) {
        assert!(n <= self.bytes.len() - self.end, "more was read than was lent");
        self.end += n;
    }

    /// What is not handled.
    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// The first `n` bytes of it were handled.
    #[inline]
    pub(crate) fn handled(&mut self, n: usize) {
        self.start += n;
        if self.start == self.end {
            self.clear();
        }
    }

    /// All of it was handled.
    pub(crate) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// The first `n` bytes, which are handled with that; `None` if they are not all here.
    pub(crate) fn take(&mut self, n: usize) -> Option<&[u8]> {
        let start = self.start;
        if n > self.end - start {
            return None;
        }
        self.handled(n);
        Some(&self.bytes[start..start + n])
    }

    /// Frees the end: moves what is not handled to the start, and doubles the buffer, up to `max`,
    /// if the last read filled it.
    fn make_room(&mut self, max: usize) {
        let full = self.end == self.bytes.len();
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
        }
        (self.start, self.end) = (0, self.end - self.start);
        if full && self.bytes.len() < max {
            self.bytes.resize((2 * self.bytes.len()).min(max), 0);
        }
        assert!(self.end < self.bytes.len(), "the buffer holds the longest frame");
    }
}
