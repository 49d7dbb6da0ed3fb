//! One node: its process, what it is told and what it says.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use holm::Pid;
use parking_lot::{Condvar, Mutex};
use rustix::process::{Signal, kill_process};

use crate::is_long;
use crate::orders::{Answer, Line, Numbered, Order, Peer, Received, Saw, Settings};
use crate::program::Birth;

/// How long anything is waited for until the test fails: many times what it takes on a machine that
/// has other things to do.
#[must_use]
pub fn patience() -> Duration {
    Duration::from_secs(if is_long() { 600 } else { 60 })
}

/// The process of a node.
pub struct Process {
    name: String,
    child: Mutex<Child>,
    input: Mutex<Option<ChildStdin>>,
    said: Arc<Said>,
    orders: AtomicU64,
}

#[derive(Default)]
struct Said {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_ready: bool,
    has_ended: bool,
    answers: BTreeMap<u64, Answer>,
    saw: Vec<(Pid, Saw)>,
    peers: Vec<(Instant, Peer)>,
}

/// An order whose answer is still to come.
#[must_use = "its answer is to be waited for"]
pub struct Pending<'a> {
    process: &'a Process,
    id: u64,
}

/// Memory of a process, in KiB.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// It has now.
    pub rss: u64,
    /// The most it had so far.
    pub peak: u64,
}

impl Process {
    pub(crate) fn start(mut command: Command, name: String, settings: &Settings) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program of a node can be started");
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let said = Arc::<Said>::default();
        let hearing = Arc::clone(&said);
        std::thread::spawn(move || hearing.hear(output));
        let (child, input) = (Mutex::new(child), Mutex::new(Some(input)));
        let orders = AtomicU64::new(0);
        let process = Self { name: name.clone(), child, input, said, orders };
        process.write(&Birth { name, settings: settings.clone() });
        process
    }

    /// The name of its node.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens.
    pub fn endpoint(&self) -> String {
        let (_, address) = self.name.split_once('@').expect("the name of a node");
        format!("tcp:{address}")
    }

    /// What is to be done, without a wait for it.
    pub fn begin(&self, order: Order) -> Pending<'_> {
        let id = self.orders.fetch_add(1, Ordering::Relaxed);
        self.write(&Numbered { id, order });
        Pending { process: self, id }
    }

    /// What an order came to.
    pub fn ask(&self, order: Order) -> Answer {
        self.begin(order).wait()
    }

    /// Has something done, which must not fail.
    ///
    /// # Panics
    /// If it does.
    pub fn order(&self, order: Order) {
        let what = format!("{order:?}");
        assert_eq!(self.ask(order), Answer::Done, "{}: {what}", self.name);
    }

    /// Calls an actor, anew for as long as the session with its node is lost.
    ///
    /// # Panics
    /// If the call fails otherwise, or too long.
    #[expect(clippy::disallowed_methods, reason = "processes live in real time")]
    pub fn reach(&self, actor: Pid) {
        let began = Instant::now();
        loop {
            match self.ask(Order::Call(actor)) {
                Answer::Done => return,
                Answer::Failed { kind, .. } if kind == "Disconnected" => {}
                other => panic!("{}: {other:?}", self.name),
            }
            assert!(began.elapsed() < patience(), "{} cannot reach {actor}", self.name);
        }
    }

    /// The name of the error that an order fails with.
    ///
    /// # Panics
    /// If it does not fail.
    pub fn fails(&self, order: Order) -> String {
        self.begin(order).fails().0
    }

    /// Connects it to another node; both know of it then.
    pub fn connect(&self, to: &Self) {
        self.order(Order::Connect(to.endpoint()));
        to.wait_nodes(&[self.name()]);
    }

    /// A new actor that survives exits, and has room for many messages.
    pub fn spawn(&self) -> Pid {
        self.pid(Order::Spawn { traps: true, room: 10_000 })
    }

    /// A new actor that exits end.
    pub fn spawn_mortal(&self) -> Pid {
        self.pid(Order::Spawn { traps: false, room: 10_000 })
    }

    /// The actor that an order makes.
    ///
    /// # Panics
    /// If it fails.
    pub fn pid(&self, order: Order) -> Pid {
        match self.ask(order) {
            Answer::Pid(pid) => pid,
            other => panic!("{}: {other:?}", self.name),
        }
    }

    /// What an actor has received of another.
    pub fn received(&self, by: Pid, from: Pid) -> Received {
        match self.ask(Order::Report(by)) {
            Answer::Received(rows) => {
                rows.into_iter().find(|row| row.0 == from).map(|row| row.1).unwrap_or_default()
            }
            other => panic!("{}: {other:?}", self.name),
        }
    }

    /// What one of its actors was told of so far.
    pub fn saw(&self, actor: Pid) -> Vec<Saw> {
        self.said.state.lock().saw(actor)
    }

    /// The coming and going of one peer so far: `true` for its coming.
    pub fn ups_and_downs(&self, of: &Self) -> Vec<bool> {
        self.said.state.lock().ups_and_downs(&of.name).collect()
    }

    /// Waits until one of its actors was told of this many things.
    pub fn wait_saw(&self, actor: Pid, count: usize) -> Vec<Saw> {
        self.wait(&format!("{count} signals to {actor}"), |state| {
            Some(state.saw(actor)).filter(|saw| saw.len() >= count)
        })
    }

    /// Waits for the coming or going of a peer, since the process began.
    pub fn wait_peer(&self, wanted: &Peer) -> Instant {
        self.wait_peer_times(wanted, 1)
    }

    /// Waits until a peer came or went so often.
    pub fn wait_peer_times(&self, wanted: &Peer, times: usize) -> Instant {
        self.wait(&format!("{wanted:?}, {times} times"), |state| {
            let mut said = state.peers.iter().filter(|(_, peer)| peer == wanted);
            said.nth(times - 1).map(|(at, _)| *at)
        })
    }

    /// Waits until it has sessions with all these nodes.
    pub fn wait_nodes(&self, nodes: &[&str]) {
        self.wait(&format!("sessions with {nodes:?}"), |state| {
            let is_up = |node: &&str| state.ups_and_downs(node).last() == Some(true);
            nodes.iter().all(is_up).then_some(())
        });
    }

    /// What memory it takes.
    pub fn memory(&self) -> Memory {
        let status = format!("/proc/{}/status", self.child.lock().id());
        let status = fs::read_to_string(status).expect("the process lives, on Linux");
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            number.and_then(|number| number.parse().ok()).expect("a number of KiB")
        };
        Memory { rss: field("VmRSS:"), peak: field("VmHWM:") }
    }

    pub(crate) fn wait_ready(&self) {
        self.wait("its start", |state| state.is_ready.then_some(()));
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = rustix::process::Pid::from_child(&self.child.lock());
        kill_process(id, signal).expect("a child can be signalled");
    }

    /// Waits until the system has stopped it: the signal for it may take a moment.
    pub(crate) fn wait_stopped(&self) {
        let stat = format!("/proc/{}/stat", self.child.lock().id());
        // The state follows the program's name, which is in parentheses.
        while !fs::read_to_string(&stat).expect("the process lives, on Linux").contains(") T ") {
            std::thread::yield_now();
        }
    }

    /// Ends it, and returns when it has ended.
    pub(crate) fn kill(&self) {
        let mut child = self.child.lock();
        // One that has ended is what is wanted.
        let _ = child.kill();
        let _ = child.wait();
    }

    fn write(&self, line: &impl serde::Serialize) {
        let line = serde_json::to_string(line).expect("plain data");
        let mut input = self.input.lock();
        let input = input.as_mut().expect("it is open");
        writeln!(input, "{line}").unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    fn wait<T>(&self, what: &str, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut state = self.said.state.lock();
        loop {
            if let Some(found) = look(&mut state) {
                return found;
            }
            assert!(!state.has_ended, "{} ended, without {what}: {state:?}", self.name);
            let timeout = self.said.changed.wait_for(&mut state, patience()).timed_out();
            assert!(!timeout, "{}: no {what}: {state:?}", self.name);
        }
    }
}

