//! The driver of one session: appends under a lock, writes without waiting, one reader.

mod classed;
mod handler;
mod local;
mod pulse;
mod reader;
mod stream;

use std::fmt;
use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::task::Waker;
use std::time::Duration;

use holm_env::{Env, ReadHalf, WriteHalf};
use holm_wire::control::Control;
use holm_wire::handshake::Features;
use holm_wire::session::streams::StreamTable;
use holm_wire::session::{
    ClassCredits, Inbound, KeepAlive, Order, Outbound, Patience, Terms, TooLarge,
};
use holm_wire::{Class, Code, FrameHead};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

pub use classed::MessageError;
pub use handler::{End, Handler};
use local::Local;
use stream::STREAMS_BYTES_MAX;
pub use stream::{Stream, StreamError};

/// Places for one vectored write: some blocks and chunks, below every system's limit of 1,024.
const SEGMENTS: usize = 32;

/// Bytes queued for one peer's actors beyond which messages to them are refused: what a fast network
/// carries in some 10 ms, and all that a peer which reads nothing costs.
pub const QUEUE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes queued in the actors or streams class, beside one largest message, at which the session is closed as
/// `overloaded`: what is never refused (ends, cancels, refusals) may go on as long again behind a
/// full queue, and no further.
const SIGNALS_BYTES_MAX: usize = 2 * QUEUE_BYTES_MAX;

/// Bytes of control frames queued at which the session is closed as `overloaded`: they go ahead
/// of everything else, so only a peer that reads nothing at all lets so many pile up. (What the
/// classes membership and bulk have queued is bounded by their credit.)
const CONTROL_BYTES_MAX: usize = 1024 * 1024;

/// One session with a peer; `S` is what belongs to it and is guarded by the same lock as
/// the order of its frames.
pub struct Session<S> {
    out: Mutex<Out<S>>,
    writer: Arc<dyn WriteHalf>,
    /// The writer task is to flush, or to wait until that is possible again.
    wake: Notify,
    /// The queue fell to half of [`QUEUE_BYTES_MAX`], or the session ended.
    drained: Notify,
    /// The same for the streams class.
    streams_drained: Notify,
    /// The peer granted credit for a class, or the session ended.
    credited: Notify,
    /// Grows with every read.
    received: AtomicU64,
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
    /// Somebody waits for `drained`.
    crowded: bool,
    streams: StreamTable<Local>,
    /// Somebody waits for `streams_drained`.
    streams_full: bool,
    credits: ClassCredits,
    message_max: usize,
    /// Bytes ever written.
    sent: u64,
    /// Why this side gave the peer up, for the reader to tell.
    gave_up: Option<End>,
}

