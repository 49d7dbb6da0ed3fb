//! Where a byte stream leads to, and how it is written.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::str::FromStr;

/// An address that can be listened at and dialled.
///
/// Written `tcp:HOST:PORT` (IPv6 in brackets), `tls:HOST:PORT`, `noise:HOST:PORT`, `unix:PATH`,
/// `pipe:NAME` or `mem:NAME`. A transport opens the [`stream`](Self::stream) beneath `tls:` and `noise:` only;
/// what goes through it is for the caller to secure.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Endpoint {
    /// A TCP port of a host.
    Tcp {
        /// A DNS name or an address, IPv6 without brackets.
        host: String,
        /// The port; 0 asks a listener for a free one.
        port: u16,
    },
    /// TLS over a TCP port of a host.
    Tls {
        /// As of `Tcp`.
        host: String,
        /// As of `Tcp`.
        port: u16,
    },
    /// Noise over a TCP port of a host.
    Noise {
        /// As of `Tcp`.
        host: String,
        /// As of `Tcp`.
        port: u16,
    },
    /// A Unix socket.
    Unix(PathBuf),
    /// A named pipe of this machine, on Windows: the NAME of `\\.\pipe\NAME`.
    Pipe(String),
    /// A name inside one [`MemoryTransport`](crate::MemoryTransport).
    Memory(String),
}

/// Longest name of a pipe, in characters: Windows takes 256 with the `\\.\pipe\` before it. A longer one
/// is no endpoint.
const PIPE_NAME_MAX: usize = 247;

/// A text that is not an [`Endpoint`]; the writer of the text is to blame.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParseEndpointError {
    /// It starts with no known scheme.
    #[error("`{0}` does not start with `tcp:`, `tls:`, `noise:`, `unix:`, `pipe:` or `mem:`")]
    Scheme(String),
    /// A TCP port without a valid host.
    #[error("`{0}` names no valid host (an IPv6 address goes in brackets)")]
    Host(String),
    /// A host without a port of 0 to 65535.
    #[error("`{0}` does not end with a port of 0 to 65535")]
    Port(String),
    /// A `unix:` endpoint whose path is empty or contains a NUL.
    #[error("`{0}` names no valid path")]
    Path(String),
    /// A `pipe:` endpoint whose name is empty, too long, or has a backslash or a control character.
    #[error("`{0}` names no valid pipe: 1 to {PIPE_NAME_MAX} characters without `\\`")]
    Pipe(String),
    /// A `mem:` endpoint without a name.
    #[error("`{0}` has an empty name")]
    Name(String),
}

impl Endpoint {
    /// The plain stream beneath it, which a transport can open.
    #[must_use]
    pub fn stream(&self) -> Self {
        match self {
            Self::Tls { host, port } | Self::Noise { host, port } => {
                Self::Tcp { host: host.clone(), port: *port }
            }
            Self::Tcp { .. } | Self::Unix(_) | Self::Pipe(_) | Self::Memory(_) => self.clone(),
        }
    }

    /// What its text begins with.
    pub fn scheme(&self) -> &'static str {
        match self {
            Self::Tcp { .. } => "tcp",
            Self::Tls { .. } => "tls",
            Self::Noise { .. } => "noise",
            Self::Unix(_) => "unix",
            Self::Pipe(_) => "pipe",
            Self::Memory(_) => "mem",
        }
    }

    /// The same security over `stream`: where a listener really is that was asked for here.
    #[must_use]
    pub fn over(&self, stream: Self) -> Self {
        match (self, stream) {
            (Self::Tls { .. }, Self::Tcp { host, port }) => Self::Tls { host, port },
            (Self::Noise { .. }, Self::Tcp { host, port }) => Self::Noise { host, port },
            (_, stream) => stream,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.scheme())?;
        match self {
            Self::Tcp { host, port } | Self::Tls { host, port } | Self::Noise { host, port } => {
                match host.contains(':') {
                    true => write!(f, "[{host}]:{port}"),
                    false => write!(f, "{host}:{port}"),
                }
            }
            Self::Unix(path) => path.display().fmt(f),
            Self::Pipe(name) | Self::Memory(name) => f.write_str(name),
        }
    }
}

impl FromStr for Endpoint {
    type Err = ParseEndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(rest) = text.strip_prefix("tcp:") {
            let (host, port) = parse_port(text, rest)?;
            Ok(Self::Tcp { host, port })
        } else if let Some(rest) = text.strip_prefix("tls:") {
            let (host, port) = parse_port(text, rest)?;
            Ok(Self::Tls { host, port })
        } else if let Some(rest) = text.strip_prefix("noise:") {
            let (host, port) = parse_port(text, rest)?;
            Ok(Self::Noise { host, port })
        } else if let Some(path) = text.strip_prefix("unix:") {
            if path.is_empty() || path.contains('\0') {
                return Err(ParseEndpointError::Path(text.to_owned()));
            }
            Ok(Self::Unix(path.into()))
        } else if let Some(name) = text.strip_prefix("pipe:") {
            let is_long = name.chars().count() > PIPE_NAME_MAX;
            if name.is_empty() || is_long || name.contains(|c: char| c == '\\' || c.is_control()) {
                return Err(ParseEndpointError::Pipe(text.to_owned()));
            }
            Ok(Self::Pipe(name.to_owned()))
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

/// `HOST:PORT` at the end of `text`.
fn parse_port(text: &str, rest: &str) -> Result<(String, u16), ParseEndpointError> {
    let bad_port = || ParseEndpointError::Port(text.to_owned());
    let (host, port) = rest.rsplit_once(':').ok_or_else(bad_port)?;
    if port.bytes().any(|b| !b.is_ascii_digit()) {
        return Err(bad_port()); // `u16` alone would take `+80`.
    }
    let port = port.parse().map_err(|_| bad_port())?;
    let host = parse_host(host).ok_or_else(|| ParseEndpointError::Host(text.to_owned()))?;
    Ok((host.to_owned(), port))
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
