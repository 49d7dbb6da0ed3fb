//! What one side lets the other make it hold.

/// Largest message by default, in bytes. A sender is refused with `too_large`.
const MESSAGE_MAX_DEFAULT: usize = 64 * 1024 * 1024;
/// Smallest limit for messages that can be set: one chunk, so that nothing which
/// needs no chunks is ever refused.
const MESSAGE_MAX_MIN: usize = CHUNK_MAX;
/// Data of a chunk by default, in bytes: long enough that its header costs nothing,
/// short enough that a small frame waits about 50 microseconds behind it at 10 Gbit/s.
/// 64 KiB of a user's bytes fit, with what goes around them.
const CHUNK_DEFAULT: usize = 65 * 1024;
/// Shortest chunk that may be agreed on, and shortest that may be sent but for the
/// last, so that a message cannot be cut into dust. A shorter one is a violation.
pub(crate) const CHUNK_MIN: usize = 16 * 1024;
/// Longest chunk that may be agreed on: what a control frame may have to wait for.
const CHUNK_MAX: usize = 256 * 1024;
/// Chunked messages open at once by default; more wait at the sender, and are a
/// violation at the receiver. 32 keeps the receiver's search through them trivial.
const OPEN_MAX_DEFAULT: usize = 32;
/// Most that can be set: what a search through all of them may cost per chunk.
const OPEN_MAX_MAX: usize = 1024;
/// Announced bytes of the open chunked messages by default: four of the largest.
/// More wait at the sender, and are a violation at the receiver.
const REASSEMBLY_MAX_DEFAULT: usize = 256 * 1024 * 1024;
/// Requests in flight from one side by default: more than a node keeps busy, and some
/// MB of records. Further ones are answered `overloaded`.
const REQUESTS_MAX_DEFAULT: usize = 65_536;

/// Streams open at once from one side by default, as many as requests. Further ones are
/// answered `overloaded`.
const STREAMS_MAX_DEFAULT: usize = 65_536;
/// Bytes of items under way to one stream's reader by default: what 10 Gbit/s carry in
/// 0.2 ms, several round trips within a data centre. The sender waits for credit.
const STREAM_BYTES_DEFAULT: usize = 256 * 1024;
/// Items under way by default: as if each had 32 bytes at least, as many as it costs to keep one.
const STREAM_ITEMS_DEFAULT: usize = STREAM_BYTES_DEFAULT / 32;
/// Below, credit would cost more than what it is for.
const STREAM_BYTES_MIN: usize = 1024;
/// Most of either that can be set: what a session in all may hold.
const STREAM_WINDOW_MAX: usize = REASSEMBLY_MAX_DEFAULT;
/// How often a session looks whether it must tick, in milliseconds, by default. A quiet
/// one ticks at every other look, so five times before its silence ends it.
const TICK_DEFAULT: usize = 1_000;
/// Below, ticks would cost more than they tell.
const TICK_MIN: usize = 10;
/// A minute: beyond, routers on the way forget the connection.
const TICK_MAX: usize = 60_000;

/// The limits of one session; both sides announce theirs and the smaller ones hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest message in bytes (64 MiB), envelope included.
    pub message_max: usize,
    /// Most data in one chunk, in bytes (65 KiB): 16 to 256 KiB.
    pub chunk_max: usize,
    /// Chunked messages open at once in one direction (32): 1 to 1,024.
    pub open_max: usize,
    /// Sum of the lengths of those messages in bytes (256 MiB).
    pub reassembly_max: usize,
    /// Requests in flight from one side (65,536).
    pub requests_max: usize,
    /// Streams open at once from one side (65,536).
    pub streams_max: usize,
    /// Bytes of items that a stream may carry before its reader has taken any (256 KiB).
    pub stream_bytes: usize,
    /// Items that it may carry (8,192).
    pub stream_items: usize,
    /// Time between two looks at whether to tick, in milliseconds (1,000): 10 to 60,000.
    pub tick_ms: usize,
}

