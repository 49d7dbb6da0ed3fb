//! What takes another process: one that is killed, one of another user.
//!
//! The child is this test program again, told to run one ignored test; it speaks
//! by lines on its standard output.

use std::future::pending;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use holm_env::{Listener, PeerAddr, TokioTransport, Transport};

use super::*;
use crate::unix_dir::{PrivateDir, UnixDirError, bind_private, is_own_user, sweep};

/// Tells a child where to work.
const PLACE: &str = "HOLM_NET_TEST_PLACE";
/// Begins the line that a child answers by.
const ANSWER: &str = "answer: ";

fn command(test: &str, place: &Path) -> Command {
    // Through the link, so that another user need not reach the file's directory.
    let program = if cfg!(target_os = "linux") {
        PathBuf::from("/proc/self/exe")
    } else {
        std::env::current_exe().unwrap()
    };
    let mut command = Command::new(program);
    command
        .args(["--exact", "--ignored", "--nocapture"])
        .arg(format!("unix_dir::tests::children::{test}"))
        .env(PLACE, place)
        .stdout(Stdio::piped());
    command
}

/// A child that ends with the test, passed or failed.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> std::io::Result<Self> {
        command.spawn().map(Self)
    }

    fn answer(&mut self) -> String {
        let lines = BufReader::new(self.0.stdout.take().unwrap()).lines();
        let mut answers = lines
            .map_while(Result::ok)
            .filter_map(|line| line.split_once(ANSWER).map(|(_, answer)| answer.to_owned()));
        answers.next().expect("the child answers")
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

fn place() -> PathBuf {
    std::env::var_os(PLACE).expect("run by another test").into()
}

#[tokio::test]
#[ignore = "the child of a_killed_owner_leaves_nothing_for_long"]
async fn child_owns_a_socket() {
    let dir = PrivateDir::create(&place(), "holm-").unwrap();
    let _listener = bind_private(&dir.path().join("a.sock")).unwrap();
    println!("\n{ANSWER}{}", dir.path().display());
    pending::<()>().await;
}

#[tokio::test]
async fn a_killed_owner_leaves_nothing_for_long() {
    let parent = tempfile::tempdir().unwrap();
    let mut child = Running::start(&mut command("child_owns_a_socket", parent.path())).unwrap();
    let dir = PathBuf::from(child.answer());
    let socket = dir.join("a.sock");
    assert_eq!(sweep(parent.path(), "holm-").unwrap(), 0, "its owner lives");
    assert!(matches!(bind_private(&socket), Err(UnixDirError::InUse { .. })));

    child.kill();
    assert!(socket.exists(), "a killed process cleans nothing");
    drop(bind_private(&socket).unwrap());
    assert_eq!(sweep(parent.path(), "holm-").unwrap(), 1);
    assert!(!dir.exists());
}

#[tokio::test]
#[ignore = "the child of another_user_is_told_apart"]
async fn child_dials() {
    let dialled = TokioTransport.dial(&holm_env::Endpoint::Unix(place())).await;
    println!("\n{ANSWER}{}", dialled.unwrap().peer);
}

#[tokio::test]
async fn another_user_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    set_mode(dir.path(), 0o700);
    let path = dir.path().join("a.sock");
    let mut listener = bind_private(&path).unwrap();
    // Both walls torn down, or the stranger would not get as far as the check.
    set_mode(dir.path(), 0o711);
    set_mode(&path, 0o666);
    let mut child = match Running::start(command("child_dials", &path).uid(STRANGER)) {
        Ok(child) => child,
        Err(error) => return println!("skipped: another user needs root: {error}"),
    };
    match listener.accept().await.unwrap().peer {
        PeerAddr::Unix { uid, pid } => {
            assert_eq!((uid, pid), (Some(STRANGER), Some(child.0.id())));
            assert!(!is_own_user(STRANGER));
        }
        other => panic!("{other}"),
    }
    let us = format!("uid={},pid={}", rustix::process::geteuid().as_raw(), std::process::id());
    assert_eq!(child.answer(), format!("unix:{us}"));
}
