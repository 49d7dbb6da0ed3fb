//! The streams and listeners of a network, without tasks and clocks.

mod end;
mod halves;

use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::sync::Arc;
use std::task::Waker;

use holm_env::Connection;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use self::end::{End, Ending, Stream};
use super::post::{Event, Packet, Post, Side, StreamId, Way, What};
use crate::trace::Trace;

/// Bytes that one direction of a stream takes before the peer has read them, as many as a
/// socket may leave unsent in the kernel. At the limit writes would block.
pub const SIM_STREAM_CAPACITY: usize = 256 * 1024;

/// How often a write arrives in two pieces: once in so many.
const SPLITS: u32 = 4;

/// Takes events and the time, changes the state, and collects whom to wake.
pub(crate) struct Core {
    pub(crate) post: Post,
    trace: Arc<Trace>,
    streams: BTreeMap<StreamId, Stream>,
    dials: u64,
    listeners: BTreeMap<String, Listening>,
    listens: u64,
    wakers: Vec<Waker>,
}

struct Listening {
    number: u64,
    host: String,
    backlog: mpsc::Sender<Connection>,
}

impl Core {
    pub(crate) fn new(seed: u64, trace: Arc<Trace>) -> Self {
        Self {
            post: Post::new(seed),
            trace,
            streams: BTreeMap::new(),
            dials: 0,
            listeners: BTreeMap::new(),
            listens: 0,
            wakers: Vec::new(),
        }
    }

    /// Those to wake, outside of the lock.
    pub(crate) fn take_wakers(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.wakers)
    }

    pub(crate) fn cut(&mut self, way: &Way, now: Instant) {
        if self.post.cut(way, now) {
            self.trace.note(format_args!("{way} is cut"));
        }
    }

    pub(crate) fn heal(&mut self, way: &Way, now: Instant) {
        let Some(held) = self.post.heal(way) else {
            return;
        };
        self.trace.note(format_args!("{way} is healed"));
        for packet in held {
            let is_wanted =
                matches!(packet.what, What::Open(_)) || self.streams.contains_key(&packet.stream);
            if is_wanted {
                self.post.send(packet, now);
            }
        }
    }

    /// Handles one event that is due.
    pub(crate) fn handle_due(&mut self, now: Instant) {
        match self.post.poll_due(now) {
            None => {}
            Some(Event::Arrived(packet)) => {
                self.trace.note(format_args!("{packet} arrives"));
                self.handle_arrival(packet);
            }
            Some(Event::GaveUp(stream, side)) => {
                self.trace.note(format_args!("#{} {side:?} gives up", stream.0));
                self.break_end(stream, side, ErrorKind::TimedOut);
                self.send(stream, side, What::Reset, now);
            }
        }
    }

    fn handle_arrival(&mut self, packet: Packet) {
        let Packet { stream, to, what, .. } = packet;
        match (what, self.streams.get_mut(&stream).map(|stream| stream.end(to))) {
            (What::Open(opened), _) => {
                // A dial that was dropped waits no more.
                let _ = opened.send(());
            }
            // Nobody has a half of this stream any more.
            (_, None) => {}
            (What::Bytes { bytes, .. }, Some(end)) => {
                if end.ending.is_none() && !end.gone {
                    end.arrived.extend(bytes);
                }
                self.wakers.extend(end.reader.take());
            }
            (What::Fin, Some(end)) => {
                end.ending.get_or_insert(Ending::End);
                self.wakers.extend(end.reader.take());
            }
            (What::Close, Some(end)) => {
                end.ending.get_or_insert(Ending::End);
                end.writable = false;
                self.wakers.extend(end.take_wakers());
            }
            (What::Reset, Some(_)) => self.break_end(stream, to, ErrorKind::ConnectionReset),
            (What::Ack(count), Some(end)) => {
                end.unread -= count;
                self.wakers.extend(end.writer.take());
            }
        }
    }

    /// Breaks a stream at one end, which is told behind what had arrived.
    fn break_end(&mut self, stream: StreamId, side: Side, kind: ErrorKind) {
        if let Some(stream) = self.streams.get_mut(&stream) {
            let end = stream.end(side);
            end.ending.get_or_insert(Ending::Broken(kind));
            end.writable = false;
            end.closed = true;
            self.wakers.extend(end.take_wakers());
        }
    }

    fn send(&mut self, stream: StreamId, from: Side, what: What, now: Instant) {
        let Some(state) = self.streams.get(&stream) else {
            return;
        };
        let (from_host, to_host) = match from {
            Side::Dialler => (&state.dialler.host, &state.listener.host),
            Side::Listener => (&state.listener.host, &state.dialler.host),
        };
        let packet = Packet { way: Way::new(from_host, to_host), stream, to: from.other(), what };
        self.trace.note(format_args!("{packet} sent"));
        self.post.send(packet, now);
    }
}

