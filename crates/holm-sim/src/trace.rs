//! What happened in a run, as a hash and as text.

use std::fmt::{self, Write};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::time::Instant;

/// Most text kept of one run: some 300,000 events, more than anybody reads. What comes
/// after that is in the hash only.
pub const TRACE_TEXT_MAX: usize = 16 * 1024 * 1024;

/// The clock of a world and the record of its events.
#[derive(Debug)]
pub(crate) struct Trace {
    handle: Handle,
    start: Instant,
    keeps: Keeps,
    log: Mutex<Log>,
}

/// What a trace keeps of the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeps {
    All,
    /// For a run that is compared with no other.
    Nothing,
}

#[derive(Debug)]
struct Log {
    hash: FxHash,
    text: String,
}

impl Trace {
    /// A trace that begins now, on the runtime of `handle`.
    pub(crate) fn new(handle: Handle, keeps: Keeps) -> Self {
        let start = now_on(&handle);
        Self {
            handle,
            start,
            keeps,
            log: Mutex::new(Log { hash: FxHash::default(), text: String::new() }),
        }
    }

    /// The virtual time, on any thread.
    pub(crate) fn now(&self) -> Instant {
        now_on(&self.handle)
    }

    /// The virtual time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.now().saturating_duration_since(self.start)
    }

    /// Adds an event.
    pub(crate) fn note(&self, event: fmt::Arguments<'_>) {
        if self.keeps == Keeps::Nothing {
            return;
        }
        let at = self.elapsed().as_micros();
        let (ms, us) = (at / 1_000, at % 1_000);
        // Neither the hash nor a string fails to be written to.
        let _ = writeln!(self.log.lock(), "{ms}.{us:03} {event}");
    }

    pub(crate) fn hash(&self) -> u64 {
        self.log.lock().hash.0
    }

    pub(crate) fn text(&self) -> String {
        self.log.lock().text.clone()
    }
}

/// Inside the runtime the clock is the runtime's, elsewhere it would be the system's.
fn now_on(handle: &Handle) -> Instant {
    let _inside = handle.enter();
    Instant::now()
}

impl Write for Log {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.hash.add(text.as_bytes());
        if self.text.len() + text.len() <= TRACE_TEXT_MAX {
            self.text.push_str(text);
        }
        Ok(())
    }
}

/// FxHash, as rustc uses it for its tables: eight bytes a step, and the same everywhere.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FxHash(pub(crate) u64);

impl FxHash {
    pub(crate) fn add(&mut self, mut bytes: &[u8]) {
        while let Some((word, rest)) = bytes.split_first_chunk() {
            self.add_word(u64::from_le_bytes(*word));
            bytes = rest;
        }
        let mut last = [0; 8];
        last[..bytes.len()].copy_from_slice(bytes);
        last[7] = bytes.len() as u8;
        self.add_word(u64::from_le_bytes(last));
    }

    fn add_word(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut hash = Self::default();
        hash.add(bytes);
        hash
    }
}

/// The seed of one part of a world: does not depend on when that part is made.
pub(crate) fn derive(seed: u64, part: &str) -> u64 {
    let mut hash = FxHash(seed);
    hash.add(part.as_bytes());
    hash.0
}
