//! One host: its environment, its transport, and its troubles.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::task::Waker;

use holm_env::{Endpoint, Env, Gate, Hooks, TaskId, Transport, UnixMillis};
use parking_lot::Mutex;
use tokio::runtime::Handle;

use crate::Skew;
use crate::clock::Clock;
use crate::network::{SimNetwork, SimTransport};
use crate::scheduler::{Patience, Scheduler};

/// A host, from its start to its crash: a process with a network address. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    life: Arc<Life>,
    env: Env,
    transport: Arc<SimTransport>,
}

/// The gate of a host's tasks.
struct Life {
    scheduler: Arc<Scheduler>,
    name: String,
    number: u64,
    clock: Arc<Clock>,
    state: Mutex<State>,
}

struct State {
    mode: Mode,
    tasks: BTreeMap<TaskId, Scheduled>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Runs,
    Paused,
    Crashed,
}

/// A task that has been polled.
struct Scheduled {
    waker: Waker,
    patience: Patience,
}

impl Host {
    pub(crate) fn start(
        handle: Handle,
        scheduler: Arc<Scheduler>,
        network: SimNetwork,
        name: &str,
        former: Option<&Self>,
        seed: u64,
    ) -> Self {
        let number = Self::number_after(former);
        scheduler.trace.note(format_args!("{name} starts life {number}"));
        let life = Arc::new(Life {
            scheduler,
            name: name.to_owned(),
            number,
            clock: former.map(|host| Arc::clone(&host.life.clock)).unwrap_or_default(),
            state: Mutex::new(State { mode: Mode::Runs, tasks: BTreeMap::new() }),
        });
        let env = Env::with_hooks(handle, Arc::clone(&life) as Arc<dyn Hooks>, seed);
        let transport = Arc::new(SimTransport::new(network, name));
        Self { life, env, transport }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.life.name
    }

    /// Its tasks, randomness and wall clock.
    pub fn env(&self) -> Env {
        self.env.clone()
    }

    /// Its way to the network.
    pub fn transport(&self) -> Arc<dyn Transport> {
        Arc::clone(&self.transport) as Arc<dyn Transport>
    }

    /// An address to listen at, `mem:NAME`. Others of this host are `mem:NAME/..`.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::Memory(self.life.name.clone())
    }

    /// Stops its tasks where they are, as a debugger or an overloaded machine does. Its
    /// streams stay open and take what fits into their buffers.
    pub fn pause(&self) {
        self.change(Mode::Paused, "pauses");
    }

    /// Lets a paused host go on.
    pub fn resume(&self) {
        self.change(Mode::Runs, "resumes");
    }

    /// Sets its wall clock wrong, from now on and in its later lives too: it jumps. Time that is
    /// measured, by `tokio::time`, is the same on all hosts.
    pub fn set_clock(&self, skew: Skew) {
        let Life { scheduler, name, clock, .. } = &*self.life;
        scheduler.trace.note(format_args!("{name} has its clock set: {skew:?}"));
        clock.set(skew, scheduler.trace.elapsed());
    }

    /// Ends it as `kill -9` ends a process: its tasks are dropped, its listeners are gone, its
    /// streams are reset (which a cut keeps from the peers, as when a machine loses power).
    /// Tasks spawned later are dropped, too.
    pub fn crash(&self) {
        if !self.has_crashed() {
            // First: what the dropped tasks still say must not get out.
            self.transport.crash();
            self.change(Mode::Crashed, "crashes");
        }
    }

    pub(crate) fn has_crashed(&self) -> bool {
        self.life.state.lock().mode == Mode::Crashed
    }

    /// The number of the life after that of `former`, or of the first one.
    pub(crate) fn number_after(former: Option<&Self>) -> u64 {
        former.map_or(1, |host| host.life.number + 1)
    }

    /// Changes the mode and has every task look at it, in the order of spawning.
    fn change(&self, mode: Mode, does: &str) {
        let wakers: Vec<Waker> = {
            let mut state = self.life.state.lock();
            if state.mode == mode || state.mode == Mode::Crashed {
                return;
            }
            state.mode = mode;
            state.tasks.values().map(|task| task.waker.clone()).collect()
        };
        self.life.scheduler.trace.note(format_args!("{} {does}", self.life.name));
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Hooks for Life {
    fn before_poll(&self, task: TaskId, waker: &Waker) -> Gate {
        let gate = {
            let mut state = self.state.lock();
            let mode = state.mode;
            let patience = state
                .tasks
                .entry(task)
                .or_insert_with(|| Scheduled {
                    waker: waker.clone(),
                    patience: self.scheduler.draw_patience(),
                })
                .patience;
            match mode {
                Mode::Runs if self.scheduler.gives_way(patience) => Gate::Yield,
                Mode::Runs => Gate::Poll,
                Mode::Paused => Gate::Park,
                Mode::Crashed => Gate::Drop,
            }
        };
        self.scheduler.trace.note(format_args!("{} {task}: {gate:?}", self.name));
        gate
    }

    fn handle_end(&self, task: TaskId) {
        self.state.lock().tasks.remove(&task);
        self.scheduler.trace.note(format_args!("{} {task} ended", self.name));
        if std::thread::panicking() {
            self.scheduler.handle_panic(&self.name, task);
        }
    }

    fn wall_clock(&self) -> UnixMillis {
        self.clock.read(self.scheduler.trace.elapsed())
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("name", &self.life.name)
            .field("life", &self.life.number)
            .finish_non_exhaustive()
    }
}