impl Pending<'_> {
    /// The answer.
    pub fn wait(self) -> Answer {
        let what = format!("an answer to order {}", self.id);
        self.process.wait(&what, |state| state.answers.remove(&self.id))
    }

    /// The name of the error that it fails with, and what that says.
    ///
    /// # Panics
    /// If it does not fail.
    #[must_use]
    pub fn fails(self) -> (String, String) {
        let name = self.process.name();
        match self.wait() {
            Answer::Failed { kind, text } => (kind, text),
            other => panic!("{name}: {other:?}"),
        }
    }
}

impl State {
    fn ups_and_downs(&self, of: &str) -> impl Iterator<Item = bool> {
        self.peers.iter().filter_map(move |(_, peer)| match peer {
            Peer::Up(name) if name == of => Some(true),
            Peer::Down(name) if name == of => Some(false),
            Peer::Up(_) | Peer::Down(_) | Peer::Other(_) => None,
        })
    }

    fn saw(&self, actor: Pid) -> Vec<Saw> {
        self.saw.iter().filter(|(by, _)| *by == actor).map(|(_, saw)| saw.clone()).collect()
    }
}

impl Said {
    #[expect(clippy::disallowed_methods, reason = "processes live in real time")]
    fn hear(&self, lines: impl BufRead) {
        for line in lines.lines().map_while(Result::ok) {
            let line = serde_json::from_str(&line).expect("a line as a node writes it");
            let mut state = self.state.lock();
            match line {
                Line::Ready => state.is_ready = true,
                Line::Answer(id, answer) => drop(state.answers.insert(id, answer)),
                Line::Saw(actor, saw) => state.saw.push((actor, saw)),
                Line::Peer(peer) => state.peers.push((Instant::now(), peer)),
            }
            self.changed.notify_all();
        }
        self.state.lock().has_ended = true;
        self.changed.notify_all();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
