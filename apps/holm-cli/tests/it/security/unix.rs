//! Unix sockets: modes, other users, live sockets and folders of others.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use rustix::process::Signal;

use super::{Keyring, Node, Program};

/// A user who runs nothing here.
const STRANGER: u32 = 65_534;

/// Starts that are watched.
const STARTS: usize = 8;

/// Runs a command as [`STRANGER`].
fn as_stranger(command: &Command) -> Command {
    let mut wrapped = Command::new("setpriv");
    let id = STRANGER.to_string();
    wrapped.args(["--reuid", &id, "--regid", &id, "--clear-groups", "--"]);
    wrapped.arg(command.get_program()).args(command.get_args());
    wrapped.current_dir(command.get_current_dir().unwrap());
    wrapped
}

/// Whether a test can act as two users; says so if not.
fn is_root(test: &str) -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        println!("SKIP {test}: only root can act as another user");
    }
    is_root
}

/// While nodes start and end with a umask of nothing, neither their folder nor the socket is ever open
/// to others.
#[test]
fn folder_and_socket_are_private_from_the_start() {
    let ring = Keyring::new();
    let (folder, socket) = (ring.path("s"), ring.path("s/node"));
    let (dialled, done) = (AtomicUsize::new(0), AtomicBool::new(false));
    let watch = || {
        let (mut folders, mut sockets) = (BTreeSet::new(), BTreeSet::new());
        while !done.load(Relaxed) {
            folders.extend(mode(&folder));
            sockets.extend(mode(&socket));
            if UnixStream::connect(&socket).is_ok() {
                dialled.fetch_add(1, Relaxed);
            }
        }
        (folders, sockets)
    };
    let (folders, sockets) = std::thread::scope(|scope| {
        let watcher = scope.spawn(watch);
        let end = End(&done);
        for _ in 0..STARTS {
            let command = ring.node_command("unix:s/node", "");
            let mut shell = Command::new("sh");
            shell.args(["-c", "umask 000; exec \"$0\" \"$@\""]).arg(command.get_program());
            shell.args(command.get_args()).current_dir(command.get_current_dir().unwrap());
            let before = dialled.load(Relaxed);
            let node = Node::start(&mut shell);
            while dialled.load(Relaxed) == before && !watcher.is_finished() {
                std::thread::yield_now();
            }
            node.program.signal(Signal::TERM);
            assert_eq!(node.program.end().code, Some(0));
            assert!(!socket.exists());
            fs::remove_dir(&folder).unwrap();
        }
        drop(end);
        watcher.join().unwrap()
    });
    assert_eq!((folders, sockets), ([0o700].into(), [0o600].into()));
}

/// Ends the watcher, also if the test fails.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// The permissions of what is there, if anything is.
fn mode(path: &Path) -> Option<u32> {
    fs::symlink_metadata(path).ok().map(|found| found.mode() & 0o7777)
}

/// With the right token, and past the walls of the file system.
#[test]
fn another_user_is_refused() {
    if !is_root("another_user_is_refused") {
        return;
    }
    let ring = Keyring::new();
    // A user who may not enter the folder.
    fs::set_permissions(ring.path("."), PermissionsExt::from_mode(0o755)).unwrap();
    let mut node = ring.node("unix:s/node", "--token-file token");
    ring.ping(node.at(), "--token-file token").succeeds();
    ring.copy("token", "theirs");
    chown(ring.path("theirs"), Some(STRANGER), Some(STRANGER)).unwrap();
    let ping = ring.ping_command(node.at(), "--token-file theirs");
    Program::start(&mut as_stranger(&ping)).fails("ermission denied");
    // Nor with the walls down: the kernel says who dials.
    fs::set_permissions(ring.path("s"), PermissionsExt::from_mode(0o777)).unwrap();
    fs::set_permissions(ring.path("s/node"), PermissionsExt::from_mode(0o777)).unwrap();
    Program::start(&mut as_stranger(&ping))
        .fails("the peer runs as user Some(0), this node does not");
    node.logs(&format!("the peer runs as user Some({STRANGER}), this node does not"));
}

#[test]
fn a_live_socket_is_not_stolen() {
    let ring = Keyring::new();
    let first = ring.node("unix:s/node", "");
    let inode = fs::metadata(ring.path("s/node")).unwrap().ino();
    for other in ["unix:s/node", "unix:./s/node"] {
        Program::start(&mut ring.node_command(other, "")).fails("is in use by a live process");
    }
    assert_eq!(fs::metadata(ring.path("s/node")).unwrap().ino(), inode);
    ring.ping(first.at(), "").succeeds();
    // A killed one's is taken over.
    first.program.signal(Signal::KILL);
    first.program.end();
    let second = ring.node("unix:s/node", "");
    ring.ping(second.at(), "").succeeds();
}

#[test]
fn a_folder_of_others_is_left_as_it_is() {
    let ring = Keyring::new();
    let folder = ring.path("s");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("theirs"), "their content").unwrap();
    let is_root = is_root("another user's folder");
    let mut cases = vec![(0o755, None, "is open to others (mode 0755)")];
    if is_root {
        cases.push((0o700, Some(STRANGER), "belongs to user 65534, not to us"));
    }
    for (mode, owner, why) in cases {
        fs::set_permissions(&folder, PermissionsExt::from_mode(mode)).unwrap();
        chown(&folder, owner, owner).unwrap();
        let before = fs::metadata(&folder).unwrap();
        Program::start(&mut ring.node_command("unix:s/node", "")).fails(why);
        let after = fs::metadata(&folder).unwrap();
        let is = |of: &fs::Metadata| (of.mode(), of.uid(), of.gid(), of.mtime(), of.mtime_nsec());
        assert_eq!(is(&after), is(&before));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(folder.join("theirs")).unwrap(), "their content");
    }
}
