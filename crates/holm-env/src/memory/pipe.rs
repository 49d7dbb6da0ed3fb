//! A pair of bounded pipes that behave like a connected socket.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Read};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use crate::transport::{Connection, PeerAddr, ReadHalf, WriteHalf};

/// Bytes one direction of a stream holds, as many as a socket may leave unsent
/// in the kernel. At the limit writes would block.
pub const MEMORY_PIPE_CAPACITY: usize = crate::net::HELD_BYTES_MAX;

/// Two ends of one stream; each is told who its peer is.
pub(super) fn connect(first_peer: PeerAddr, second_peer: PeerAddr) -> (Connection, Connection) {
    let (there, back) = (Arc::new(Pipe::default()), Arc::new(Pipe::default()));
    let first = End { incoming: Arc::clone(&back), outgoing: Arc::clone(&there) };
    let second = End { incoming: there, outgoing: back };
    (first.connection(first_peer), second.connection(second_peer))
}

#[derive(Default)]
struct Pipe(Mutex<PipeState>);

#[derive(Default)]
struct PipeState {
    bytes: VecDeque<u8>,
    /// No more bytes come in: the reader sees the end after what is there.
    ended: bool,
    /// Nobody will read: writes fail.
    broken: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    /// Changes the state, then wakes both ends outside of the lock.
    fn close(&self, change: impl FnOnce(&mut PipeState)) {
        let wakers = {
            let mut state = self.0.lock();
            change(&mut state);
            [state.reader.take(), state.writer.take()]
        };
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

/// One end of a stream, kept by its halves; when both are gone it closes.
struct End {
    incoming: Arc<Pipe>,
    outgoing: Arc<Pipe>,
}

impl End {
    fn connection(self, peer: PeerAddr) -> Connection {
        let end = Arc::new(self);
        Connection {
            reader: Box::new(Reader(Arc::clone(&end))),
            writer: Arc::new(Writer(end)),
            peer,
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.incoming.close(|state| {
            state.broken = true;
            state.bytes = VecDeque::new();
        });
    }
}

struct Reader(Arc<End>);

impl ReadHalf for Reader {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut state = self.0.incoming.0.lock();
        if state.bytes.is_empty() && !state.ended {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        // The ring's two parts, one read each.
        let first = state.bytes.read(buf)?;
        let read = first + state.bytes.read(&mut buf[first..])?;
        let writer = state.writer.take();
        drop(state);
        if let Some(writer) = writer {
            writer.wake();
        }
        Poll::Ready(Ok(read))
    }
}

struct Writer(Arc<End>);

impl WriteHalf for Writer {
    fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut state = self.0.outgoing.0.lock();
        if state.ended || state.broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let before = state.bytes.len();
        for buf in bufs {
            let room = MEMORY_PIPE_CAPACITY - state.bytes.len();
            state.bytes.extend(&buf[..buf.len().min(room)]);
        }
        let written = state.bytes.len() - before;
        if written == 0 && bufs.iter().any(|buf| !buf.is_empty()) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
        Ok(written)
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.outgoing.0.lock();
        if state.ended || state.broken || state.bytes.len() < MEMORY_PIPE_CAPACITY {
            return Poll::Ready(Ok(()));
        }
        state.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    fn shutdown(&self) {
        for pipe in [&self.0.incoming, &self.0.outgoing] {
            pipe.close(|state| {
                state.ended = true;
                state.broken = true;
            });
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.outgoing.close(|state| state.ended = true);
    }
}
