//! The thread that keeps the sessions of a node alive.
//!
//! It runs no code of users, so that actors which block every thread of the runtime do not make
//! their node look dead, nor others to it.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use holm_wire::session::KeepAlive;
use parking_lot::Mutex;

/// Looks at sessions once a tick each, for as long as they last: ticks, gives silent peers up, and
/// writes what the runtime does not get to write. Ends when it is dropped.
///
/// It looks in real time. Where time is virtual, a session looks at itself.
pub struct Pulse {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// Sessions that the thread does not know yet.
    begun: Mutex<Vec<Beat>>,
    stop: AtomicBool,
}

/// A session, as the thread keeps it.
struct Beat {
    session: Weak<dyn Beating>,
    keep_alive: KeepAlive,
    since: Instant,
    next: Instant,
}

/// What the thread does with a session.
pub(crate) trait Beating: Send + Sync {
    /// Looks at `now`, a time since the session began. `false` if it has ended.
    fn beat(&self, keep_alive: &mut KeepAlive, now: Duration) -> bool;
}

impl Pulse {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let beats = Arc::clone(&shared);
        let thread = thread::Builder::new().name("holm-pulse".to_owned());
        let thread = thread.spawn(move || run(&beats))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Looks at a session from now on.
    #[expect(clippy::disallowed_methods, reason = "blocked threads are blocked in real time")]
    pub(crate) fn keep(&self, session: Weak<dyn Beating>, keep_alive: KeepAlive) {
        let since = Instant::now();
        let next = since + keep_alive.interval();
        self.shared.begun.lock().push(Beat { session, keep_alive, since, next });
        self.unpark();
    }

    fn unpark(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "blocked threads are blocked in real time")]
fn run(shared: &Shared) {
    let mut beats = Vec::new();
    while !shared.stop.load(Ordering::Relaxed) {
        beats.append(&mut shared.begun.lock());
        let now = Instant::now();
        beats.retain_mut(|beat| beat.next > now || beat.look(now));
        match beats.iter().map(|beat| beat.next).min() {
            Some(next) => thread::park_timeout(next.saturating_duration_since(now)),
            None => thread::park(),
        }
    }
}

impl Beat {
    fn look(&mut self, now: Instant) -> bool {
        self.next = now + self.keep_alive.interval();
        let session = self.session.upgrade();
        session.is_some_and(|session| session.beat(&mut self.keep_alive, now - self.since))
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.unpark();
        if let Some(thread) = self.thread.take()
            // Its session may have been what kept this.
            && thread.thread().id() != thread::current().id()
        {
            // A panic there is a fault that has been reported.
            drop(thread.join());
        }
    }
}

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pulse").finish_non_exhaustive()
    }
}