/// The guarded part of a session, for one append.
pub struct Appender<'a, S> {
    outbound: &'a mut Outbound,
    crowded: &'a mut bool,
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

    /// Whether messages are to be refused for now: the peer's queue is full.
    pub fn is_crowded(&mut self) -> bool {
        *self.crowded |= self.outbound.queued_bytes_of(Class::Actors) >= QUEUE_BYTES_MAX;
        *self.crowded
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
                crowded: false,
                streams: StreamTable::new(terms.side, terms.limits),
                streams_full: false,
                credits: ClassCredits::default(),
                message_max: terms.limits.message_max,
                sent: 0,
                gave_up: None,
            }),
            writer,
            wake: Notify::new(),
            drained: Notify::new(),
            streams_drained: Notify::new(),
            credited: Notify::new(),
            received: AtomicU64::new(0),
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
    /// flushes, one ticks and gives a silent peer up. `already_read` is what came behind the
    /// handshake.
    pub fn start(
        self: &Arc<Self>,
        env: &Env,
        reader: Box<dyn ReadHalf>,
        already_read: &[u8],
        handler: impl Handler,
    ) {
        let inbound = Inbound::new(self.terms, already_read);
        let session = Arc::clone(self);
        drop(env.spawn(async move { session.read(reader, inbound, handler).await }));
        let session = Arc::clone(self);
        drop(env.spawn(async move { session.write().await }));
        let tick = Duration::from_millis(self.terms.limits.tick_ms as u64);
        let ticks = self.terms.features.contains(Features::TICKS);
        let keep_alive = KeepAlive::new(tick, ticks, self.patience, Duration::ZERO);
        let session = Arc::clone(self);
        let start = Instant::now();
        drop(env.spawn(async move { session.pulse(keep_alive, start).await }));
    }

    /// Appends under the lock. `None` once the session has ended.
    ///
    /// The bytes are written by the next [`flush`](Self::flush), which the caller arranges. A
    /// session whose peer lets too much pile up is closed.
    pub fn append<R>(&self, append: impl FnOnce(&mut Appender<'_, S>) -> R) -> Option<R> {
        self.with_out(|out| {
            let Out { outbound, state, crowded, .. } = out;
            append(&mut Appender { outbound, crowded, state })
        })
    }

    /// As [`append`](Self::append), with all that the lock guards.
    #[inline]
    fn with_out<R>(&self, act: impl FnOnce(&mut Out<S>) -> R) -> Option<R> {
        let mut out = self.out.lock();
        if !out.open {
            return None;
        }
        let done = act(&mut out);
        let overloaded = out.is_overloaded();
        drop(out);
        if overloaded {
            self.close(Code::Overloaded, "the peer reads too little of what it is sent");
        }
        Some(done)
    }

    /// What belongs to the session, also when it has ended.
    pub fn with_state<R>(&self, look: impl FnOnce(&mut S) -> R) -> R {
        look(&mut self.out.lock().state)
    }

    /// Bytes queued and not written.
    pub fn queued_bytes(&self) -> usize {
        self.out.lock().outbound.queued_bytes()
    }

    /// Writes what is queued, as far as the kernel takes it now. Never waits.
    pub fn flush(&self) {
        let mut out = self.out.lock();
        if !out.blocked && self.write_some(&mut out) {
            self.wake.notify_one();
        }
    }

    /// Has the writer task flush.
    pub fn wake_writer(&self) {
        self.wake.notify_one();
    }

    /// Resolves when messages are worth another try: the queue is half empty, or the session
    /// has ended. Cancel safe.
    pub async fn room(&self) {
        loop {
            let drained = self.drained.notified();
            if !{
                let out = self.out.lock();
                out.open && out.crowded
            } {
                return;
            }
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
            self.write_some(&mut out);
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

    /// Writes until nothing is left, or the kernel takes no more (`true`).
    fn write_some(&self, out: &mut Out<S>) -> bool {
        while !out.outbound.is_empty() {
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
                    return true;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The reader sees the end of the stream and tears the session down.
                Err(_) => {
                    self.writer.shutdown();
                    return false;
                }
            }
            let queued = |class| out.outbound.queued_bytes_of(class);
            if out.crowded && queued(Class::Actors) <= QUEUE_BYTES_MAX / 2 {
                out.crowded = false;
                self.drained.notify_waiters();
            }
            if out.streams_full && queued(Class::Streams) <= STREAMS_BYTES_MAX / 2 {
                out.streams_full = false;
                self.streams_drained.notify_waiters();
            }
        }
        false
    }

    /// The writer task.
    async fn write(&self) {
        loop {
            self.wake.notified().await;
            // Whoever else is ready to run may add to this write.
            tokio::task::yield_now().await;
            loop {
                {
                    let mut out = self.out.lock();
                    if !out.open {
                        return;
                    }
                    out.blocked = false;
                    if !self.write_some(&mut out) {
                        break;
                    }
                }
                if poll_fn(|cx| self.writer.poll_writable(cx)).await.is_err() {
                    // As for a failed write.
                    self.writer.shutdown();
                    break;
                }
            }
        }
    }
}

impl<S> Out<S> {
    /// Whether more is queued than any peer that reads lets pile up.
    #[inline]
    fn is_overloaded(&self) -> bool {
        // What is seldom so, first.
        self.outbound.queued_bytes() > CONTROL_BYTES_MAX && {
            let max = SIGNALS_BYTES_MAX.saturating_add(self.message_max);
            let queued = |class| self.outbound.queued_bytes_of(class);
            queued(Class::Control) > CONTROL_BYTES_MAX
                || queued(Class::Actors) > max
                || queued(Class::Streams) > max
        }
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
