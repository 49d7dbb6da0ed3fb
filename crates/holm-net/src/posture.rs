//! Which connections are safe enough to be used.

use holm_env::{Connection, Endpoint, PeerAddr};

use crate::unix_dir;

/// A connection that this node does not trust. The configuration is to blame, or a stranger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PostureError {
    /// Plain TCP can be read and altered on its way.
    #[error("plain TCP is for loopback only; {0} is another machine's address")]
    PlainTcp(String),
    /// Any user of the machine could read the token, or pose as the server.
    #[error("no secret is used over plain TCP; use TLS, Noise or a Unix socket")]
    TokenOverTcp,
    /// Another user may listen at that name, or read what is written.
    #[error("no secret is used over a named pipe; use TLS or Noise")]
    TokenOverPipe,
    /// There is no certificate to show.
    #[error("this node has no TLS certificate to listen with")]
    NoTlsCertificate,
    /// There is no way to tell whom a dial reached.
    #[error("this node accepts no TLS authority, so it cannot dial over TLS")]
    NoTlsAuthorities,
    /// There is no key to show.
    #[error("this node has no Noise key")]
    NoNoiseKey,
    /// The host that was dialled cannot be in a certificate.
    #[error("`{0}` is no name that a certificate could be verified for")]
    HostName(String),
    /// The process at the other end of the Unix socket is another user's.
    #[error("the peer runs as user {0:?}, this node does not")]
    OtherUser(Option<u32>),
}

/// Checks the other end of a connection, whoever dialled. `token` says that a token
/// is expected or would be sent.
///
/// # Errors
/// [`PostureError`]; the connection must not be used.
pub fn check_connection(connection: &Connection, token: bool) -> Result<(), PostureError> {
    match &connection.peer {
        PeerAddr::Tcp(addr) if !addr.ip().to_canonical().is_loopback() => {
            Err(PostureError::PlainTcp(addr.to_string()))
        }
        PeerAddr::Tcp(_) if token => Err(PostureError::TokenOverTcp),
        PeerAddr::Unix { uid, .. } if !uid.is_some_and(unix_dir::is_own_user) => {
            Err(PostureError::OtherUser(*uid))
        }
        PeerAddr::Tcp(_) | PeerAddr::Unix { .. } | PeerAddr::Memory(_) => Ok(()),
    }
}

/// Checks a connection over a named pipe, of whose other end nothing is known but that it is of this
/// machine. `token` is as for [`check_connection`].
///
/// # Errors
/// [`PostureError::TokenOverPipe`]; the connection must not be used.
pub fn check_pipe(token: bool) -> Result<(), PostureError> {
    if token { Err(PostureError::TokenOverPipe) } else { Ok(()) }
}

/// Checks where a listener without any key is about to listen.
///
/// # Errors
/// [`PostureError`].
pub fn check_listen(at: &Endpoint, token: bool) -> Result<(), PostureError> {
    match at {
        Endpoint::Tcp { host, .. } if !is_loopback(host) => {
            Err(PostureError::PlainTcp(host.clone()))
        }
        Endpoint::Tcp { .. } if token => Err(PostureError::TokenOverTcp),
        Endpoint::Tls { .. } => Err(PostureError::NoTlsCertificate),
        Endpoint::Noise { .. } => Err(PostureError::NoNoiseKey),
        Endpoint::Pipe(_) => check_pipe(token),
        Endpoint::Tcp { .. } | Endpoint::Unix(_) | Endpoint::Memory(_) => Ok(()),
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.parse().is_ok_and(|addr: std::net::IpAddr| addr.to_canonical().is_loopback())
}
