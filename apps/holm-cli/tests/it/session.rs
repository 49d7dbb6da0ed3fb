//! A run of `holm index` that is asked at its prompt.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// A running `holm index` without `--query`.
pub(crate) struct Session {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Session {
    /// Starts the command.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdin, stdout }
    }

    /// Starts the command with so many workers, and waits until it has indexed.
    pub(crate) fn start(command: &mut Command, workers: usize) -> Self {
        let mut session = Self::spawn(command.args(["--workers", &workers.to_string()]));
        let mut seen = 0;
        while seen < workers {
            seen += usize::from(session.line().starts_with("worker "));
        }
        session
    }

    /// Its standard error, if the command has it piped.
    pub(crate) fn take_stderr(&mut self) -> ChildStderr {
        self.child.stderr.take().unwrap()
    }

    /// Asks for one answer, with `--limit 1`.
    pub(crate) fn ask(&mut self, query: &str) -> String {
        writeln!(self.stdin, "{query}").unwrap();
        self.line()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(self.stdout.read_line(&mut line).unwrap(), 0, "it ended early");
        line
    }

    /// The router.
    pub(crate) fn router(&self) -> Process {
        Process::open(self.child.id())
    }

    /// Its worker processes.
    pub(crate) fn workers(&self) -> Vec<Process> {
        let mut workers = Vec::new();
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap() {
            let children = fs::read_to_string(task.unwrap().path().join("children")).unwrap();
            workers
                .extend(children.split_whitespace().map(|pid| Process::open(pid.parse().unwrap())));
        }
        workers
    }

    /// Ends its input, and wants it to end well.
    pub(crate) fn finish(self) {
        let Self { mut child, stdin, .. } = self;
        drop(stdin);
        assert!(child.wait().unwrap().success());
    }

    /// Waits for its end; gives the exit code, or the signal as a negative number.
    pub(crate) fn wait(mut self) -> i32 {
        let status = self.child.wait().unwrap();
        status.code().unwrap_or_else(|| -status.signal().unwrap())
    }
}

/// A process, held so that its id cannot come to mean another.
pub(crate) struct Process {
    pub(crate) pid: u32,
    handle: OwnedFd,
}

/// How long an end that is due at once may take: workers are to be gone this soon after their router.
const END_SECONDS: i64 = 2;

impl Process {
    fn open(pid: u32) -> Self {
        let id = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        Self { pid, handle: pidfd_open(id, PidfdFlags::empty()).unwrap() }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        pidfd_send_signal(&self.handle, signal).unwrap();
    }

    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Waits for its end, which must come soon.
    #[track_caller]
    pub(crate) fn wait(&self) {
        let mut ends = [PollFd::new(&self.handle, PollFlags::IN)];
        let soon = Timespec { tv_sec: END_SECONDS, tv_nsec: 0 };
        assert_eq!(poll(&mut ends, Some(&soon)).unwrap(), 1, "process {} lives on", self.pid);
    }
}
