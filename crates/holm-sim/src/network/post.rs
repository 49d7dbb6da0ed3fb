//! Packets under way: when they arrive, and what holds them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Delay;
use crate::trace::FxHash;

/// From one host to another, by their names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Way {
    pub(crate) from: String,
    pub(crate) to: String,
}

/// One stream, numbered in the order of dialling.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct StreamId(pub(crate) u64);

/// One end of a stream.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Side {
    Dialler,
    Listener,
}

/// What travels, as one piece.
pub(crate) struct Packet {
    pub(crate) way: Way,
    pub(crate) stream: StreamId,
    pub(crate) to: Side,
    pub(crate) what: What,
}

pub(crate) enum What {
    /// One half of opening a stream; the dial goes on when it arrives.
    Open(oneshot::Sender<()>),
    Bytes {
        bytes: Vec<u8>,
        /// For the trace.
        hash: FxHash,
    },
    /// The writer is done.
    Fin,
    /// The sender neither writes nor reads any more.
    Close,
    /// The stream broke at the sender.
    Reset,
    /// So many bytes were read.
    Ack(usize),
}

/// Something that is due.
pub(crate) enum Event {
    Arrived(Packet),
    /// A side has waited too long; what it waited for is gone.
    GaveUp(StreamId, Side),
}

/// All packets under way, in the order of their arrival.
pub(crate) struct Post {
    rng: StdRng,
    delays: BTreeMap<Way, Delay>,
    queue: BTreeMap<(Instant, u64), Entry>,
    cuts: BTreeMap<Way, Cut>,
    /// Entries so far: of those due at one time, the first comes first.
    entries: u64,
    /// The latest arrival of what a side sent: nothing it sends later comes before.
    latest: BTreeMap<(StreamId, Side), Instant>,
    pub(crate) break_after: Option<Duration>,
}

enum Entry {
    Packet(Packet),
    Deadline(Way, StreamId, Side),
}

/// A direction that is cut.
#[derive(Default)]
struct Cut {
    held: Vec<Packet>,
    deadlines: BTreeMap<(StreamId, Side), (Instant, u64)>,
}

impl Post {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            delays: BTreeMap::new(),
            queue: BTreeMap::new(),
            cuts: BTreeMap::new(),
            entries: 0,
            latest: BTreeMap::new(),
            break_after: None,
        }
    }

    pub(crate) fn rng(&mut self) -> &mut StdRng {
        &mut self.rng
    }

    pub(crate) fn set_delay(&mut self, way: Way, delay: Delay) {
        self.delays.insert(way, delay);
    }

    /// When something is due next.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    /// Sends a packet off.
    pub(crate) fn send(&mut self, packet: Packet, now: Instant) {
        if self.cuts.contains_key(&packet.way) {
            self.hold(packet, now);
            return;
        }
        let delay = self.delays.get(&packet.way).copied().unwrap_or_default();
        let mut at = now + delay.draw(&mut self.rng);
        if !matches!(packet.what, What::Open(_)) {
            let latest = self.latest.entry((packet.stream, packet.to)).or_insert(at);
            at = at.max(*latest);
            *latest = at;
        }
        self.queue.insert((at, self.entries), Entry::Packet(packet));
        self.entries += 1;
    }

    /// The next event that is due by `now`.
    pub(crate) fn poll_due(&mut self, now: Instant) -> Option<Event> {
        if self.due()? > now {
            return None;
        }
        Some(match self.queue.pop_first()?.1 {
            Entry::Packet(packet) => Event::Arrived(packet),
            Entry::Deadline(way, stream, side) => {
                // A deadline is there only while its direction is cut.
                if let Some(cut) = self.cuts.get_mut(&way) {
                    cut.deadlines.remove(&(stream, side));
                    cut.held.retain(|packet| packet.waiting() != Some((stream, side)));
                }
                Event::GaveUp(stream, side)
            }
        })
    }

    /// Holds what is under way and what comes. `false` if it was cut before.
    pub(crate) fn cut(&mut self, way: &Way, now: Instant) -> bool {
        if self.cuts.contains_key(way) {
            return false;
        }
        self.cuts.insert(way.clone(), Cut::default());
        let is_on_way =
            |entry: &Entry| matches!(entry, Entry::Packet(packet) if packet.way == *way);
        let stopped: Vec<_> = self.queue.extract_if(.., |_, entry| is_on_way(entry)).collect();
        for (_, entry) in stopped {
            if let Entry::Packet(packet) = entry {
                self.hold(packet, now);
            }
        }
        true
    }

    /// Ends a cut. Returns what was held, to be sent again in order; `None` if it was not cut.
    pub(crate) fn heal(&mut self, way: &Way) -> Option<Vec<Packet>> {
        let cut = self.cuts.remove(way)?;
        for key in cut.deadlines.values() {
            self.queue.remove(key);
        }
        Some(cut.held)
    }

    /// Forgets a stream of which nothing will be sent any more.
    pub(crate) fn forget(&mut self, stream: StreamId) {
        for side in [Side::Dialler, Side::Listener] {
            self.latest.remove(&(stream, side));
        }
    }

    fn hold(&mut self, packet: Packet, now: Instant) {
        let Some(cut) = self.cuts.get_mut(&packet.way) else {
            return;
        };
        if let (Some(patience), Some((stream, side))) = (self.break_after, packet.waiting())
            && !cut.deadlines.contains_key(&(stream, side))
        {
            let key = (now + patience, self.entries);
            cut.deadlines.insert((stream, side), key);
            self.entries += 1;
            self.queue.insert(key, Entry::Deadline(packet.way.clone(), stream, side));
        }
        cut.held.push(packet);
    }
}

impl What {
    pub(crate) fn bytes(bytes: Vec<u8>) -> Self {
        let hash = FxHash::of(&bytes);
        Self::Bytes { bytes, hash }
    }
}

impl Packet {
    /// The side that gives the stream up if this does not arrive: the sender of bytes lacks
    /// their acknowledgement, whichever of the two was lost.
    fn waiting(&self) -> Option<(StreamId, Side)> {
        match self.what {
            What::Open(_) => Some((self.stream, Side::Dialler)),
            What::Bytes { .. } | What::Fin | What::Close => Some((self.stream, self.to.other())),
            What::Ack(_) => Some((self.stream, self.to)),
            What::Reset => None,
        }
    }
}

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Dialler => Self::Listener,
            Self::Listener => Self::Dialler,
        }
    }
}

impl Way {
    pub(crate) fn new(from: &str, to: &str) -> Self {
        Self { from: from.to_owned(), to: to.to_owned() }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}>{}", self.from, self.to)
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{} ", self.way, self.stream.0)?;
        match &self.what {
            What::Open(_) => f.write_str("open"),
            What::Bytes { bytes, hash } => write!(f, "{} bytes {:016x}", bytes.len(), hash.0),
            What::Fin => f.write_str("fin"),
            What::Close => f.write_str("close"),
            What::Reset => f.write_str("reset"),
            What::Ack(count) => write!(f, "ack {count}"),
        }
    }
}
