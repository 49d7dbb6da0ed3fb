//! Named pipes.

use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::windows::named_pipe::{
    ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions,
};

use super::UNSENT_BYTES_MAX;
use crate::endpoint::Endpoint;
use crate::transport::{
    BoxFuture, Connection, DialError, ListenError, Listener, PeerAddr, ReadHalf, WriteHalf,
};

/// How often a dial is tried while all instances of a pipe are taken: until its listener has made
/// another, which is a matter of microseconds unless it is overloaded. Then the dial fails.
const OPEN_TRIES: u32 = 50;

/// From one such try to the next.
const OPEN_PAUSE: Duration = Duration::from_millis(50);

/// `ERROR_PIPE_BUSY`: all instances are taken.
const PIPE_BUSY: i32 = 231;

fn path(name: &str) -> String {
    format!(r"\\.\pipe\{name}")
}

pub(super) async fn dial(to: &Endpoint, name: &str) -> Result<Connection, DialError> {
    let path = path(name);
    let mut tries = 1;
    loop {
        // Whoever listens may learn who dials, but not act in his name: tokio's default.
        match ClientOptions::new().open(&path) {
            Ok(pipe) => return Ok(connection(Pipe::Client(pipe))),
            Err(error) if error.raw_os_error() == Some(PIPE_BUSY) && tries < OPEN_TRIES => {
                tries += 1;
                tokio::time::sleep(OPEN_PAUSE).await;
            }
            Err(error) => return Err(DialError::from_connect(to, error)),
        }
    }
}

/// The pipe's rights are the system's default for it: full ones for this user, administrators and the
/// system, reading for everybody. Others can open it, but send nothing.
pub(super) fn listen(at: &Endpoint, name: &str) -> Result<Box<dyn Listener>, ListenError> {
    let first = instance(name, true).map_err(|source| match source.kind() {
        // That is how the first instance is refused to be a second one.
        ErrorKind::PermissionDenied => ListenError::InUse { at: at.clone() },
        _ => ListenError::from_bind(at, source),
    })?;
    Ok(Box::new(PipeListening { name: name.to_owned(), next: first }))
}

fn instance(name: &str, is_first: bool) -> io::Result<NamedPipeServer> {
    ServerOptions::new()
        .first_pipe_instance(is_first)
        .reject_remote_clients(true)
        .in_buffer_size(UNSENT_BYTES_MAX)
        .out_buffer_size(UNSENT_BYTES_MAX)
        .create(path(name))
}

struct PipeListening {
    name: String,
    /// The instance that the next dial gets. There always is one, or the name would be free.
    next: NamedPipeServer,
}

impl Listener for PipeListening {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Connection>> {
        Box::pin(async {
            if let Err(error) = self.next.connect().await {
                // Who dialled has gone already: for the next one.
                let _ = self.next.disconnect();
                return Err(error);
            }
            // If there is none to be had, this one stays connected, to be found so by the next call.
            let next = instance(&self.name, false)?;
            let connected = std::mem::replace(&mut self.next, next);
            Ok(connection(Pipe::Server(connected)))
        })
    }

    fn local(&self) -> Endpoint {
        Endpoint::Pipe(self.name.clone())
    }
}

fn connection(pipe: Pipe) -> Connection {
    let shared = Arc::new(Mutex::new(Shared { pipe: Some(pipe), reader: None, writer: None }));
    Connection {
        reader: Box::new(Reader(Arc::clone(&shared))),
        writer: Arc::new(Writer(shared)),
        peer: PeerAddr::Unix { uid: None, pid: None },
    }
}

/// One end of a pipe.
enum Pipe {
    Server(NamedPipeServer),
    Client(NamedPipeClient),
}

impl Pipe {
    fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Server(pipe) => pipe.try_read(buf),
            Self::Client(pipe) => pipe.try_read(buf),
        }
    }

    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Server(pipe) => pipe.poll_read_ready(cx),
            Self::Client(pipe) => pipe.poll_read_ready(cx),
        }
    }

    fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Server(pipe) => pipe.try_write_vectored(bufs),
            Self::Client(pipe) => pipe.try_write_vectored(bufs),
        }
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Server(pipe) => pipe.poll_write_ready(cx),
            Self::Client(pipe) => pipe.poll_write_ready(cx),
        }
    }
}

/// What the two halves share. A pipe cannot be closed by halves: it is closed by
/// [`shutdown`](WriteHalf::shutdown) or when both halves are dropped, so that the peer goes on waiting
/// when the writer alone is.
struct Shared {
    /// Until it is closed.
    pipe: Option<Pipe>,
    /// Who waits here when it is closed.
    reader: Option<Waker>,
    writer: Option<Waker>,
}

struct Reader(Arc<Mutex<Shared>>);

impl ReadHalf for Reader {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let shared = &mut *self.0.lock();
        let Some(pipe) = shared.pipe.as_ref().filter(|_| !buf.is_empty()) else {
            return Poll::Ready(Ok(0));
        };
        shared.reader = Some(cx.waker().clone());
        loop {
            match pipe.try_read(buf) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Poll::Ready(Ok(0)),
                read => return Poll::Ready(read),
            }
            ready!(pipe.poll_readable(cx))?;
        }
    }
}

struct Writer(Arc<Mutex<Shared>>);

impl WriteHalf for Writer {
    fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        match &self.0.lock().pipe {
            Some(pipe) => pipe.try_write_vectored(bufs),
            None => Err(ErrorKind::BrokenPipe.into()),
        }
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shared = &mut *self.0.lock();
        shared.writer = Some(cx.waker().clone());
        match &shared.pipe {
            Some(pipe) => pipe.poll_writable(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn shutdown(&self) {
        let (pipe, waiting) = {
            let shared = &mut *self.0.lock();
            (shared.pipe.take(), [shared.reader.take(), shared.writer.take()])
        };
        drop(pipe);
        waiting.into_iter().flatten().for_each(Waker::wake);
    }
}
