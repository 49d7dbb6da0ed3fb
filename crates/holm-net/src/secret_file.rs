//! Files with keys and tokens: read only where nobody else can, created so that nobody else can.
//!
//! That is so on Unix. Elsewhere a file has the rights of its folder, which nothing here looks at.

#[cfg(not(unix))]
mod elsewhere;
#[cfg(unix)]
mod unix;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use holm_wire::Secret;
use zeroize::Zeroizing;

#[cfg(not(unix))]
use elsewhere as sys;
#[cfg(unix)]
use unix as sys;

/// Longest file read, in bytes: any PEM key, and the longest token that crosses the wire several
/// times. A longer one is refused.
pub const SECRET_FILE_MAX: usize = 64 * 1024;

/// Why a file was not used, or not created. It was left as it is. None of the texts holds
/// anything of what is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretFileError {
    /// It is a folder, a pipe or a device.
    #[error("{path} is no plain file")]
    NoFile {
        /// The file.
        path: PathBuf,
    },
    /// It is another user's, who can change it.
    #[error("{path} belongs to user {owner}, not to us")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// Others may read or write it.
    #[error("{path} is open to others (mode {mode:04o}): use `chmod 600`")]
    Lax {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// There is nothing in it, or white space alone.
    #[error("{path} is empty")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// It is longer than [`SECRET_FILE_MAX`].
    #[error("{path} has more than {SECRET_FILE_MAX} bytes")]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// It does not hold what it should.
    #[error("{path} holds no {expected}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Reads a secret; white space around it is no part of it.
///
/// # Errors
/// [`SecretFileError`].
pub fn read_secret(path: &Path) -> Result<Secret, SecretFileError> {
    let bytes = read(path)?;
    match bytes.trim_ascii() {
        [] => Err(SecretFileError::Empty { path: path.to_owned() }),
        secret => Ok(Secret::new(secret.to_vec())),
    }
}

/// Reads the whole of a file that nobody else can read. What is checked is the opened file
/// itself, so it cannot be exchanged in between.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretFileError> {
    let io = |source| SecretFileError::Io { path: path.to_owned(), source };
    let file = sys::without_waiting(OpenOptions::new().read(true)).open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        return Err(SecretFileError::NoFile { path: path.to_owned() });
    }
    sys::check_private(&metadata, path)?;
    // Room for all of it at once: a buffer that grew would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(SECRET_FILE_MAX + 1));
    file.take(SECRET_FILE_MAX as u64 + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() > SECRET_FILE_MAX {
        return Err(SecretFileError::TooLong { path: path.to_owned() });
    }
    Ok(bytes)
}

/// Writes a file of mode 0600 that was not there before.
///
/// # Errors
/// [`SecretFileError::Io`]; a file that is there already is left alone
/// ([`io::ErrorKind::AlreadyExists`]), one half written is removed.
pub fn create(path: &Path, content: &[u8]) -> Result<(), SecretFileError> {
    let io = |source| SecretFileError::Io { path: path.to_owned(), source };
    let mut options = OpenOptions::new();
    let mut file = sys::private(options.write(true).create_new(true)).open(path).map_err(io)?;
    let write = |file: &mut File| {
        file.write_all(content)?;
        file.sync_all()
    };
    write(&mut file).map_err(|source| {
        // Half a key would refuse every later start.
        let _ = std::fs::remove_file(path);
        io(source)
    })
}
