//! Byte streams: how they are dialled, accepted, read, written and closed.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::endpoint::Endpoint;

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A way to open and accept byte streams: ordered, reliable while they live.
pub trait Transport: Send + Sync + 'static {
    /// Opens a stream. It may succeed before the other side has accepted.
    ///
    /// No time limit of its own beyond the operating system's. Cancel safe: a
    /// dropped dial leaves no connection.
    fn dial<'a>(&'a self, to: &'a Endpoint) -> BoxFuture<'a, Result<Connection, DialError>>;

    /// Starts to listen. From the moment this is ready, dials succeed.
    fn listen<'a>(
        &'a self,
        at: &'a Endpoint,
    ) -> BoxFuture<'a, Result<Box<dyn Listener>, ListenError>>;
}

/// Accepts streams at one address until it is dropped, which frees the address.
pub trait Listener: Send + 'static {
    /// The next stream. Cancel safe.
    ///
    /// An error concerns one stream or the process's means (file handles), never
    /// the listener: the caller goes on accepting, after a pause, since a
    /// shortage would otherwise spin.
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Connection>>;

    /// The next stream of a peer that `admits` says yes to. Those of others are closed without a
    /// word, as cheaply as the transport can. Cancel safe, errors as for [`accept`](Self::accept).
    fn accept_if<'a>(
        &'a mut self,
        admits: &'a (dyn Fn(&PeerAddr) -> bool + Send + Sync),
    ) -> BoxFuture<'a, io::Result<Connection>> {
        Box::pin(async move {
            loop {
                let connection = self.accept().await?;
                if admits(&connection.peer) {
                    return Ok(connection);
                }
                connection.writer.shutdown();
            }
        })
    }

    /// Where it listens, with the real port where 0 was asked for.
    fn local(&self) -> Endpoint;
}

/// One byte stream.
///
/// The halves may be used by different tasks and are independent: without the
/// writer the stream can still be read, and the other way round. Dropping the
/// writer ends the outgoing direction once what was written has gone out;
/// dropping both closes the stream.
pub struct Connection {
    /// Incoming bytes.
    pub reader: Box<dyn ReadHalf>,
    /// Outgoing bytes.
    pub writer: Arc<dyn WriteHalf>,
    /// The other side, as the transport knows it.
    pub peer: PeerAddr,
}

/// Who is at the other end, by the transport's own knowledge.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum PeerAddr {
    /// A TCP peer.
    Tcp(SocketAddr),
    /// A process of this machine, by what the kernel noted when it connected or
    /// began to listen. Of a named pipe, nothing is known.
    Unix {
        /// Its effective user, where the system tells.
        uid: Option<u32>,
        /// Its process id, where the system tells.
        pid: Option<u32>,
    },
    /// The other end of a stream within the process.
    Memory(String),
}

/// The incoming direction of a stream.
pub trait ReadHalf: Send + 'static {
    /// Reads what is there into `buf`: at least one byte, or 0 at the end of the
    /// stream (or for an empty `buf`). A peer that vanished may show as
    /// [`io::ErrorKind::ConnectionReset`] instead.
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>>;
}

/// The outgoing direction of a stream. All calls work from any thread, also one
/// outside of any runtime.
pub trait WriteHalf: Send + Sync + 'static {
    /// Writes as much of `bufs` as there is room for and says how much, at least
    /// one byte unless `bufs` hold none; [`io::ErrorKind::WouldBlock`] where
    /// there is no room, or none is known of yet (a new stream). Never waits, and
    /// needs no runtime that runs. Two writers at once would mix their bytes:
    /// callers hold a lock of their own.
    fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Ready when a write may succeed or fail; it can still be out of room. One
    /// task may wait at a time: a later one takes the earlier one's place.
    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Whether bytes have arrived that nobody has read yet; `false`, too, where the system does
    /// not tell.
    fn has_unread(&self) -> bool {
        false
    }

    /// Closes both directions. Both sides' readers come to an end, after what
    /// had arrived; writes fail with [`io::ErrorKind::BrokenPipe`]. Further
    /// calls change nothing.
    fn shutdown(&self);
}

/// Why a dial failed. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// This transport has no such endpoints; the caller is to blame.
    #[error("this transport cannot dial {to}")]
    Unsupported {
        /// What was dialled.
        to: Endpoint,
    },
    /// The host's name gave no address.
    #[error("cannot resolve the host of {to}: {source}")]
    Resolve {
        /// What was dialled.
        to: Endpoint,
        /// The resolver's answer.
        source: io::Error,
    },
    /// Nobody listens there.
    #[error("nobody listens at {to}")]
    Refused {
        /// What was dialled.
        to: Endpoint,
    },
    /// The peer or the way to it failed.
    #[error("cannot connect to {to}: {source}")]
    Connect {
        /// What was dialled.
        to: Endpoint,
        /// What the system said, for the last address tried.
        source: io::Error,
    },
}

/// Why listening failed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// This transport has no such endpoints; the caller is to blame.
    #[error("this transport cannot listen at {at}")]
    Unsupported {
        /// The address asked for.
        at: Endpoint,
    },
    /// Another listener, or a file, is there.
    #[error("{at} is in use")]
    InUse {
        /// The address asked for.
        at: Endpoint,
    },
    /// The system refused.
    #[error("cannot listen at {at}: {source}")]
    Io {
        /// The address asked for.
        at: Endpoint,
        /// What the system said.
        source: io::Error,
    },
}

impl DialError {
    pub(crate) fn from_connect(to: &Endpoint, source: io::Error) -> Self {
        let to = to.clone();
        match source.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused { to },
            // No socket of that name.
            io::ErrorKind::NotFound => Self::Refused { to },
            _ => Self::Connect { to, source },
        }
    }
}

impl ListenError {
    pub(crate) fn from_bind(at: &Endpoint, source: io::Error) -> Self {
        let at = at.clone();
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::InUse { at },
            _ => Self::Io { at, source },
        }
    }
}

impl fmt::Display for PeerAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |id: &Option<u32>| id.map_or_else(|| "?".to_owned(), |id| id.to_string());
        match self {
            Self::Tcp(addr) => write!(f, "tcp:{addr}"),
            Self::Unix { uid, pid } => write!(f, "unix:uid={},pid={}", part(uid), part(pid)),
            Self::Memory(name) => write!(f, "mem:{name}"),
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("peer", &self.peer).finish_non_exhaustive()
    }
}
