//! The transport of the operating system: TCP, Unix sockets and named pipes, driven by tokio.

mod halves;
#[cfg(windows)]
mod pipe;
mod tcp;
#[cfg(unix)]
mod unix;

use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::transport::{BoxFuture, Connection, DialError, ListenError, Listener, Transport};

/// Bytes that may lie unsent in the kernel: one chunk of 64 KiB, so that a small urgent frame
/// waits behind little. At the limit writes would block.
pub const UNSENT_BYTES_MAX: u32 = 64 * 1024;

/// Bytes that a socket may hold in all, where what is unsent cannot be told from what is under way:
/// four chunks.
pub const HELD_BYTES_MAX: usize = 256 * 1024;

/// Bytes of a peer on the same host that may lie unread in the kernel: two chunks, for the same
/// reason; Linux counts twice as many, with its own records. The way to another host may need more
/// to be under way, so there the kernel sizes the buffer.
const UNREAD_BYTES_MAX: usize = 128 * 1024;

/// How long one address of a host is tried before the next one: three times the
/// first retransmission of a lost SYN (1 s). The last address has no limit but
/// the system's and the caller's.
pub const DIAL_ADDRESS_TIMEOUT: Duration = Duration::from_secs(3);

/// TCP (no delay, no keep-alive probes); on Unix, Unix sockets; on Windows, named pipes.
///
/// Its futures must be polled inside a tokio runtime with its network and time
/// drivers. A Unix listener here is a plain one: no care is taken who can reach
/// its path.
#[derive(Clone, Copy, Default, Debug)]
pub struct TokioTransport;

impl Transport for TokioTransport {
    fn dial<'a>(&'a self, to: &'a Endpoint) -> BoxFuture<'a, Result<Connection, DialError>> {
        Box::pin(async move {
            match to {
                Endpoint::Tcp { host, port } => tcp::dial(to, host, *port).await,
                #[cfg(unix)]
                Endpoint::Unix(path) => unix::dial(to, path).await,
                #[cfg(not(unix))]
                Endpoint::Unix(_) => Err(DialError::Unsupported { to: to.clone() }),
                #[cfg(windows)]
                Endpoint::Pipe(name) => pipe::dial(to, name).await,
                #[cfg(not(windows))]
                Endpoint::Pipe(_) => Err(DialError::Unsupported { to: to.clone() }),
                Endpoint::Tls { .. } | Endpoint::Noise { .. } | Endpoint::Memory(_) => {
                    Err(DialError::Unsupported { to: to.clone() })
                }
            }
        })
    }

    fn listen<'a>(
        &'a self,
        at: &'a Endpoint,
    ) -> BoxFuture<'a, Result<Box<dyn Listener>, ListenError>> {
        Box::pin(async move {
            match at {
                Endpoint::Tcp { host, port } => tcp::listen(at, host, *port).await,
                #[cfg(unix)]
                Endpoint::Unix(path) => unix::listen(at, path),
                #[cfg(not(unix))]
                Endpoint::Unix(_) => Err(ListenError::Unsupported { at: at.clone() }),
                #[cfg(windows)]
                Endpoint::Pipe(name) => pipe::listen(at, name),
                #[cfg(not(windows))]
                Endpoint::Pipe(_) => Err(ListenError::Unsupported { at: at.clone() }),
                Endpoint::Tls { .. } | Endpoint::Noise { .. } | Endpoint::Memory(_) => {
                    Err(ListenError::Unsupported { at: at.clone() })
                }
            }
        })
    }
}

impl TokioTransport {
    /// A connection over a stream that the caller has made.
    ///
    /// # Errors
    /// The stream is closed.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn adopt_tcp(stream: std::net::TcpStream) -> std::io::Result<Connection> {
        tcp::adopt(stream)
    }

    /// Accepts at a socket that the caller has bound and put into the listening
    /// state; removing its file stays with the caller.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[cfg(unix)]
    pub fn adopt_unix(
        listener: std::os::unix::net::UnixListener,
        path: std::path::PathBuf,
    ) -> std::io::Result<Box<dyn Listener>> {
        unix::adopt(listener, path)
    }
}
