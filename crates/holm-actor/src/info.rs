//! What can be seen of an actor from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use holm_wire::{ExitReason, Pid};

use crate::cell::{ActorCell, AnyCell};
use crate::inbox::LockedInbox;
use crate::life::Bonds;
use crate::watchdog::SAMPLE_PERIOD;
use crate::{Actor, PolicyCounters};

/// The state of an actor at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActorInfo {
    /// Its pid.
    pub pid: Pid,
    /// The stable name of its type, or the Rust name of a local one.
    pub type_name: &'static str,
    /// Local names that it holds.
    pub names: Vec<Arc<str>>,
    /// Messages in its inbox; up to a quarter of the capacity more while it is busy.
    pub depth: usize,
    /// The most messages that it holds before its policy acts.
    pub capacity: usize,
    /// The most messages that it found in its inbox when its turn came.
    pub high_water: usize,
    /// Messages and signals that it has taken out of its inbox.
    pub handled: u64,
    /// How long its handlers have had a thread, sampled every 10 ms by the watchdog; zero without.
    pub busy: Duration,
    /// The message that it is handling.
    pub handling: Option<&'static str>,
    /// What its policy did.
    pub policy: PolicyCounters,
    /// Actors it is linked with.
    pub links: Vec<Pid>,
    /// Monitors of its own that have not fired.
    pub monitors: usize,
    /// Who monitors it, as a count.
    pub watchers: usize,
    /// Whether it traps exits.
    pub traps: bool,
    /// The supervisor that started it.
    pub supervisor: Option<Pid>,
    /// The reason it is ending with.
    pub exiting: Option<ExitReason>,
}

/// Counters in the cell, written by the actor's task.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    handled: AtomicU64,
    high_water: AtomicU32,
    /// What is being handled: in the lower half the position in [`Actor::MESSAGES`], plus one, or 0
    /// if it has no name there; in the upper half a number, another one for each.
    handling: AtomicU32,
    /// The serial of the actor whose reply it waits for; 0 for none.
    waits_for: AtomicU64,
}

impl Stats {
    /// Counts what a turn took. One writer, so that no read-modify-write is needed.
    pub(crate) fn add_handled(&self, count: u64) {
        let handled = self.handled.load(Ordering::Relaxed);
        self.handled.store(handled + count, Ordering::Relaxed);
    }

    pub(crate) fn note_depth(&self, depth: usize) {
        let depth = u32::try_from(depth).unwrap_or(u32::MAX);
        if depth > self.high_water.load(Ordering::Relaxed) {
            self.high_water.store(depth, Ordering::Relaxed);
        }
    }

    /// Notes which message is being handled.
    #[inline]
    pub(crate) fn note_handling(&self, index: usize) {
        self.note(index as u16 + 1);
    }

    /// Notes that nothing is being handled, or no message.
    #[inline]
    pub(crate) fn note_unnamed(&self) {
        self.note(0);
    }

    #[inline]
    fn note(&self, name: u16) {
        let number = self.handling.load(Ordering::Relaxed) >> 16;
        let next = number.wrapping_add(1) << 16;
        self.handling.store(next | u32::from(name), Ordering::Relaxed);
    }

    /// The name of the message being handled, or handled last.
    pub(crate) fn handling<A: Actor>(&self) -> Option<&'static str> {
        let index = usize::from(self.handling.load(Ordering::Relaxed) as u16).checked_sub(1)?;
        A::MESSAGES.get(index).copied()
    }

    /// How many messages ended turns have handled, and which one is handled now.
    pub(crate) fn progress(&self) -> (u64, u32) {
        (self.handled.load(Ordering::Relaxed), self.handling.load(Ordering::Relaxed))
    }

    pub(crate) fn note_waits_for(&self, serial: u64) {
        self.waits_for.store(serial, Ordering::Relaxed);
    }

    pub(crate) fn waits_for(&self) -> (u64, u64) {
        (self.waits_for.load(Ordering::Relaxed), self.handled.load(Ordering::Relaxed))
    }
}

/// What its inbox holds.
fn capacity<A: Actor>(cell: &ActorCell<A>) -> usize {
    let locked = cell.header().keeper.locked().map(LockedInbox::capacity);
    locked.unwrap_or_else(|| cell.capacity().messages() as usize)
}

impl ActorInfo {
    pub(crate) fn of<A: Actor>(cell: &ActorCell<A>) -> Self {
        let header = cell.header();
        let Bonds { names, links, monitors, watchers, traps, supervisor } = header.life.bonds();
        let stats = &header.stats;
        Self {
            pid: header.pid,
            type_name: cell.type_name(),
            names,
            depth: cell.depth(),
            capacity: capacity(cell),
            high_water: stats.high_water.load(Ordering::Relaxed) as usize,
            handled: stats.handled.load(Ordering::Relaxed),
            busy: SAMPLE_PERIOD * header.busy.load(Ordering::Relaxed),
            handling: stats.handling::<A>(),
            policy: header.keeper.counters(),
            links,
            monitors,
            watchers,
            traps,
            supervisor,
            exiting: header.life.reason(),
        }
    }
}
