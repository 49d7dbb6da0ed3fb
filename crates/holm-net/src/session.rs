//! The driver of one session: appends under a lock, writes without waiting, one reader.

mod classed;
mod crowd;
mod deadlines;
mod handler;
mod local;
mod pulse;
mod reader;
mod stream;

use std::fmt;
use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Waker;

use bytes::Bytes;
use holm_env::{Env, ReadHalf, WriteHalf};
use holm_wire::control::Control;
use holm_wire::handshake::Features;
use holm_wire::session::streams::StreamTable;
use holm_wire::session::{
    Activity, ClassCredits, Inbound, Order, Outbound, Patience, Terms, TooLarge,
};
use holm_wire::signal::PlainSend;
use holm_wire::{Class, Code, FrameHead};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

pub use classed::MessageError;
use crowd::Crowd;
pub use crowd::QUEUE_BYTES_MAX;
use deadlines::Deadlines;
pub use handler::{End, Handler};
use local::Local;
pub use stream::{Stream, StreamError};

use crate::pulse::Pulse;

/// Places for one vectored write: some blocks and chunks, below every system's limit of 1,024.
const SEGMENTS: usize = 32;

/// Bytes queued in the actors or streams class, beside large messages, at which the session is
/// closed as `overloaded`: what is never refused (ends, cancels, refusals) may go on as long again
/// behind a full queue, and no further.
const SIGNALS_BYTES_MAX: usize = 2 * QUEUE_BYTES_MAX;

/// Bytes of control frames queued at which the session is closed as `overloaded`: they go ahead
/// of everything else, so only a peer that reads nothing at all lets so many pile up. (What the
/// classes membership and bulk have queued is bounded by their credit.)
const CONTROL_BYTES_MAX: usize = 1024 * 1024;

/// Bytes written while the lock is held, and read before others run: a fraction of a millisecond.
const TURN_BYTES: usize = 256 * 1024;

/// Bytes queued at which whoever appends writes them, and does not leave it to the end of its turn: the
/// peer may wait for work, and a system call for so much costs little.
const BATCH_BYTES: usize = 32 * 1024;

/// Messages queued that somebody waits for, at which whoever appends writes them: the peer can begin while
/// this side makes more.
const BATCH_AWAITED: u32 = 16;

/// One session with a peer; `S` is what belongs to it and is guarded by the same lock as
/// the order of its frames.
pub struct Session<S> {
    out: Mutex<Out<S>>,
    writer: Arc<dyn WriteHalf>,
    /// The writer task is to flush, or to wait until that is possible again.
    wake: Notify,
    /// It was told so and has not begun: whatever is appended till then is written. Who appends after it has
    /// begun sees this unset: the lock orders them.
    woken: AtomicBool,
    /// The queue fell to half of [`QUEUE_BYTES_MAX`], or the session ended.
    drained: Notify,
    /// The same for the streams class.
    streams_drained: Notify,
    /// The peer granted credit for a class, or the session ended.
    credited: Notify,
    /// A deadline was set that comes before the others.
    sooner: Notify,
    /// Bytes ever read.
    received: AtomicU64,
    /// The reader delivers, and flushes when it has.
    delivering: AtomicBool,
    terms: Terms,
    has_streams: bool,
    patience: Patience,
}

struct Out<S> {
    outbound: Outbound,
    state: S,
    open: bool,
    /// The kernel takes no more; the writer task waits for it.
    blocked: bool,
    /// What is appended just now is to be written at once: nobody is there to add to it.
    at_once: bool,
    /// Messages appended since the last write that somebody waits for.
    awaited: u32,
    /// How full the actors class is, whose senders wait for `drained`.
    crowd: Crowd,
    streams: StreamTable<Local>,
    deadlines: Deadlines,
    /// How full the streams class is, whose senders wait for `streams_drained`.
    streams_crowd: Crowd,
    credits: ClassCredits,
    /// Bytes ever written.
    sent: u64,
    /// Why this side gave the peer up, for the reader to tell.
    gave_up: Option<End>,
}

