//! Looks after running actors from a thread of its own: handlers that never yield, and
//! actors that wait for each other in a circle.

mod cycles;
mod stuck;

use std::fmt;
use std::sync::Arc;
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use holm_wire::Pid;
use parking_lot::Mutex;

use self::cycles::Cycles;
use self::stuck::Stuck;
use crate::ActorSystem;
use crate::system::WeakSystem;

/// Time between two looks at the workers while any is at work: a tenth of what a user notices.
pub(crate) const SAMPLE_PERIOD: Duration = Duration::from_millis(10);

/// Time between two looks while no worker is at work, so that an idle process hardly wakes up.
const IDLE_PERIOD: Duration = Duration::from_millis(250);

/// Time between two looks for circles of calls.
const CYCLE_PERIOD: Duration = Duration::from_millis(250);

/// How a watchdog judges.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct WatchdogOptions {
    /// How long a handler may run without yielding before it is reported. A second by default:
    /// what shares its thread has waited that long.
    pub stuck_after: Duration,
    /// How long a call may wait before a circle of calls is sought. A second by default: calls
    /// of one node are answered in microseconds.
    pub cycle_after: Duration,
}

impl Default for WatchdogOptions {
    fn default() -> Self {
        Self { stuck_after: Duration::from_secs(1), cycle_after: Duration::from_secs(1) }
    }
}

/// An actor in a report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suspect {
    /// Its pid.
    pub pid: Pid,
    /// The name of its type.
    pub type_name: &'static str,
    /// A local name that it holds.
    pub name: Option<Arc<str>>,
    /// The message that it is handling.
    pub message: Option<&'static str>,
}

impl fmt::Display for Suspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} ({} {})", self.type_name, self.pid)?,
            None => write!(f, "{} {}", self.type_name, self.pid)?,
        }
        match self.message {
            Some(message) => write!(f, " in `{message}`"),
            None => Ok(()),
        }
    }
}

/// What a watchdog found. Each finding is reported once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// A handler has not yielded for this long. It cannot be interrupted, not even by a kill.
    Stuck {
        /// Whose.
        actor: Suspect,
        /// How long so far.
        time: Duration,
    },
    /// Each of these actors waits for a reply of the next one, and the last for the first.
    Cycle(Vec<Suspect>),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stuck { actor, time } => write!(f, "{actor} has not yielded for {time:?}"),
            Self::Cycle(actors) => {
                f.write_str("actors wait for each other: ")?;
                for actor in actors {
                    write!(f, "{actor} -> ")?;
                }
                actors.first().map_or(Ok(()), |first| first.pid.fmt(f))
            }
        }
    }
}

/// The thread that watches the actors of one system. Ends when this is dropped, or the system.
#[derive(Debug)]
pub struct Watchdog {
    thread: Option<JoinHandle<()>>,
    stop: Arc<Mutex<bool>>,
}

impl Watchdog {
    /// Starts the thread. What it finds goes to `report`, on its thread, and to the log.
    ///
    /// In the test world, where each actor is a task of the world's, only circles are found.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn start(
        system: &ActorSystem,
        options: WatchdogOptions,
        report: impl FnMut(Finding) + Send + 'static,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(Mutex::new(false));
        let watch = Watch {
            system: system.downgrade(),
            stop: Arc::clone(&stop),
            stuck: Stuck::new(options.stuck_after),
            cycles: Cycles::new(options.cycle_after),
            report: Box::new(report),
        };
        let name = "holm-watchdog".to_owned();
        let thread = thread::Builder::new().name(name).spawn(move || watch.run())?;
        Ok(Self { thread: Some(thread), stop })
    }

    fn thread(&self) -> Option<&Thread> {
        self.thread.as_ref().map(JoinHandle::thread)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        *self.stop.lock() = true;
        if let Some(thread) = self.thread() {
            thread.unpark();
        }
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            // A report that panicked has ended the thread, and nothing else.
            drop(thread.join());
        }
    }
}

/// What the thread owns.
struct Watch {
    system: WeakSystem,
    stop: Arc<Mutex<bool>>,
    stuck: Stuck,
    cycles: Cycles,
    report: Box<dyn FnMut(Finding) + Send>,
}

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "a stuck handler is stuck in real time")]
    fn run(mut self) {
        let mut cycles_at = Instant::now();
        let mut period = SAMPLE_PERIOD;
        while !*self.stop.lock() {
            let Some(system) = self.system.upgrade() else { return };
            let now = Instant::now();
            let busy = self.stuck.look(&system, now, &mut |finding| {
                tell(&mut self.report, finding);
            });
            if now >= cycles_at {
                cycles_at = now + CYCLE_PERIOD;
                self.cycles.look(&system, now, &mut |finding| tell(&mut self.report, finding));
            }
            // A system that goes while this sleeps has no actors left.
            drop(system);
            period = if busy { SAMPLE_PERIOD } else { (period * 2).min(IDLE_PERIOD) };
            thread::park_timeout(period);
        }
    }
}

fn tell(report: &mut dyn FnMut(Finding), finding: Finding) {
    tracing::warn!("{finding}");
    report(finding);
}

impl Suspect {
    fn new(cell: &dyn crate::AnyCell) -> Self {
        let info = cell.info();
        Self {
            pid: info.pid,
            type_name: info.type_name,
            name: info.names.first().cloned(),
            message: info.handling,
        }
    }
}
