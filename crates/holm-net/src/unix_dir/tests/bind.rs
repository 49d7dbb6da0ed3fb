//! Private sockets.

use std::ffi::OsStr;
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use holm_env::{Endpoint, Listener, PeerAddr, TokioTransport, Transport};
use rustix::fs::OFlags;
use tempfile::TempDir;

use super::*;
use crate::unix_dir::private_dir::open_dir;
use crate::unix_dir::private_listener::{self, Lock};
use crate::unix_dir::{PrivateListener, SOCKET_PATH_MAX, UnixDirError, bind_private, is_own_user};

/// A directory of mode 0700 and a socket path in it.
fn place() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    set_mode(dir.path(), 0o700);
    let path = dir.path().join("a.sock");
    (dir, path)
}

fn error_of(bound: Result<PrivateListener, UnixDirError>) -> UnixDirError {
    match bound {
        Ok(_) => panic!("bound where it should be refused"),
        Err(error) => error,
    }
}

/// Dials and accepts, both by our own user.
async fn assert_serves(listener: &mut PrivateListener) {
    let local = listener.local();
    let (dialled, accepted) = tokio::join!(TokioTransport.dial(&local), listener.accept());
    for stream in [dialled.unwrap(), accepted.unwrap()] {
        match stream.peer {
            PeerAddr::Unix { uid, .. } => assert!(is_own_user(uid.unwrap())),
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_private_socket_is_ours_alone_and_leaves_nothing() {
    let (dir, path) = place();
    let mut listener = bind_private(&path).unwrap();
    assert_eq!(listener.local(), Endpoint::Unix(path.clone()));
    assert_eq!(mode(&path), 0o600);
    assert_serves(&mut listener).await;
    drop(listener);
    assert_eq!(dir.path().read_dir().unwrap().count(), 0);
}

/// The umask is not 077 where tests run, so that without a mode of its own it would be open.
#[cfg(target_os = "linux")]
#[test]
fn a_socket_is_private_before_its_mode_is_set() {
    let (_dir, path) = place();
    let address = rustix::net::SocketAddrUnix::new(&path).unwrap();
    rustix::net::bind(private_listener::private_socket().unwrap(), &address).unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[tokio::test]
async fn a_lax_foreign_or_linked_directory_is_refused_and_left_alone() {
    let (dir, path) = place();
    for lax in [0o755, 0o710, 0o701, 0o777, 0o500] {
        set_mode(dir.path(), lax);
        let error = error_of(bind_private(&path));
        assert!(matches!(error, UnixDirError::Lax { mode, .. } if mode == lax), "{error}");
        assert_eq!(mode(dir.path()), lax);
    }
    set_mode(dir.path(), 0o700);
    let outer = tempfile::tempdir().unwrap();
    symlink(dir.path(), outer.path().join("link")).unwrap();
    let error = error_of(bind_private(&outer.path().join("link/a.sock")));
    assert!(matches!(error, UnixDirError::Io { .. }), "{error}");
    if give_away(dir.path()) {
        let error = error_of(bind_private(&path));
        assert!(matches!(error, UnixDirError::Foreign { owner: STRANGER, .. }), "{error}");
    }
    assert_eq!(dir.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn a_live_socket_is_not_stolen() {
    let (_dir, path) = place();
    let mut first = bind_private(&path).unwrap();
    let error = error_of(bind_private(&path));
    assert!(matches!(error, UnixDirError::InUse { .. }), "{error}");
    assert_serves(&mut first).await;
    drop(first);
    bind_private(&path).unwrap();
}

#[tokio::test]
async fn a_live_socket_without_a_lock_is_not_stolen() {
    let (_dir, path) = place();
    let stranger = UnixListener::bind(&path).unwrap();
    let error = error_of(bind_private(&path));
    assert!(matches!(error, UnixDirError::InUse { .. }), "{error}");
    UnixStream::connect(&path).unwrap();
    stranger.accept().unwrap();
}

#[tokio::test]
async fn a_dead_socket_is_replaced() {
    let (dir, path) = place();
    drop(UnixListener::bind(&path).unwrap());
    fs::write(dir.path().join("a.sock.lock"), "").unwrap();
    assert!(path.exists());
    assert_serves(&mut bind_private(&path).unwrap()).await;
}

#[tokio::test]
async fn what_is_no_socket_is_not_replaced() {
    let (dir, path) = place();
    fs::write(&path, "precious").unwrap();
    let error = error_of(bind_private(&path));
    assert!(matches!(error, UnixDirError::NotASocket { .. }), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    fs::remove_file(&path).unwrap();
    symlink("elsewhere", &path).unwrap();
    let error = error_of(bind_private(&path));
    assert!(matches!(error, UnixDirError::NotASocket { .. }), "{error}");
    assert_eq!(dir.path().read_dir().unwrap().count(), 1, "no lock is left");
}

#[tokio::test]
async fn a_listener_leaves_what_has_replaced_its_socket() {
    let (dir, path) = place();
    let listener = bind_private(&path).unwrap();
    fs::write(dir.path().join("other"), "mine").unwrap();
    fs::rename(dir.path().join("other"), &path).unwrap();
    drop(listener);
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
}

#[tokio::test]
async fn a_path_is_as_long_as_the_system_allows_and_no_longer() {
    let (dir, _) = place();
    let room = SOCKET_PATH_MAX - dir.path().as_os_str().len() - 1;
    let longest = dir.path().join("s".repeat(room));
    assert_serves(&mut bind_private(&longest).unwrap()).await;
    let error = error_of(bind_private(&dir.path().join("s".repeat(room + 1))));
    assert!(
        matches!(error, UnixDirError::PathTooLong { length, .. } if length == SOCKET_PATH_MAX + 1)
    );
    assert!(error.to_string().contains("shorter directory"), "{error}");
    for nameless in ["/", "..", ""] {
        let error = error_of(bind_private(Path::new(nameless)));
        assert!(matches!(error, UnixDirError::NoName { .. }), "{error}");
    }
}

/// Many starters find one dead socket: one gets it, and keeps it.
#[tokio::test]
async fn one_of_many_racing_starters_wins() {
    const STARTERS: usize = 8;
    const ROUNDS: usize = 50;
    let runtime = tokio::runtime::Handle::current();
    for _ in 0..ROUNDS {
        let (_dir, path) = place();
        drop(UnixListener::bind(&path).unwrap());
        let barrier = Barrier::new(STARTERS);
        let bound: Vec<_> = std::thread::scope(|scope| {
            let start = || {
                let _runtime = runtime.enter();
                barrier.wait();
                bind_private(&path)
            };
            let starters: Vec<_> = (0..STARTERS).map(|_| scope.spawn(start)).collect();
            starters.into_iter().map(|starter| starter.join().unwrap()).collect()
        });
        let (mut winners, mut losers) = (Vec::new(), Vec::new());
        for bound in bound {
            match bound {
                Ok(listener) => winners.push(listener),
                Err(error) => losers.push(error),
            }
        }
        assert_eq!(winners.len(), 1, "{losers:?}");
        let only_in_use = |error: &UnixDirError| matches!(error, UnixDirError::InUse { .. });
        assert!(losers.iter().all(only_in_use), "{losers:?}");
        assert_serves(&mut winners[0]).await;
    }
}

/// The lock has one owner at a time, though each removes its file when done.
#[test]
fn a_lock_that_comes_and_goes_has_one_owner() {
    let (dir, path) = place();
    let (owners, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while taken.load(Ordering::Relaxed) < 300 {
                    let dir = open_dir(dir.path(), OFlags::empty()).unwrap();
                    let Ok(lock) = Lock::take(dir, OsStr::new("a.sock"), &path) else {
                        continue;
                    };
                    assert_eq!(owners.fetch_add(1, Ordering::SeqCst), 0);
                    std::thread::yield_now();
                    owners.fetch_sub(1, Ordering::SeqCst);
                    taken.fetch_add(1, Ordering::Relaxed);
                    drop(lock);
                }
            });
        }
    });
}
