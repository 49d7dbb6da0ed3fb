//! Handlers that do not yield: a worker that is at the same message at every look.

use std::time::{Duration, Instant};

use holm_sched::WorkerView;

use super::{Finding, Suspect};
use crate::ActorSystem;

/// What each worker was at when last looked at.
#[derive(Debug)]
pub(super) struct Stuck {
    after: Duration,
    workers: Vec<Work>,
}

/// What one worker is at.
#[derive(Clone, Copy, Debug)]
struct Work {
    view: WorkerView,
    /// How far the actor has come within the turn.
    progress: (u64, u32),
    /// When it was first seen.
    since: Instant,
    reported: bool,
}

impl Work {
    fn new(view: WorkerView, now: Instant) -> Self {
        Self { view, progress: (0, 0), since: now, reported: false }
    }
}

impl Stuck {
    pub(super) fn new(after: Duration) -> Self {
        Self { after, workers: Vec::new() }
    }

    /// Looks at each worker; whether any is at work.
    pub(super) fn look(
        &mut self,
        system: &ActorSystem,
        now: Instant,
        report: &mut dyn FnMut(Finding),
    ) -> bool {
        let Some(scheduler) = system.scheduler() else { return false };
        let mut busy = false;
        for (index, view) in scheduler.workers().enumerate() {
            if self.workers.len() == index {
                self.workers.push(Work::new(view, now));
            }
            let work = &mut self.workers[index];
            let turned = view.turns != work.view.turns;
            busy |= view.running || turned;
            if !view.running || turned {
                *work = Work::new(view, now);
            }
            let cell =
                view.label.filter(|_| view.running).and_then(|label| system.by_serial(label));
            let Some(cell) = cell else { continue };
            let progress = cell.sample();
            if progress != work.progress {
                *work = Work { progress, ..Work::new(view, now) };
            }
            if !turned {
                // What queued up behind this turn need not wait for its end.
                scheduler.nudge();
            }
            let time = now - work.since;
            if time >= self.after && !work.reported {
                work.reported = true;
                report(Finding::Stuck { actor: Suspect::new(&*cell), time });
            }
        }
        busy
    }
}
