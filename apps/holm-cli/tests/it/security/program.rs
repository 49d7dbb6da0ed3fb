//! A running program: what it says, line by line, and its end.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// How long a line or an end may take that is due at once. Only a failing test waits so long.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A running program; killed when dropped.
pub(crate) struct Program {
    child: Child,
    pub(crate) out: Output,
    pub(crate) err: Output,
}

/// How a program ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Program {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = spawn(command);
        let err = Output::of(child.stderr.take().unwrap());
        Self::new(child, err)
    }

    /// Starts it with nobody at the other end of its standard error.
    pub(crate) fn start_unheard(command: &mut Command) -> Self {
        let mut child = spawn(command);
        drop(child.stderr.take());
        Self::new(child, Output::of(std::io::empty()))
    }

    fn new(mut child: Child, err: Output) -> Self {
        let out = Output::of(child.stdout.take().unwrap());
        Self { child, out, err }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        let (out, err) = (self.out.whole(), self.err.whole());
        Ended { code: self.child.wait().unwrap().code(), out, err }
    }

    /// Waits for its end, which is to be a failure that says this.
    #[track_caller]
    pub(crate) fn fails(self, why: &str) -> Ended {
        let ended = self.end();
        assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
        let last = ended.err.find("error: ").map_or("", |at| &ended.err[at..]);
        assert!(last.contains(why), "not {why:?}: {}", ended.err);
        ended
    }

    /// Waits for its end, which is to be a good one.
    #[track_caller]
    pub(crate) fn succeeds(self) -> Ended {
        let ended = self.end();
        assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
        ended
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(command: &mut Command) -> Child {
    let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    piped.spawn().unwrap()
}

/// What a program says on one of its outputs, read as it comes.
pub(crate) struct Output {
    shared: Arc<(Mutex<Said>, Condvar)>,
    /// Bytes of lines that were waited for.
    seen: usize,
}

#[derive(Default)]
struct Said {
    text: String,
    is_whole: bool,
}

impl Output {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let shared = Arc::<(Mutex<Said>, Condvar)>::default();
        let reader = Arc::clone(&shared);
        std::thread::spawn(move || {
            let (said, more) = &*reader;
            let mut buffer = [0; 4096];
            loop {
                let n = pipe.read(&mut buffer).unwrap_or(0);
                let mut said = said.lock().unwrap();
                said.text.push_str(&String::from_utf8_lossy(&buffer[..n]));
                said.is_whole = n == 0;
                more.notify_all();
                if n == 0 {
                    return;
                }
            }
        });
        Self { shared, seen: 0 }
    }

    /// The next line, behind those that were waited for already, with this in it.
    #[track_caller]
    pub(crate) fn line(&mut self, with: &str) -> String {
        let find = |said: &Said| {
            let mut at = self.seen;
            said.text[at..].split_inclusive('\n').find_map(|line| {
                at += line.len();
                let is_it = line.ends_with('\n') && line.contains(with);
                is_it.then(|| (line.trim_end().to_owned(), at))
            })
        };
        let said = self.wait(|said| said.is_whole || find(said).is_some());
        let (line, seen) = find(&said).unwrap_or_else(|| panic!("no {with:?} in {}", said.text));
        drop(said);
        self.seen = seen;
        line
    }

    /// Lines that are there already are not waited for.
    pub(crate) fn skip(&mut self) {
        self.seen = self.so_far().len();
    }

    /// What it has said so far.
    pub(crate) fn so_far(&self) -> String {
        self.shared.0.lock().unwrap().text.clone()
    }

    #[track_caller]
    fn whole(&self) -> String {
        self.wait(|said| said.is_whole).text.clone()
    }

    #[track_caller]
    fn wait(&self, is_due: impl Fn(&Said) -> bool) -> std::sync::MutexGuard<'_, Said> {
        let (said, more) = &*self.shared;
        let said = said.lock().unwrap();
        let (said, late) = more.wait_timeout_while(said, PATIENCE, |said| !is_due(said)).unwrap();
        if late.timed_out() {
            let text = said.text.clone();
            drop(said);
            panic!("nothing within {PATIENCE:?} after {text}");
        }
        said
    }
}

/// A running `holm node start`.
pub(crate) struct Node {
    pub(crate) program: Program,
    pub(crate) endpoints: Vec<String>,
    pub(crate) posture: String,
}

impl Node {
    /// Starts it and waits until it listens.
    #[track_caller]
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::of(Program::start(command))
    }

    /// Waits until it listens.
    #[track_caller]
    pub(crate) fn of(mut program: Program) -> Self {
        let posture = program.out.line("posture ");
        let said = program.out.so_far();
        let endpoints = said.lines().filter_map(|line| line.strip_prefix("listening "));
        Self { endpoints: endpoints.map(str::to_owned).collect(), program, posture }
    }

    /// Where it listens first.
    pub(crate) fn at(&self) -> &str {
        &self.endpoints[0]
    }

    /// Has it read everything again, and waits until it has; gives the line of its log with this in it.
    #[track_caller]
    pub(crate) fn reload(&mut self, says: &str) -> String {
        self.program.signal(Signal::HUP);
        let line = self.program.err.line(says);
        // Whose sessions end is said before.
        if !line.contains("reloaded") {
            self.program.err.line(" reloaded: ");
        }
        line
    }

    /// Has it stop, and gives its whole log.
    #[track_caller]
    pub(crate) fn ends(self) -> String {
        self.program.signal(Signal::TERM);
        self.program.succeeds().err
    }

    /// Waits for a line with this in its log.
    #[track_caller]
    pub(crate) fn logs(&mut self, what: &str) -> String {
        self.program.err.line(what)
    }
}