/// A limit that no session can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("limit `{field}` = {value} is outside {min}..={max}")]
pub struct LimitsError {
    /// Which one.
    pub field: &'static str,
    /// Its value.
    pub value: usize,
    /// The least it can be.
    pub min: usize,
    /// The most it can be.
    pub max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_max: MESSAGE_MAX_DEFAULT,
            chunk_max: CHUNK_DEFAULT,
            open_max: OPEN_MAX_DEFAULT,
            reassembly_max: REASSEMBLY_MAX_DEFAULT,
            requests_max: REQUESTS_MAX_DEFAULT,
            streams_max: STREAMS_MAX_DEFAULT,
            stream_bytes: STREAM_BYTES_DEFAULT,
            stream_items: STREAM_ITEMS_DEFAULT,
            tick_ms: TICK_DEFAULT,
        }
    }
}

impl Limits {
    /// Checks each limit against its range.
    ///
    /// # Errors
    /// The first that is outside.
    pub fn validate(&self) -> Result<(), LimitsError> {
        for (field, value, min, max) in [
            ("message_max", self.message_max, MESSAGE_MAX_MIN, usize::MAX),
            ("chunk_max", self.chunk_max, CHUNK_MIN, CHUNK_MAX),
            ("open_max", self.open_max, 1, OPEN_MAX_MAX),
            ("reassembly_max", self.reassembly_max, MESSAGE_MAX_MIN, usize::MAX),
            ("requests_max", self.requests_max, 1, usize::MAX),
            ("streams_max", self.streams_max, 1, usize::MAX),
            ("stream_bytes", self.stream_bytes, STREAM_BYTES_MIN, STREAM_WINDOW_MAX),
            ("stream_items", self.stream_items, 1, STREAM_WINDOW_MAX),
            ("tick_ms", self.tick_ms, TICK_MIN, TICK_MAX),
        ] {
            if !(min..=max).contains(&value) {
                return Err(LimitsError { field, value, min, max });
            }
        }
        Ok(())
    }

    /// What holds between two sides: the smaller of each; and no message may be
    /// larger than what may be open.
    pub fn negotiate(ours: &Self, theirs: &Self) -> Self {
        let reassembly_max = ours.reassembly_max.min(theirs.reassembly_max);
        Self {
            message_max: ours.message_max.min(theirs.message_max).min(reassembly_max),
            chunk_max: ours.chunk_max.min(theirs.chunk_max),
            open_max: ours.open_max.min(theirs.open_max),
            reassembly_max,
            requests_max: ours.requests_max.min(theirs.requests_max),
            streams_max: ours.streams_max.min(theirs.streams_max),
            stream_bytes: ours.stream_bytes.min(theirs.stream_bytes),
            stream_items: ours.stream_items.min(theirs.stream_items),
            tick_ms: ours.tick_ms.min(theirs.tick_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_holds() {
        let ours = Limits { message_max: 1 << 30, chunk_max: CHUNK_MIN, ..Limits::default() };
        let theirs = Limits { message_max: 1 << 29, requests_max: 7, ..Limits::default() };
        let both = Limits::negotiate(&ours, &theirs);
        assert_eq!(both, Limits::negotiate(&theirs, &ours));
        assert_eq!(both.message_max, REASSEMBLY_MAX_DEFAULT);
        assert_eq!((both.chunk_max, both.requests_max), (CHUNK_MIN, 7));
    }

    #[test]
    fn ranges() {
        assert_eq!(Limits::default().validate(), Ok(()));
        let fault = Limits { chunk_max: CHUNK_MAX + 1, ..Limits::default() }.validate();
        assert!(fault.is_err_and(|e| e.field == "chunk_max"));
        let fault = Limits { open_max: 0, ..Limits::default() }.validate();
        assert!(fault.is_err_and(|e| e.field == "open_max"));
    }
}