/// Opening, and the troubles of hosts.
impl Core {
    /// The number of a new dial.
    pub(crate) fn next_dial(&mut self) -> StreamId {
        self.dials += 1;
        StreamId(self.dials)
    }

    /// Sends one half of opening a stream over `way`. The receiver is told when it arrives, or
    /// dropped when the dialler gives up.
    pub(crate) fn send_open(
        &mut self,
        way: Way,
        stream: StreamId,
        to: Side,
        now: Instant,
    ) -> oneshot::Receiver<()> {
        let (opened, arrival) = oneshot::channel();
        let packet = Packet { way, stream, to, what: What::Open(opened) };
        self.trace.note(format_args!("{packet} sent"));
        self.post.send(packet, now);
        arrival
    }

    /// Adds the stream that a dial has opened.
    pub(crate) fn open(&mut self, stream: StreamId, way: &Way) {
        let ends = Stream { dialler: End::new(&way.from), listener: End::new(&way.to) };
        self.streams.insert(stream, ends);
    }

    /// Begins to listen. `None` if the address is in use, else the number of the listener.
    pub(crate) fn listen(
        &mut self,
        at: &str,
        host: &str,
        backlog: mpsc::Sender<Connection>,
    ) -> Option<u64> {
        if self.listeners.contains_key(at) {
            return None;
        }
        self.listens += 1;
        let listening = Listening { number: self.listens, host: host.to_owned(), backlog };
        self.listeners.insert(at.to_owned(), listening);
        Some(self.listens)
    }

    pub(crate) fn listener(&self, at: &str) -> Option<mpsc::Sender<Connection>> {
        self.listeners.get(at).map(|listening| listening.backlog.clone())
    }

    /// Ends a listener; a later one at the same address stays.
    pub(crate) fn unlisten(&mut self, at: &str, number: u64) {
        if self.listeners.get(at).is_some_and(|listening| listening.number == number) {
            self.listeners.remove(at);
        }
    }

    /// Ends the listeners and streams of a host that crashed.
    pub(crate) fn crash(&mut self, host: &str, now: Instant) {
        self.listeners.retain(|_, listening| listening.host != host);
        for (stream, side) in self.ends_of(|here, _| here == host) {
            self.break_end(stream, side, ErrorKind::ConnectionAborted);
            self.send(stream, side, What::Reset, now);
        }
    }

    pub(crate) fn reset_streams(&mut self, a: &str, b: &str) {
        self.trace.note(format_args!("streams of {a} and {b} are reset"));
        let between = |here: &str, there: &str| [(a, b), (b, a)].contains(&(here, there));
        for (stream, side) in self.ends_of(between) {
            self.break_end(stream, side, ErrorKind::ConnectionReset);
        }
    }

    /// All ends whose own host and whose peer's host fit.
    fn ends_of(&self, fits: impl Fn(&str, &str) -> bool) -> Vec<(StreamId, Side)> {
        let mut ends = Vec::new();
        for (id, Stream { dialler, listener }) in &self.streams {
            let sides = [(Side::Dialler, dialler, listener), (Side::Listener, listener, dialler)];
            for (side, here, there) in sides {
                if !here.gone && fits(&here.host, &there.host) {
                    ends.push((*id, side));
                }
            }
        }
        ends
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimNetwork")
            .field("streams", &self.streams.len())
            .field("listeners", &self.listeners.keys())
            .finish_non_exhaustive()
    }
}
