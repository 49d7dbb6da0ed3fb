//! Handlers that do not yield: a worker that is in the same turn at every look.

use std::time::{Duration, Instant};

use holm_sched::WorkerView;

use super::{Finding, Suspect};
use crate::ActorSystem;

/// What each worker was at when last looked at.
#[derive(Debug)]
pub(super) struct Stuck {
    after: Duration,
    workers: Vec<Turn>,
}

/// One turn of one worker.
#[derive(Clone, Copy, Debug)]
struct Turn {
    view: WorkerView,
    /// When it was first seen.
    since: Instant,
    reported: bool,
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
                self.workers.push(Turn { view, since: now, reported: false });
            }
            let turn = &mut self.workers[index];
            busy |= view.running || view.turns != turn.view.turns;
            if !view.running || view.turns != turn.view.turns {
                *turn = Turn { view, since: now, reported: false };
            }
            let cell =
                view.label.filter(|_| view.running).and_then(|label| system.by_serial(label));
            let Some(cell) = cell else { continue };
            cell.add_busy_sample();
            let time = now - turn.since;
            if time > Duration::ZERO {
                // What queued up behind this turn need not wait for its end.
                scheduler.nudge();
            }
            if time >= self.after && !turn.reported {
                turn.reported = true;
                report(Finding::Stuck { actor: Suspect::new(&*cell), time });
            }
        }
        busy
    }
}
