//! The driver of one session: appends under a lock, writes without waiting, one reader.

use std::fmt;
use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use holm_env::{Env, ReadHalf, WriteHalf};
use holm_wire::control::Control;
use holm_wire::session::{Inbound, Order, Outbound, Payload, Sink, TooLarge};
use holm_wire::{Class, Code, FrameHead, Limits, Violation};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Places for one vectored write: some blocks and chunks, below every system's limit of 1,024.
const SEGMENTS: usize = 32;

/// Bytes queued for one peer beyond which messages to it are refused: what a fast network
/// carries in some 10 ms, and all that a peer which reads nothing costs.
pub const QUEUE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes queued for one peer, beside one largest message, at which the session is closed as
/// `overloaded`: what is never refused (ends, cancels, refusals) may go on as long again behind a
/// full queue, and no further.
const SIGNALS_BYTES_MAX: usize = 2 * QUEUE_BYTES_MAX;

/// Delivers what a session brings. Used by the session's reader alone.
pub trait Handler: Send + 'static {
    /// A complete message of any class but control.
    ///
    /// # Errors
    /// What it says breaks the protocol; the session ends.
    fn handle_frame(&mut self, head: FrameHead, payload: Payload<'_>) -> Result<(), Violation>;

    /// A control frame that is not the driver's own business.
    fn handle_control(&mut self, control: Control<'_>);

    /// The last call: nothing can be appended any more and nothing else will arrive.
    fn handle_end(self, end: End);
}

/// Why a session ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum End {
    /// The stream ended or broke.
    Lost(Option<io::Error>),
    /// The peer closed the session.
    ClosedByPeer {
        /// Its code.
        code: Code,
        /// Its words.
        message: String,
    },
    /// The peer broke the protocol.
    Violation(Violation),
    /// The handler panicked: a bug on this side.
    Panicked,
}

/// One session with a peer; `S` is what belongs to it and is guarded by the same lock as
/// the order of its frames.
pub struct Session<S> {
    out: Mutex<Out<S>>,
    writer: Arc<dyn WriteHalf>,
    /// The writer task is to flush, or to wait until that is possible again.
    wake: Notify,
    /// The queue fell to half of [`QUEUE_BYTES_MAX`], or the session ended.
    drained: Notify,
    /// More is too much.
    queued_max: usize,
}

struct Out<S> {
    outbound: Outbound,
    state: S,
    open: bool,
    /// The kernel takes no more; the writer task waits for it.
    blocked: bool,
    /// Somebody waits for `drained`.
    crowded: bool,
}

/// The guarded part of a session, for one append.
pub struct Appender<'a, S> {
    outbound: &'a mut Outbound,
    crowded: &'a mut bool,
    /// What belongs to the session.
    pub state: &'a mut S,
}

impl<S> Appender<'_, S> {
    /// Appends a frame whose payload `write` appends to the buffer it is given.
    ///
    /// # Errors
    /// The message is larger than the peer takes; nothing was appended.
    pub fn push(
        &mut self,
        head: FrameHead,
        order: Order,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), TooLarge> {
        self.outbound.push(head, order, write)
    }

    /// Whether messages are to be refused for now: the peer's queue is full.
    pub fn is_crowded(&mut self) -> bool {
        *self.crowded |= self.outbound.queued_bytes() >= QUEUE_BYTES_MAX;
        *self.crowded
    }
}

