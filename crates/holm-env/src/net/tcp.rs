//! TCP streams.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::time::timeout;

use super::halves::{Reader, Writer};
use super::{DIAL_ADDRESS_TIMEOUT, UNREAD_BYTES_MAX};
use crate::endpoint::Endpoint;
use crate::sys;
use crate::transport::{BoxFuture, Connection, DialError, ListenError, Listener, PeerAddr};

/// Connections that may wait to be accepted: a tenth of a second of a flood, as long as a busy
/// process may take to come back to them. Beyond it the kernel drops the first packets of
/// others, who lose a second. (Linux caps it at `net.core.somaxconn`.)
const BACKLOG: i32 = 1024;

/// Connections closed one after the other before other tasks get their turn: less than a
/// millisecond.
const CLOSED_TURN: usize = 16;

/// Tries the host's addresses in the resolver's order.
pub(super) async fn dial(to: &Endpoint, host: &str, port: u16) -> Result<Connection, DialError> {
    let unresolved = |source| DialError::Resolve { to: to.clone(), source };
    let addresses: Vec<_> = lookup_host((host, port)).await.map_err(unresolved)?.collect();
    let Some((&last, earlier)) = addresses.split_last() else {
        return Err(unresolved(io::Error::new(io::ErrorKind::NotFound, "the name has no address")));
    };
    for &address in earlier {
        if let Ok(Ok(stream)) = timeout(DIAL_ADDRESS_TIMEOUT, connect(address)).await {
            return Ok(connection(stream, address));
        }
    }
    let stream = connect(last).await.map_err(|error| DialError::from_connect(to, error))?;
    Ok(connection(stream, last))
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    // Where nobody listens, a dial of the own machine whose source port happens
    // to be the target meets itself.
    if stream.local_addr()? == address {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(stream)
}

pub(super) fn adopt(stream: std::net::TcpStream) -> io::Result<Connection> {
    stream.set_nonblocking(true)?;
    let peer = stream.peer_addr()?;
    Ok(connection(TcpStream::from_std(stream)?, peer))
}

fn connection(stream: TcpStream, peer: SocketAddr) -> Connection {
    // Fails only on a stream that the peer has reset; the first read says so.
    let _ = tune(&stream);
    let (reader, writer) = stream.into_split();
    Connection {
        reader: Box::new(Reader(reader)),
        writer: Arc::new(Writer(writer)),
        peer: PeerAddr::Tcp(peer),
    }
}

fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    sys::limit_unsent_tcp(&socket)?;
    let (local, peer) = (stream.local_addr()?.ip(), stream.peer_addr()?.ip());
    if local == peer || peer.is_loopback() {
        socket.set_recv_buffer_size(UNREAD_BYTES_MAX)?;
    }
    Ok(())
}

pub(super) async fn listen(
    at: &Endpoint,
    host: &str,
    port: u16,
) -> Result<Box<dyn Listener>, ListenError> {
    let failed = |error| ListenError::from_bind(at, error);
    let listener = TcpListener::bind((host, port)).await.map_err(failed)?;
    SockRef::from(&listener).listen(BACKLOG).map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    Ok(Box::new(TcpListening { listener, local }))
}

struct TcpListening {
    listener: TcpListener,
    local: SocketAddr,
}

/// Closes a stream at once, without the wait for its last packets that every orderly end leaves
/// behind.
fn drop_at_once(stream: &TcpStream) {
    // Without it the close is an orderly one, and costs more.
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

impl Listener for TcpListening {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Connection>> {
        Box::pin(async {
            let (stream, peer) = self.listener.accept().await?;
            Ok(connection(stream, peer))
        })
    }

    fn accept_if<'a>(
        &'a mut self,
        admits: &'a (dyn Fn(&PeerAddr) -> bool + Send + Sync),
    ) -> BoxFuture<'a, io::Result<Connection>> {
        Box::pin(async {
            let mut closed = 0;
            loop {
                let (stream, peer) = self.listener.accept().await?;
                if admits(&PeerAddr::Tcp(peer)) {
                    return Ok(connection(stream, peer));
                }
                drop_at_once(&stream);
                closed += 1;
                if closed % CLOSED_TURN == 0 {
                    tokio::task::yield_now().await;
                }
            }
        })
    }

    fn local(&self) -> Endpoint {
        Endpoint::Tcp { host: self.local.ip().to_string(), port: self.local.port() }
    }
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::net::UNSENT_BYTES_MAX;

    #[tokio::test]
    async fn a_stream_does_not_delay_nor_hold_much() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stream, _) = tokio::join!(connect(address), listener.accept());
        let stream = stream.unwrap();
        tune(&stream).unwrap();
        let socket = SockRef::from(&stream);
        assert!(socket.tcp_nodelay().unwrap());
        assert!(!socket.keepalive().unwrap());
        assert_eq!(socket.tcp_notsent_lowat().unwrap(), UNSENT_BYTES_MAX);
    }
}
