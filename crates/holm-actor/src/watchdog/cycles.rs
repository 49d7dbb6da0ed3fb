//! Circles of calls: each actor of one waits for a reply of the next.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::{Finding, Suspect};
use crate::ActorSystem;

/// Actors looked at in one go: some milliseconds' work; a system of a million takes a
/// hundred goes.
const SCAN_MAX: usize = 10_000;

/// Calls that wait, and circles that were reported.
#[derive(Debug)]
pub(super) struct Cycles {
    after: Duration,
    /// Where the next look goes on.
    from: u32,
    /// Who was seen waiting, by serial.
    waiting: BTreeMap<u64, Waiting>,
    reported: BTreeSet<Vec<u64>>,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    /// The serial of the callee.
    waits_for: u64,
    /// How much the caller had handled.
    handled: u64,
    since: Instant,
}

impl Cycles {
    pub(super) fn new(after: Duration) -> Self {
        Self { after, from: 0, waiting: BTreeMap::new(), reported: BTreeSet::new() }
    }

    pub(super) fn look(
        &mut self,
        system: &ActorSystem,
        now: Instant,
        report: &mut dyn FnMut(Finding),
    ) {
        let (cells, next) = system.scan(self.from, SCAN_MAX);
        self.from = next;
        for (serial, cell) in cells {
            let (waits_for, handled) = cell.waits_for();
            if waits_for == 0 {
                continue;
            }
            let seen =
                self.waiting.entry(serial).or_insert(Waiting { waits_for, handled, since: now });
            if seen.waits_for != waits_for || seen.handled != handled {
                *seen = Waiting { waits_for, handled, since: now };
            }
        }
        self.waiting.retain(|serial, seen| {
            let still = system.by_serial(*serial).map(|cell| cell.waits_for());
            still == Some((seen.waits_for, seen.handled))
        });
        self.reported
            .retain(|circle| circle.iter().all(|serial| self.waiting.contains_key(serial)));
        let long: Vec<u64> = self.waiting.keys().copied().collect();
        for serial in long {
            if let Some(circle) = self.circle(serial, now)
                && self.reported.insert(circle.clone())
            {
                let cells = circle.iter().filter_map(|serial| system.by_serial(*serial));
                report(Finding::Cycle(cells.map(|cell| Suspect::new(&*cell)).collect()));
            }
        }
    }

    /// The circle that `first` is part of, all of whose calls have waited for long enough; it
    /// begins with the least serial.
    fn circle(&self, first: u64, now: Instant) -> Option<Vec<u64>> {
        let mut circle = Vec::new();
        let mut at = first;
        loop {
            let waiting = self.waiting.get(&at)?;
            // Another circle that this one leads to has its own turn, as has one that begins
            // with a lesser serial.
            if at < first || circle.contains(&at) || now - waiting.since < self.after {
                return None;
            }
            circle.push(at);
            at = waiting.waits_for;
            if at == first {
                return Some(circle);
            }
        }
    }
}