impl<S: Send + 'static> Session<S> {
    /// A session over an established connection, not yet read from.
    pub fn new(writer: Arc<dyn WriteHalf>, limits: Limits, state: S) -> Self {
        Self {
            out: Mutex::new(Out {
                outbound: Outbound::new(limits),
                state,
                open: true,
                blocked: false,
                crowded: false,
            }),
            writer,
            wake: Notify::new(),
            drained: Notify::new(),
            queued_max: SIGNALS_BYTES_MAX.saturating_add(limits.message_max),
        }
    }

    /// Starts the two tasks: one reads and delivers to `handler`, one writes what nobody else
    /// flushes. `already_read` is what came behind the handshake.
    pub fn start(
        self: &Arc<Self>,
        env: &Env,
        reader: Box<dyn ReadHalf>,
        limits: Limits,
        already_read: &[u8],
        handler: impl Handler,
    ) {
        let inbound = Inbound::new(limits, already_read);
        let session = Arc::clone(self);
        drop(env.spawn(async move { session.read(reader, inbound, handler).await }));
        let session = Arc::clone(self);
        drop(env.spawn(async move { session.write().await }));
    }

    /// Appends under the lock. `None` once the session has ended.
    ///
    /// The bytes are written by the next [`flush`](Self::flush), which the caller arranges. A
    /// session whose peer lets too much pile up is closed.
    pub fn append<R>(&self, append: impl FnOnce(&mut Appender<'_, S>) -> R) -> Option<R> {
        let mut out = self.out.lock();
        let Out { outbound, state, open, crowded, .. } = &mut *out;
        if !*open {
            return None;
        }
        let appended = append(&mut Appender { outbound, crowded, state });
        let overloaded = outbound.queued_bytes() > self.queued_max;
        drop(out);
        if overloaded {
            self.close(Code::Overloaded, "the peer reads too little of what it is sent");
        }
        Some(appended)
    }

    /// What belongs to the session, also when it has ended.
    pub fn with_state<R>(&self, look: impl FnOnce(&mut S) -> R) -> R {
        look(&mut self.out.lock().state)
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
        self.wake.notify_one();
        self.drained.notify_waiters();
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
                Ok(n) => out.outbound.consumed(n),
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
            if out.crowded && out.outbound.queued_bytes() <= QUEUE_BYTES_MAX / 2 {
                out.crowded = false;
                self.drained.notify_waiters();
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

    /// The reader task: delivers, and as its last act tears down.
    async fn read(
        &self,
        mut reader: Box<dyn ReadHalf>,
        mut inbound: Inbound,
        handler: impl Handler,
    ) {
        let mut sink = Delivery { handler, closed: None };
        // What came behind the handshake is handled first, by a read of nothing.
        let mut got = 0;
        let end = loop {
            // A panic must not leave behind a session without a reader.
            let handled = catch_unwind(AssertUnwindSafe(|| inbound.handle_read(got, &mut sink)));
            match handled {
                Ok(Ok(())) => {}
                Ok(Err(violation)) => break End::Violation(violation),
                Err(_) => break End::Panicked,
            }
            if let Some(closed) = sink.closed.take() {
                break closed;
            }
            got = match poll_fn(|cx| reader.poll_read(cx, inbound.buffer())).await {
                Ok(0) => break End::Lost(None),
                Ok(n) => n,
                Err(error) => break End::Lost(Some(error)),
            };
        };
        match &end {
            End::Violation(violation) => self.close(violation.code(), &violation.to_string()),
            End::Panicked => self.close(Code::Internal, "a fault of this node"),
            End::Lost(_) | End::ClosedByPeer { .. } => {}
        }
        self.writer.shutdown();
        self.out.lock().open = false;
        self.wake.notify_one();
        self.drained.notify_waiters();
        sink.handler.handle_end(end);
    }
}

/// Takes the control class for the driver and passes on the rest.
struct Delivery<H> {
    handler: H,
    closed: Option<End>,
}

impl<H: Handler> Sink for Delivery<H> {
    fn frame(&mut self, head: FrameHead, payload: Payload<'_>) -> Result<(), Violation> {
        if head.kind.class() != Class::Control {
            return self.handler.handle_frame(head, payload);
        }
        match Control::decode(head, payload.as_slice())? {
            Control::Tick => {}
            Control::Close { code, message } => {
                self.closed = Some(End::ClosedByPeer { code, message: message.to_owned() });
            }
            other @ (Control::Pause(_) | Control::Resume(_)) => self.handler.handle_control(other),
        }
        Ok(())
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
