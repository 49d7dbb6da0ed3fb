//! TCP streams.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::time::timeout;

use super::DIAL_ADDRESS_TIMEOUT;
use super::halves::{Reader, Writer};
use crate::endpoint::Endpoint;
use crate::sys;
use crate::transport::{BoxFuture, Connection, DialError, ListenError, Listener, PeerAddr};

/// Tries the host's addresses in the resolver's order.
pub(super) async fn dial(to: &Endpoint, host: &str, port: u16) -> Result<Connection, DialError> {
    let unresolved = |source| DialError::Resolve {
        to: to.clone(),
        source,
    };
    let addresses: Vec<_> = lookup_host((host, port))
        .await
        .map_err(unresolved)?
        .collect();
    let Some((&last, earlier)) = addresses.split_last() else {
        return Err(unresolved(io::Error::new(
            io::ErrorKind::NotFound,
            "the name has no address",
        )));
    };
    for &address in earlier {
        if let Ok(Ok(stream)) = timeout(DIAL_ADDRESS_TIMEOUT, connect(address)).await {
            return Ok(connection(stream, address));
        }
    }
    let stream = connect(last)
        .await
        .map_err(|error| DialError::from_connect(to, error))?;
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

fn connection(stream: TcpStream, peer: SocketAddr) -> Connection {
    // These fail only on a stream that the peer has reset; the first read says so.
    let socket = SockRef::from(&stream);
    let _ = socket
        .set_tcp_nodelay(true)
        .and_then(|()| sys::limit_unsent_tcp(&socket));
    let (reader, writer) = stream.into_split();
    Connection {
        reader: Box::new(Reader(reader)),
        writer: Arc::new(Writer(writer)),
        peer: PeerAddr::Tcp(peer),
    }
}

pub(super) async fn listen(
    at: &Endpoint,
    host: &str,
    port: u16,
) -> Result<Box<dyn Listener>, ListenError> {
    let failed = |error| ListenError::from_bind(at, error);
    let listener = TcpListener::bind((host, port)).await.map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    Ok(Box::new(TcpListening { listener, local }))
}

struct TcpListening {
    listener: TcpListener,
    local: SocketAddr,
}

impl Listener for TcpListening {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Connection>> {
        Box::pin(async {
            let (stream, peer) = self.listener.accept().await?;
            Ok(connection(stream, peer))
        })
    }

    fn local(&self) -> Endpoint {
        Endpoint::Tcp {
            host: self.local.ip().to_string(),
            port: self.local.port(),
        }
    }
}
