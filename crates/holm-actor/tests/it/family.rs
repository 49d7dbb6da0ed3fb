//! Children of supervisors, which note their starts and ends in one log.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use holm_actor::supervision::{
    Backoff, ChildSpec, Intensity, Policy, Restart, ShutdownTime, Strategy,
};
use holm_actor::{Ref, SpawnError, SpawnOptions, Supervisor, SupervisorPlan};
use holm_wire::ExitReason;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::support::*;

/// What happened, in order, and when.
#[derive(Clone)]
pub(crate) struct Log(Arc<watch::Sender<Vec<(String, Duration)>>>, Instant);

impl Log {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::default()), Instant::now())
    }

    pub(crate) fn add(&self, text: impl Into<String>) {
        self.0.send_modify(|entries| entries.push((text.into(), self.1.elapsed())));
    }

    /// Waits for as many entries, which must be these, separated by spaces, and takes them out.
    pub(crate) async fn expect(&self, entries: &str) {
        let expected: Vec<&str> = entries.split_whitespace().collect();
        let taken = self.take(expected.len()).await;
        let taken: Vec<&str> = taken.iter().map(|(text, _)| &**text).collect();
        assert_eq!(taken, expected);
    }

    /// Waits for `count` entries and takes them out, with their times.
    pub(crate) async fn take(&self, count: usize) -> Vec<(String, Duration)> {
        self.0.subscribe().wait_for(|entries| entries.len() >= count).await.unwrap();
        let mut taken = Vec::new();
        self.0.send_modify(|entries| taken = entries.drain(..count).collect());
        taken
    }

    /// Whether this is the first entry.
    pub(crate) fn is_next(&self, text: &str) -> bool {
        self.0.borrow().first().is_some_and(|(entry, _)| entry == text)
    }

    /// Lets all that can happen within `time` of virtual time happen: nothing is noted.
    pub(crate) async fn stays_empty(&self, time: Duration) {
        tokio::time::sleep(time).await;
        assert_eq!(self.0.borrow().as_slice(), []);
    }
}

/// Notes `-name` when it is dropped: when the state of a child is.
struct Note(Log, &'static str);

impl Drop for Note {
    fn drop(&mut self) {
        self.0.add(format!("-{}", self.1));
    }
}

/// A child that notes `+name` when it has started and `-name` when it ends.
pub(crate) fn child(log: &Log, name: &'static str) -> Puppet {
    child_after(log, name, std::future::ready(()))
}

/// A child that has started when `ready` is.
pub(crate) fn child_after(
    log: &Log,
    name: &'static str,
    ready: impl Future<Output = ()> + Send + 'static,
) -> Puppet {
    let noted = log.clone();
    let started = move || async move {
        ready.await;
        noted.add(format!("+{name}"));
        Ok(())
    };
    Puppet::default().on_started(started).holding(Note(log.clone(), name))
}

/// Makes [`child`]ren.
pub(crate) fn children(
    log: &Log,
    name: &'static str,
) -> impl FnMut() -> Result<Puppet, SpawnError> + Send + 'static {
    let log = log.clone();
    move || Ok(child(&log, name))
}

/// Adds a [`child`] that is restarted always.
pub(crate) fn add(plan: &mut SupervisorPlan, log: &Log, name: &'static str) -> Ref<Puppet> {
    add_as(plan, log, name, Restart::Permanent)
}

pub(crate) fn add_as(
    plan: &mut SupervisorPlan,
    log: &Log,
    name: &'static str,
    restart: Restart,
) -> Ref<Puppet> {
    let spec = ChildSpec { restart, ..ChildSpec::new(name) };
    plan.child(spec, SpawnOptions::default(), children(log, name))
}

/// A child that takes `shutdown` to stop.
pub(crate) fn stopped_within(name: &'static str, shutdown: ShutdownTime) -> ChildSpec {
    ChildSpec { shutdown, ..ChildSpec::new(name) }
}

/// Restarts at once, as often as it takes.
pub(crate) fn patient(strategy: Strategy) -> Policy {
    let intensity = Intensity { restarts: 1_000, ..Intensity::default() };
    Policy { strategy, intensity, backoff: Backoff::NONE }
}

/// Gives up at the restart after `restarts`.
pub(crate) fn strict(restarts: u32) -> Policy {
    let intensity = Intensity { restarts, window: Duration::from_secs(5) };
    Policy { intensity, ..patient(Strategy::OneForOne) }
}

/// Has the present child crash.
pub(crate) fn crash(child: &Ref<Puppet>) {
    child.tell(quit(failed("boom"))).unwrap();
}

/// Stops a supervisor and waits for its end.
pub(crate) async fn stop(
    system: &holm_actor::ActorSystem,
    supervisor: &Ref<Supervisor>,
) -> ExitReason {
    let end = system.monitor(supervisor.pid());
    supervisor.exit(shutdown("enough"));
    end.await.reason
}

/// Much more than any time in these tests.
pub(crate) const LONG: Duration = Duration::from_secs(3_600);
