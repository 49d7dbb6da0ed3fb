//! A byte stream through a channel that encrypts: what a connection is beneath, a connection is
//! above.
//!
//! Both directions of a channel share its state, under one lock that is held for a record or a
//! buffer of them at a time. What the writer encrypted and the kernel did not take is sent by
//! whichever task is polled next, the reader's or the writer's; both are woken for it. So the
//! reader must be polled for what was written to go out, as in every session.

use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use holm_env::{Connection, ReadHalf, WriteHalf};
use parking_lot::Mutex;

/// Encrypted bytes that may wait for the kernel: one chunk of 64 KiB. At the limit writes would
/// block. More would let a small urgent frame wait longer, beside what the kernel holds; less would
/// mean more system calls.
pub(crate) const UNSENT_MAX: usize = 64 * 1024;

/// Encrypted bytes read at once: two full TLS records, so that a system call is worth it.
const READ_BYTES: usize = 32 * 1024;

/// The two directions of an encrypted channel, without any stream.
pub(crate) trait Channel: Send + 'static {
    /// Encrypts as much of `bufs` as there is room for ([`UNSENT_MAX`]); says how much.
    fn write(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Whether encrypted bytes wait to be sent.
    fn has_unsent(&self) -> bool;

    /// Sends what waits, until nothing does or `writer` takes no more.
    fn send(&mut self, writer: &dyn WriteHalf) -> io::Result<()>;

    /// Hands out decrypted bytes; 0 at the peer's own end of the stream,
    /// [`ErrorKind::WouldBlock`] if more must be fed first.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize>;

    /// Takes received bytes, none at the end of the stream beneath; says how many. Called only
    /// when [`read`](Self::read) would block.
    fn feed(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Marks the end of what this side sends, so that the peer can tell it from a cut.
    fn close(&mut self);
}

/// Makes a connection of a channel. `received` is what was read behind its handshake.
pub(crate) fn connection(
    channel: impl Channel,
    beneath: Connection,
    received: Received,
) -> Connection {
    let Connection { reader, writer, peer } = beneath;
    let shared = Arc::new(Shared {
        state: Mutex::new(State { channel, shut: false }),
        writer,
        wakers: Arc::new(Wakers::default()),
    });
    Connection {
        reader: Box::new(Reader {
            shared: Arc::clone(&shared),
            beneath: reader,
            received,
            failed: None,
        }),
        writer: Arc::new(Writer(shared)),
        peer,
    }
}

struct Shared<C> {
    state: Mutex<State<C>>,
    writer: Arc<dyn WriteHalf>,
    wakers: Arc<Wakers>,
}

struct State<C> {
    channel: C,
    /// This side has shut the stream.
    shut: bool,
}

/// Both tasks that can send when the stream beneath takes more.
#[derive(Default)]
struct Wakers {
    reader: Mutex<Option<Waker>>,
    writer: Mutex<Option<Waker>>,
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        for waker in [&self.reader, &self.writer] {
            let waker = waker.lock().take();
            waker.into_iter().for_each(Waker::wake);
        }
    }
}

fn register(place: &Mutex<Option<Waker>>, cx: &Context<'_>) {
    let mut place = place.lock();
    if !place.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
        *place = Some(cx.waker().clone());
    }
}

impl<C: Channel> Shared<C> {
    /// Sends what waits; false if the tasks will be woken to send the rest.
    fn flush(&self, channel: &mut C) -> io::Result<bool> {
        while channel.has_unsent() {
            channel.send(&*self.writer)?;
            if channel.has_unsent() {
                let waker = Waker::from(Arc::clone(&self.wakers));
                match self.writer.poll_writable(&mut Context::from_waker(&waker)) {
                    Poll::Ready(writable) => writable?,
                    Poll::Pending => return Ok(false),
                }
            }
        }
        Ok(true)
    }
}

struct Writer<C: Channel>(Arc<Shared<C>>);

