//! Where a byte stream leads to, and how it is written.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::str::FromStr;

/// An address that can be listened at and dialled.
///
/// Written `tcp:HOST:PORT` (IPv6 in brackets), `unix:PATH` or `mem:NAME`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Endpoint {
    /// A TCP port of a host.
    Tcp {
        /// A DNS name or an address, IPv6 without brackets.
        host: String,
        /// The port; 0 asks a listener for a free one.
        port: u16,
    },
    /// A Unix socket.
    Unix(PathBuf),
    /// A name inside one [`MemoryTransport`](crate::MemoryTransport).
    Memory(String),
}

/// A text that is not an [`Endpoint`]; the writer of the text is to blame.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParseEndpointError {
    /// It starts with none of `tcp:`, `unix:` and `mem:`.
    #[error("`{0}` does not start with `tcp:`, `unix:` or `mem:`")]
    Scheme(String),
    /// A `tcp:` endpoint without a valid host.
    #[error("`{0}` names no valid host (an IPv6 address goes in brackets)")]
    Host(String),
    /// A `tcp:` endpoint without a port of 0 to 65535.
    #[error("`{0}` does not end with a port of 0 to 65535")]
    Port(String),
    /// A `unix:` endpoint whose path is empty or contains a NUL.
    #[error("`{0}` names no valid path")]
    Path(String),
    /// A `mem:` endpoint without a name.
    #[error("`{0}` has an empty name")]
    Name(String),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "tcp:[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "tcp:{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Memory(name) => write!(f, "mem:{name}"),
        }
    }
}

impl FromStr for Endpoint {
    type Err = ParseEndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(rest) = text.strip_prefix("tcp:") {
            let bad_port = || ParseEndpointError::Port(text.to_owned());
            let (host, port) = rest.rsplit_once(':').ok_or_else(bad_port)?;
            if port.bytes().any(|b| !b.is_ascii_digit()) {
                return Err(bad_port()); // `u16` alone would take `+80`.
            }
            let port = port.parse().map_err(|_| bad_port())?;
            let host = parse_host(host).ok_or_else(|| ParseEndpointError::Host(text.to_owned()))?;
            Ok(Self::Tcp { host: host.to_owned(), port })
        } else if let Some(path) = text.strip_prefix("unix:") {
            if path.is_empty() || path.contains('\0') {
                return Err(ParseEndpointError::Path(text.to_owned()));
            }
            Ok(Self::Unix(path.into()))
        } else if let Some(name) = text.strip_prefix("mem:") {
            if name.is_empty() {
                return Err(ParseEndpointError::Name(text.to_owned()));
            }
            Ok(Self::Memory(name.to_owned()))
        } else {
            Err(ParseEndpointError::Scheme(text.to_owned()))
        }
    }
}

/// The host without brackets. Names are checked for shape only: whether one
/// exists is the resolver's to say.
fn parse_host(host: &str) -> Option<&str> {
    let forbidden =
        |c: char| matches!(c, '[' | ']' | '/' | '@') || c.is_whitespace() || c.is_control();
    if let Some(inner) = host.strip_prefix('[') {
        let inner = inner.strip_suffix(']')?;
        let (address, zone) = inner.split_once('%').unwrap_or((inner, "0"));
        address.parse::<Ipv6Addr>().ok()?;
        return (!zone.is_empty() && !zone.contains(forbidden)).then_some(inner);
    }
    (!host.is_empty() && !host.contains(':') && !host.contains(forbidden)).then_some(host)
}