/// The guarded part of a session, for one append.
pub struct Appender<'a, S> {
    outbound: &'a mut Outbound,
    crowd: &'a mut Crowd,
    awaited: &'a mut u32,
    /// What belongs to the session.
    pub state: &'a mut S,
}

impl<S> Appender<'_, S> {
    /// Appends a frame of the classes control and actors, whose payload `write` appends to the
    /// buffer it is given. Other classes go by credit, see [`Session`].
    ///
    /// # Errors
    /// The message is larger than the peer takes; nothing was appended.
    pub fn push(
        &mut self,
        head: FrameHead,
        order: Order,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), TooLarge> {
        debug_assert!(matches!(head.kind.class(), Class::Control | Class::Actors));
        self.outbound.push(head, order, write)
    }

    /// As [`push`](Self::push), in a shorter way that most messages can go; `false`, and nothing was appended,
    /// if this one cannot.
    #[inline]
    pub fn push_plain(&mut self, send: &PlainSend<'_>, order: Order) -> bool {
        self.outbound.push_plain(send, order)
    }

    /// As [`push`](Self::push), of a payload that is there: `start`, which is copied, and `rest`, which
    /// is not, if it is long.
    ///
    /// # Errors
    /// As `push`.
    pub fn push_parts(
        &mut self,
        head: FrameHead,
        order: Order,
        start: &[u8],
        rest: &Bytes,
    ) -> Result<(), TooLarge> {
        debug_assert!(matches!(head.kind.class(), Class::Control | Class::Actors));
        self.outbound.push_parts(head, order, start, rest)
    }

    /// Notes that somebody waits for the message just appended, or for the answer to it.
    pub fn hurry(&mut self) {
        *self.awaited += 1;
    }

    /// Whether a message of about this length is to be refused for now: the peer's queue is full.
    pub fn is_crowded(&mut self, length: usize) -> bool {
        self.crowd.refuses(self.outbound, length)
    }
}

