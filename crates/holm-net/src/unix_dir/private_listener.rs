//! A Unix socket that only our own user can dial.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use holm_env::{BoxFuture, Connection, Endpoint, Listener, TokioTransport};
use rustix::fs::{
    AtFlags, FileType, FlockOperation, Mode, OFlags, Stat, chmodat, fchmod, flock, fstat, openat,
    statat, unlinkat,
};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

use super::private_dir::{check_private, open_dir, same_file};
use super::{SOCKET_PATH_MAX, UnixDirError};

/// Connections that may wait to be accepted, as tokio's own listeners let wait.
/// Further dials fail with "resource temporarily unavailable".
const BACKLOG: i32 = 1024;

/// How often a lock file is opened anew because its owner removed it meanwhile.
/// Each time another process has just ended there; at the limit the socket
/// counts as in use.
const LOCK_TRIES_MAX: u32 = 16;

/// The mode of a private socket's file.
const OWNER_ONLY: Mode = Mode::RUSR.union(Mode::WUSR);

/// A listener at a socket of mode 0600 in a directory of mode 0700, both ours.
/// Dropping it removes the socket.
///
/// Whoever accepts still checks the peer's user by [`is_own_user`](super::is_own_user):
/// root passes every wall, and a stream can be handed on.
pub struct PrivateListener {
    inner: Box<dyn Listener>,
    _file: SocketFile,
}

/// Listens at `path`, whose directory must be ours and closed to others. A socket
/// that a dead process left there is replaced, a live one is
/// [`UnixDirError::InUse`].
///
/// While it lives, the owner of a socket holds a lock on a file beside it, named
/// like the socket with `.lock` added, so that two starters cannot both find a
/// dead socket and replace each other's.
///
/// # Panics
/// Outside of a tokio runtime.
pub fn bind_private(path: &Path) -> Result<PrivateListener, UnixDirError> {
    let length = path.as_os_str().as_bytes().len();
    if length > SOCKET_PATH_MAX {
        return Err(UnixDirError::PathTooLong { path: path.to_owned(), length });
    }
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(UnixDirError::NoName { path: path.to_owned() });
    };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let dir = open_dir(parent, OFlags::NOFOLLOW).map_err(UnixDirError::at(parent))?;
    check_private(parent, &fstat(&dir).map_err(UnixDirError::at(parent))?)?;

    let lock = Lock::take(dir, name, path)?;
    remove_stale(&lock.dir, name, path)?;
    let (socket, file) = bind(lock, name, path)?;
    // Nobody could dial until here.
    rustix::net::listen(&socket, BACKLOG).map_err(UnixDirError::at(path))?;
    let inner = TokioTransport::adopt_unix(socket.into(), path.to_owned())
        .map_err(UnixDirError::at(path))?;
    Ok(PrivateListener { inner, _file: file })
}

impl Listener for PrivateListener {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Connection>> {
        self.inner.accept()
    }

    fn local(&self) -> Endpoint {
        self.inner.local()
    }
}

/// The right to a socket's name, held while the listener lives.
pub(super) struct Lock {
    dir: OwnedFd,
    name: OsString,
    _file: OwnedFd,
}

impl Lock {
    pub(super) fn take(dir: OwnedFd, socket: &OsStr, path: &Path) -> Result<Self, UnixDirError> {
        let mut name = socket.to_owned();
        name.push(".lock");
        let failed = |error: Errno| UnixDirError::at(path)(error);
        for _ in 0..LOCK_TRIES_MAX {
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = openat(&dir, &name, flags, Mode::RUSR | Mode::WUSR).map_err(failed)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK) => break,
                locked => locked.map_err(failed)?,
            }
            // The owner before us may have removed the file after we opened it.
            let open = fstat(&file).map_err(failed)?;
            match statat(&dir, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(named) if same_file(&open, &named) => {
                    return Ok(Self { dir, name, _file: file });
                }
                Ok(_) | Err(Errno::NOENT) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(UnixDirError::InUse { path: path.to_owned() })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Still locked, so that nobody can have locked the file we remove.
        let _ = unlinkat(&self.dir, &self.name, AtFlags::empty());
    }
}

/// A bound socket's file, removed when dropped; then the lock.
struct SocketFile {
    lock: Lock,
    name: OsString,
    stat: Stat,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Not if somebody outside of this protocol has replaced it.
        let named = statat(&self.lock.dir, &self.name, AtFlags::SYMLINK_NOFOLLOW);
        if named.is_ok_and(|named| same_file(&named, &self.stat)) {
            let _ = unlinkat(&self.lock.dir, &self.name, AtFlags::empty());
        }
    }
}

/// Removes a socket that nobody listens at. Whoever holds no lock but answers a
/// dial, or might, keeps his.
fn remove_stale(dir: &OwnedFd, name: &OsStr, path: &Path) -> Result<(), UnixDirError> {
    match statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(()),
        Ok(stat) if FileType::from_raw_mode(stat.st_mode).is_socket() => {}
        Ok(_) => {
            return Err(UnixDirError::NotASocket { path: path.to_owned() });
        }
        Err(error) => return Err(UnixDirError::at(path)(error)),
    }
    let probe = new_socket().map_err(UnixDirError::at(path))?;
    // A full backlog is an answer too, not a reason to wait.
    rustix::io::ioctl_fionbio(&probe, true).map_err(UnixDirError::at(path))?;
    let address = SocketAddrUnix::new(path).map_err(UnixDirError::at(path))?;
    match rustix::net::connect(&probe, &address) {
        Err(Errno::CONNREFUSED) => match unlinkat(dir, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(UnixDirError::at(path)(error)),
        },
        Err(Errno::NOENT) => Ok(()),
        Ok(()) | Err(_) => Err(UnixDirError::InUse { path: path.to_owned() }),
    }
}

/// Binds without listening yet, and sets the mode where the socket could not bring its own.
fn bind(lock: Lock, name: &OsStr, path: &Path) -> Result<(OwnedFd, SocketFile), UnixDirError> {
    let failed = |error: Errno| UnixDirError::at(path)(error);
    let socket = private_socket().map_err(failed)?;
    let address = SocketAddrUnix::new(path).map_err(failed)?;
    match rustix::net::bind(&socket, &address) {
        Err(Errno::ADDRINUSE) => {
            return Err(UnixDirError::InUse { path: path.to_owned() });
        }
        bound => bound.map_err(failed)?,
    }
    // Through the directory that was checked: had a link higher up been changed
    // meanwhile, the socket would not be there.
    let stat = statat(&lock.dir, name, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
    let file = SocketFile { lock, name: name.to_owned(), stat };
    chmodat(&file.lock.dir, name, OWNER_ONLY, AtFlags::empty()).map_err(failed)?;
    Ok((socket, file))
}

/// A socket whose file is private from the moment it is bound, whatever the umask, where the system
/// takes the file's mode from the socket: Linux does.
pub(super) fn private_socket() -> Result<OwnedFd, Errno> {
    let socket = new_socket()?;
    // Others refuse it.
    let _ = fchmod(&socket, OWNER_ONLY);
    Ok(socket)
}

/// A socket that child processes do not inherit.
fn new_socket() -> Result<OwnedFd, Errno> {
    #[cfg(not(target_vendor = "apple"))]
    return rustix::net::socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        rustix::net::SocketFlags::CLOEXEC,
        None,
    );
    #[cfg(target_vendor = "apple")]
    {
        let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
        rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
        Ok(socket)
    }
}
