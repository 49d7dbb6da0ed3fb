//! How a run ends, and what it leaves: no process, no socket.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::process::Stdio;

use rustix::process::Signal;

use crate::session::{Process, Session};
use crate::support::{Scratch, json};

#[test]
fn workers_end_with_a_killed_router_and_its_socket_is_swept() {
    let scratch = Scratch::with_classes();
    let session = Session::start(&mut scratch.index(&scratch.src()), 3);
    let workers = session.workers();
    assert_eq!(workers.len(), 3);
    session.router().kill();
    workers.iter().for_each(Process::wait);
    session.wait();
    assert_eq!(scratch.run_dirs().len(), 1, "a killed router cannot remove its folder");
    json(scratch.index(&scratch.src()).args(["--workers", "1"]));
    assert_eq!(scratch.run_dirs().len(), 0, "the next one does");
}

#[test]
fn workers_end_with_a_router_killed_while_indexing() {
    let scratch = Scratch::new();
    // Enough work that a worker is in the middle of it.
    let text = "class C { void m() { int i = 0; } }\n".repeat(200_000);
    for file in 0..4 {
        scratch.write(&format!("C{file}.java"), text.as_bytes());
    }
    let mut command = scratch.index(&scratch.src());
    command.args(["--workers", "2"]).env("HOLM_LOG", "info").stderr(Stdio::piped());
    let mut session = Session::spawn(&mut command);
    let mut log = BufReader::new(session.take_stderr()).lines().map(|line| line.unwrap());
    assert!(log.any(|line| line.contains("connected")), "a worker is there");
    let workers = session.workers();
    assert!(!workers.is_empty());
    session.router().kill();
    workers.iter().for_each(Process::wait);
    session.wait();
}

#[test]
fn a_router_that_is_told_to_end_leaves_nothing() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let scratch = Scratch::with_classes();
        let session = Session::start(&mut scratch.index(&scratch.src()), 2);
        let workers = session.workers();
        session.router().signal(signal);
        assert_eq!(session.wait(), code);
        workers.iter().for_each(Process::wait);
        assert_eq!(scratch.run_dirs().len(), 0);
    }
}

#[test]
fn only_the_user_can_reach_the_router_and_know_the_token() {
    let scratch = Scratch::with_classes();
    let session = Session::start(&mut scratch.index(&scratch.src()), 2);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let dirs = scratch.run_dirs();
    assert_eq!(mode(&dirs[0]), 0o700);
    let socket = dirs[0].join("router.sock");
    assert!(fs::metadata(&socket).unwrap().file_type().is_socket());
    assert_eq!(mode(&socket), 0o600);
    let tokens: Vec<String> = session.workers().iter().map(token).collect();
    assert_eq!(tokens[0], tokens[1]);
    assert!(tokens[0].len() == 64 && tokens[0].bytes().all(|byte| byte.is_ascii_hexdigit()));
    for worker in session.workers() {
        let arguments = fs::read(format!("/proc/{}/cmdline", worker.pid)).unwrap();
        assert!(!String::from_utf8_lossy(&arguments).contains(&tokens[0]));
    }
    session.finish();
    assert_eq!(scratch.run_dirs().len(), 0);
}

/// The token in a worker's environment.
fn token(worker: &Process) -> String {
    let environment = fs::read(format!("/proc/{}/environ", worker.pid)).unwrap();
    let entries = environment.split(|byte| *byte == 0);
    let mut tokens = entries
        .filter_map(|entry| std::str::from_utf8(entry).ok()?.strip_prefix("HOLM_WORKER_TOKEN="));
    tokens.next().unwrap().to_owned()
}