impl<S: Send + 'static> Session<S> {
    /// A session over an established connection, not yet read from.
    pub fn new(writer: Arc<dyn WriteHalf>, terms: impl Into<Terms>, state: S) -> Self {
        let terms = terms.into();
        Self {
            out: Mutex::new(Out {
                outbound: Outbound::new(terms),
                state,
                open: true,
                blocked: false,
                at_once: false,
                awaited: 0,
                crowd: Crowd::new(Class::Actors),
                streams: StreamTable::new(terms.side, terms.limits),
                deadlines: Deadlines::default(),
                streams_crowd: Crowd::new(Class::Streams),
                credits: ClassCredits::default(),
                sent: 0,
                gave_up: None,
            }),
            writer,
            wake: Notify::new(),
            woken: AtomicBool::new(false),
            drained: Notify::new(),
            streams_drained: Notify::new(),
            credited: Notify::new(),
            sooner: Notify::new(),
            received: AtomicU64::new(0),
            delivering: AtomicBool::new(false),
            has_streams: terms.features.contains(Features::STREAMS),
            terms,
            patience: Patience::default(),
        }
    }

    /// Waits for the peer as long as this says, not as by default.
    #[must_use]
    pub fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Starts the three tasks: one reads and delivers to `handler`, one writes what nobody else
    /// flushes, one ends streams at their deadlines. A silent peer is given up, and told that this
    /// one is not silent, by `pulse`, or by the third task if there is none. `already_read` is what
    /// came behind the handshake.
    pub fn start(
        self: &Arc<Self>,
        env: &Env,
        pulse: Option<&Pulse>,
        reader: Box<dyn ReadHalf>,
        already_read: &[u8],
        handler: impl Handler,
    ) {
        let inbound = Inbound::new(self.terms, already_read);
        let session = Arc::clone(self);
        drop(env.spawn(async move { session.read(reader, inbound, handler).await }));
        let session = Arc::clone(self);
        drop(env.spawn(async move { session.write().await }));
        self.start_pulse(env, pulse);
    }

    /// Appends under the lock. `None` once the session has ended.
    ///
    /// The bytes are written by the next [`flush`](Self::flush), which the caller arranges. A
    /// session whose peer lets too much pile up is closed.
    pub fn append<R>(&self, append: impl FnOnce(&mut Appender<'_, S>) -> R) -> Option<R> {
        let mut out = self.out.lock();
        if !out.open {
            return None;
        }
        let Out { outbound, state, crowd, awaited, .. } = &mut *out;
        let done = append(&mut Appender { outbound, crowd, awaited, state });
        if out.outbound.queued_bytes() >= BATCH_BYTES || out.awaited >= BATCH_AWAITED {
            self.flush_out(&mut out);
        }
        self.unless_overloaded(out);
        Some(done)
    }

    /// As [`append`](Self::append), with all that the lock guards, and then has it flushed, as
    /// [`wake_writer`](Self::wake_writer) does.
    #[inline]
    fn with_out<R>(&self, act: impl FnOnce(&mut Out<S>) -> R) -> Option<R> {
        let mut out = self.out.lock();
        if !out.open {
            return None;
        }
        let done = act(&mut out);
        if out.awaited >= BATCH_AWAITED {
            self.flush_out(&mut out);
        }
        let at_once = std::mem::take(&mut out.at_once);
        let is_seen_to = out.outbound.is_empty() || out.blocked || self.is_seen_to();
        let wake = !is_seen_to && (!at_once || self.write_some(&mut out) != Written::All);
        self.unless_overloaded(out);
        if wake {
            self.notify_writer();
        }
        Some(done)
    }

    /// Frees the lock, and closes the session if too much is queued.
    #[inline]
    fn unless_overloaded(&self, out: MutexGuard<'_, Out<S>>) {
        let overloaded = out.is_overloaded();
        drop(out);
        if overloaded {
            self.close(Code::Overloaded, "the peer reads too little of what it is sent");
        }
    }

    /// What belongs to the session, also when it has ended.
    pub fn with_state<R>(&self, look: impl FnOnce(&mut S) -> R) -> R {
        look(&mut self.out.lock().state)
    }

    /// What it has done so far.
    pub fn activity(&self) -> Activity {
        // A system call: not under the lock.
        let unread = self.writer.has_unread();
        let out = self.out.lock();
        Activity {
            sent: out.sent,
            received: self.received.load(Ordering::Relaxed),
            queued: !out.outbound.is_empty(),
            unread,
        }
    }

    /// Bytes queued and not written.
    pub fn queued_bytes(&self) -> usize {
        self.out.lock().outbound.queued_bytes()
    }

    /// Writes what is queued, as far as the kernel takes it now. Never waits.
    pub fn flush(&self) {
        self.flush_out(&mut self.out.lock());
    }

    fn flush_out(&self, out: &mut Out<S>) {
        if !out.blocked && self.write_some(out) != Written::All {
            self.notify_writer();
        }
    }

    /// Has what was appended flushed soon: by the reader, if it delivers just now, else by the
    /// writer task.
    #[inline]
    pub fn wake_writer(&self) {
        if !self.is_seen_to() {
            self.notify_writer();
        }
    }

    /// Has the writer task write, or wait until the kernel takes more: where that is so, nobody else does.
    fn notify_writer(&self) {
        self.woken.store(true, Ordering::Relaxed);
        self.wake.notify_one();
    }

    /// Whether what was appended before will be written without anybody's doing.
    #[inline]
    fn is_seen_to(&self) -> bool {
        // Whoever appended before the reader's flush began sees this set, or is flushed: the
        // lock orders them.
        self.delivering.load(Ordering::Relaxed) || self.woken.load(Ordering::Relaxed)
    }

    /// Resolves when messages that were refused are worth another try: half of those before them are
    /// written, or the session has ended. Cancel safe.
    pub async fn room(&self) {
        let drained = self.drained.notified();
        let is_crowded = {
            let out = self.out.lock();
            out.open && out.crowd.refused() != (false, false)
        };
        if is_crowded {
            drained.await;
        }
    }

    /// Ends the session with a word to the peer, as far as the kernel takes it. Nothing can be
    /// appended from now on; the reader still delivers what had arrived, and tears down.
    pub fn close(&self, code: Code, message: &str) {
        let mut out = self.out.lock();
        if !std::mem::replace(&mut out.open, false) {
            return;
        }
        let control = Control::Close { code, message };
        if out.outbound.push(control.head(), Order::Free, |bytes| control.encode(bytes)).is_ok() {
            while self.write_some(&mut out) == Written::Turn {}
        }
        drop(out);
        self.writer.shutdown();
        self.wake_all();
    }

    /// Has everybody see that the session has ended.
    fn wake_all(&self) {
        self.wake.notify_one();
        self.drained.notify_waiters();
        self.streams_drained.notify_waiters();
        self.credited.notify_waiters();
        let wakers: Vec<_> = self.out.lock().streams.locals().flat_map(Local::wakers).collect();
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    /// Writes until nothing is left, the kernel takes no more, or others are to have the lock.
    fn write_some(&self, out: &mut Out<S>) -> Written {
        let turn = out.sent + TURN_BYTES as u64;
        out.awaited = 0;
        while !out.outbound.is_empty() {
            if out.sent >= turn {
                return Written::Turn;
            }
            let written = {
                let mut segments = [IoSlice::new(&[]); SEGMENTS];
                let used = out.outbound.segments(&mut segments);
                self.writer.try_write_vectored(&segments[..used])
            };
            match written {
                Ok(n) => {
                    out.outbound.consumed(n);
                    out.sent += n as u64;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    out.blocked = true;
                    return Written::Blocked;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The reader sees the end of the stream and tears the session down.
                Err(_) => {
                    self.writer.shutdown();
                    return Written::All;
                }
            }
            if out.crowd.has_drained(&out.outbound) {
                self.drained.notify_waiters();
            }
            if out.streams_crowd.has_drained(&out.outbound) {
                self.streams_drained.notify_waiters();
            }
        }
        Written::All
    }

    /// The writer task.
    async fn write(&self) {
        loop {
            self.wake.notified().await;
            // Whoever else is ready to run may add to this write.
            tokio::task::yield_now().await;
            self.woken.store(false, Ordering::Relaxed);
            loop {
                let written = {
                    let mut out = self.out.lock();
                    if !out.open {
                        return;
                    }
                    out.blocked = false;
                    let written = self.write_some(&mut out);
                    MutexGuard::unlock_fair(out);
                    written
                };
                match written {
                    Written::All => break,
                    Written::Turn => give_way().await,
                    Written::Blocked => {
                        std::thread::yield_now();
                        if poll_fn(|cx| self.writer.poll_writable(cx)).await.is_err() {
                            // As for a failed write.
                            self.writer.shutdown();
                            break;
                        }
                    }
                }
            }
        }
    }
}

/// Lets other tasks run, and first other threads: the kernel would let this one go on for some
/// milliseconds, while a thread that a small message has woken waits for the processor.
async fn give_way() {
    std::thread::yield_now();
    tokio::task::yield_now().await;
}

/// How far a write got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    /// Nothing is left, or the stream is broken.
    All,
    /// [`TURN_BYTES`], and more is left.
    Turn,
    /// The kernel takes no more.
    Blocked,
}

impl<S> Out<S> {
    /// Whether more is queued than any peer that reads lets pile up.
    #[inline]
    fn is_overloaded(&self) -> bool {
        let control = self.outbound.queued_bytes_of(Class::Control);
        control > CONTROL_BYTES_MAX
            || self.outbound.queued_bytes() > QUEUE_BYTES_MAX && self.is_class_overloaded()
    }

    #[cold]
    fn is_class_overloaded(&self) -> bool {
        let large_max = QUEUE_BYTES_MAX.saturating_add(self.outbound.limits().message_max);
        [Class::Actors, Class::Streams].into_iter().any(|class| {
            let large = self.outbound.queued_large_of(class);
            let small = self.outbound.queued_bytes_of(class) - large;
            small > SIGNALS_BYTES_MAX || large > large_max
        })
    }
}

impl<S> fmt::Debug for Session<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let out = self.out.lock();
        f.debug_struct("Session")
            .field("open", &out.open)
            .field("queued", &out.outbound.queued_bytes())
            .finish_non_exhaustive()
    }
}