impl<C: Channel> WriteHalf for Writer<C> {
    fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut state = self.0.state.lock();
        if state.shut {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let mut written = state.channel.write(bufs)?;
        let empty = self.0.flush(&mut state.channel)?;
        if written == 0 && empty {
            written = state.channel.write(bufs)?;
            self.0.flush(&mut state.channel)?;
        }
        if written == 0 && bufs.iter().any(|buf| !buf.is_empty()) {
            return Err(ErrorKind::WouldBlock.into());
        }
        Ok(written)
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.state.lock();
        register(&self.0.wakers.writer, cx);
        match self.0.flush(&mut state.channel) {
            Ok(true) => Poll::Ready(Ok(())),
            Ok(false) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn has_unread(&self) -> bool {
        self.0.writer.has_unread()
    }

    fn shutdown(&self) {
        let mut state = self.0.state.lock();
        if !state.shut {
            state.shut = true;
            state.channel.close();
            // As far as the kernel takes it: nobody waits for a stream that is shut.
            let _ = state.channel.send(&*self.0.writer);
        }
        drop(state);
        self.0.writer.shutdown();
    }
}

impl<C: Channel> Drop for Writer<C> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        if !state.shut {
            state.channel.close();
            // The rest is sent by the reader; without one nobody is left to care.
            let _ = self.0.flush(&mut state.channel);
        }
    }
}

/// Bytes received and not decrypted yet.
pub(crate) struct Received {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Received {
    /// With what was read already.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let mut buffer = vec![0; READ_BYTES.max(bytes.len())].into_boxed_slice();
        buffer[..bytes.len()].copy_from_slice(bytes);
        Self { buffer, start: 0, end: bytes.len() }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    pub(crate) fn consume(&mut self, n: usize) {
        self.start += n;
    }

    /// Reads more where there is none; 0 at the end of the stream.
    pub(crate) fn poll_fill(
        &mut self,
        reader: &mut dyn ReadHalf,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        debug_assert!(self.bytes().is_empty());
        (self.start, self.end) = (0, 0);
        reader.poll_read(cx, &mut self.buffer).map_ok(|n| {
            self.end = n;
            n
        })
    }
}

struct Reader<C: Channel> {
    shared: Arc<Shared<C>>,
    beneath: Box<dyn ReadHalf>,
    received: Received,
    /// What goes wrong behind bytes that were to be handed out first.
    failed: Option<io::Error>,
}

impl<C: Channel> Reader<C> {
    /// Fills `buf` from what was received; `None` if more must be received first.
    fn decrypt(&mut self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut state = self.shared.state.lock();
        let mut filled = 0;
        while filled < buf.len() {
            match state.channel.read(&mut buf[filled..]) {
                Ok(0) => return Ok(Some(filled)),
                Ok(n) => filled += n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if self.received.bytes().is_empty() {
                        return Ok((filled > 0).then_some(filled));
                    }
                    let fed = state.channel.feed(self.received.bytes());
                    match fed {
                        Ok(n) => self.received.consume(n),
                        Err(error) => {
                            // The peer is told, where the channel has words for it.
                            let _ = self.shared.flush(&mut state.channel);
                            return fail(&mut self.failed, filled, error);
                        }
                    }
                }
                Err(error) => return fail(&mut self.failed, filled, error),
            }
        }
        Ok(Some(filled))
    }
}

/// Keeps an error for later where bytes are to be handed out first.
fn fail(
    later: &mut Option<io::Error>,
    filled: usize,
    error: io::Error,
) -> io::Result<Option<usize>> {
    if filled == 0 {
        return Err(error);
    }
    *later = Some(error);
    Ok(Some(filled))
}

impl<C: Channel> ReadHalf for Reader<C> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        loop {
            if let Some(n) = self.decrypt(buf)? {
                return Poll::Ready(Ok(n));
            }
            register(&self.shared.wakers.reader, cx);
            {
                // Its failure shows below, behind what had arrived.
                let mut state = self.shared.state.lock();
                let _ = self.shared.flush(&mut state.channel);
            }
            match self.received.poll_fill(&mut *self.beneath, cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0)) => {
                    let mut state = self.shared.state.lock();
                    if state.shut {
                        return Poll::Ready(Ok(0));
                    }
                    state.channel.feed(&[])?;
                    return Poll::Ready(state.channel.read(buf));
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            }
        }
    }
}
