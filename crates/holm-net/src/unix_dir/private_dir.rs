//! A directory that only our own user can enter.

use std::ffi::OsStr;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags, Stat, flock, fstat, statat};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::UnixDirError;

/// Names tried for a fresh directory. Each one taken is another directory of
/// this process id; at the limit somebody occupies them on purpose, and
/// [`UnixDirError::NamesTaken`] says so.
pub(super) const NAME_TRIES_MAX: u32 = 256;

/// Whether `uid` is our own effective user: the only one whose processes may be at
/// the other end of a private socket. Root is not.
pub fn is_own_user(uid: u32) -> bool {
    uid == geteuid().as_raw()
}

/// A fresh directory of mode 0700, named `PREFIX` + process id + `-` + number,
/// and removed with everything in it when dropped.
///
/// Its lock tells [`sweep`] that its owner lives; the system releases it however
/// the process ends.
#[derive(Debug)]
pub struct PrivateDir {
    path: PathBuf,
    _lock: OwnedFd,
}

impl PrivateDir {
    /// Makes a directory in `parent`, which must be ours or root's and such that
    /// others cannot rename what is in it (`/tmp`, being sticky, will do).
    pub fn create(parent: &Path, prefix: &str) -> Result<Self, UnixDirError> {
        check_parent(parent)?;
        for number in 0..NAME_TRIES_MAX {
            let path = parent.join(format!("{prefix}{}-{number}", std::process::id()));
            match rustix::fs::mkdir(&path, Mode::RWXU) {
                Ok(()) => {}
                Err(Errno::EXIST) => continue,
                Err(error) => return Err(UnixDirError::at(&path)(error)),
            }
            // Between the two calls a sweep may have taken the directory for a
            // dead owner's. Then the next number is tried.
            if let Some(lock) = lock_dir(&path)? {
                let stat = fstat(&lock).map_err(UnixDirError::at(&path))?;
                let dir = Self { path, _lock: lock };
                check_private(&dir.path, &stat)?;
                return Ok(dir);
            }
        }
        Err(UnixDirError::NamesTaken { path: parent.join(prefix) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PrivateDir {
    fn drop(&mut self) {
        // What cannot be removed now is swept at the next start.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes what killed processes of our user left in `parent`: directories of
/// mode 0700 named as by [`PrivateDir::create`] with this `prefix`, whose lock
/// nobody holds. Says how many.
pub fn sweep(parent: &Path, prefix: &str) -> Result<usize, UnixDirError> {
    check_parent(parent)?;
    let mut removed = 0;
    for entry in fs::read_dir(parent).map_err(UnixDirError::at(parent))? {
        let entry = entry.map_err(UnixDirError::at(parent))?;
        if !is_our_name(&entry.file_name(), prefix) {
            continue;
        }
        let path = entry.path();
        // Others' directories, links and files of that name are not our concern.
        let ours = statat(CWD, &path, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| check_private(&path, &stat).is_ok());
        if !ours {
            continue;
        }
        // The lock is held until the directory is gone.
        if let Some(_lock) = lock_dir(&path)? {
            fs::remove_dir_all(&path).map_err(UnixDirError::at(&path))?;
            removed += 1;
        }
    }
    Ok(removed)
}

fn is_our_name(name: &OsStr, prefix: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    name.to_str()
        .and_then(|name| name.strip_prefix(prefix)?.split_once('-'))
        .is_some_and(|(pid, number)| is_number(pid) && is_number(number))
}

/// Locks the directory, or finds it locked or gone (`None`).
fn lock_dir(path: &Path) -> Result<Option<OwnedFd>, UnixDirError> {
    let dir = match open_dir(path, OFlags::NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(None),
        dir => dir.map_err(UnixDirError::at(path))?,
    };
    match flock(&dir, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => return Ok(None),
        locked => locked.map_err(UnixDirError::at(path))?,
    }
    Ok(is_still_at(&dir, path)?.then_some(dir))
}

/// Whether `path` still names the open `file`.
fn is_still_at(file: &OwnedFd, path: &Path) -> Result<bool, UnixDirError> {
    let open = fstat(file).map_err(UnixDirError::at(path))?;
    match statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(named) => Ok(same_file(&open, &named)),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(UnixDirError::at(path)(error)),
    }
}

pub(super) fn same_file(first: &Stat, second: &Stat) -> bool {
    (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)
}

pub(super) fn open_dir(path: &Path, more: OFlags) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | more;
    rustix::fs::open(path, flags, Mode::empty())
}

/// A directory of ours that nobody else can enter. Bits beyond the permissions
/// (set-group-id, inherited on some systems) change nothing.
pub(super) fn check_private(path: &Path, stat: &Stat) -> Result<(), UnixDirError> {
    check_owner(path, stat, &[geteuid().as_raw()])?;
    let mode = permissions(stat);
    let is_dir = rustix::fs::FileType::from_raw_mode(stat.st_mode).is_dir();
    if !is_dir || mode & 0o777 != 0o700 {
        return Err(UnixDirError::Lax { path: path.to_owned(), mode });
    }
    Ok(())
}

/// A directory in which others cannot rename or remove what is ours.
fn check_parent(path: &Path) -> Result<(), UnixDirError> {
    const WRITABLE_BY_OTHERS: u32 = 0o022;
    const STICKY: u32 = 0o1000;
    let dir = open_dir(path, OFlags::empty()).map_err(UnixDirError::at(path))?;
    let stat = fstat(&dir).map_err(UnixDirError::at(path))?;
    check_owner(path, &stat, &[0, geteuid().as_raw()])?;
    let mode = permissions(&stat);
    if mode & WRITABLE_BY_OTHERS != 0 && mode & STICKY == 0 {
        return Err(UnixDirError::Lax { path: path.to_owned(), mode });
    }
    Ok(())
}

fn check_owner(path: &Path, stat: &Stat, allowed: &[u32]) -> Result<(), UnixDirError> {
    if allowed.contains(&stat.st_uid) {
        return Ok(());
    }
    Err(UnixDirError::Foreign {
        path: path.to_owned(),
        owner: stat.st_uid,
        ours: geteuid().as_raw(),
    })
}

/// The permission bits. Their type differs between systems.
#[allow(clippy::useless_conversion, reason = "the type is `u16` on some systems")]
fn permissions(stat: &Stat) -> u32 {
    u32::from(stat.st_mode) & 0o7777
}
