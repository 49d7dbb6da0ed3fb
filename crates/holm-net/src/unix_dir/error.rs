//! Why a private directory or socket could not be had.

use std::io;
#[cfg(unix)]
use std::path::Path;
use std::path::PathBuf;

/// The longest path a Unix socket can have, in bytes: the system's field without
/// the closing NUL. A longer one is refused with [`UnixDirError::PathTooLong`].
pub const SOCKET_PATH_MAX: usize =
    if cfg!(any(target_os = "linux", target_os = "android")) { 107 } else { 103 };

/// Why a private directory or socket could not be had. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnixDirError {
    /// The caller chose too long a path.
    #[error(
        "the socket path {path} has {length} bytes, but Unix sockets allow {SOCKET_PATH_MAX}: \
         choose a shorter directory"
    )]
    PathTooLong {
        /// The path.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
    },
    /// The caller's path does not name a file in a directory.
    #[error("{path} does not name a socket in a directory")]
    NoName {
        /// The path.
        path: PathBuf,
    },
    /// The directory is another user's; it is left alone.
    #[error("the directory {path} belongs to user {owner}, not to us (user {ours})")]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        ours: u32,
    },
    /// Others may enter the directory or replace what is in it; it is left as
    /// it is.
    #[error("the directory {path} is open to others (mode {mode:04o})")]
    Lax {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A live process listens there.
    #[error("{path} is in use by a live process")]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// Something that is no socket has the name; it is left alone.
    #[error("{path} exists and is not a socket")]
    NotASocket {
        /// What is in the way.
        path: PathBuf,
    },
    /// All names for a fresh directory are taken.
    #[error("all names {path}{}-* are taken", std::process::id())]
    NamesTaken {
        /// The parent directory with the prefix.
        path: PathBuf,
    },
    /// There are no Unix sockets on this system.
    #[error("cannot listen at {path}: this system has no Unix sockets")]
    Unsupported {
        /// The socket.
        path: PathBuf,
    },
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// What was being worked on.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl UnixDirError {
    /// Turns a failed call on `path` into an error.
    #[cfg(unix)]
    pub(super) fn at<E: Into<io::Error>>(path: &Path) -> impl FnOnce(E) -> Self {
        |source| Self::Io { path: path.to_owned(), source: source.into() }
    }
}
