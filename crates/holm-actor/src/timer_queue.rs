//! Which timer is due next, and whose timers there are: state without a lock or a clock.

use std::collections::BTreeMap;
use std::time::Duration;

use holm_wire::Pid;
use tokio::time::Instant;

/// Names one timer; a later one has a greater id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TimerId(u64);

/// A timer and its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TimerKey {
    pub(crate) owner: Pid,
    pub(crate) id: TimerId,
}

/// Whether a receiver set its timer itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Itself,
    Outside,
}

/// When a timer is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    pub(crate) at: Instant,
    /// Due again after each period.
    pub(crate) period: Option<Duration>,
}

/// Timers that ring `T`s, in order of their deadlines, equal ones as they were set.
///
/// A timer that has rung for the last time stays among its receiver's until it is removed.
pub(crate) struct TimerQueue<T> {
    due: BTreeMap<(Instant, TimerId), Pid>,
    timers: BTreeMap<TimerKey, Entry<T>>,
    /// Timers from outside, by receiver.
    outside: BTreeMap<Pid, usize>,
    next: TimerId,
}

struct Entry<T> {
    bell: T,
    /// `None` once it has rung for the last time.
    due: Option<Schedule>,
    origin: Origin,
}

impl<T> Default for TimerQueue<T> {
    fn default() -> Self {
        Self {
            due: BTreeMap::new(),
            timers: BTreeMap::new(),
            outside: BTreeMap::new(),
            next: TimerId(0),
        }
    }
}

impl<T: Clone> TimerQueue<T> {
    /// A key for a timer to be set.
    pub(crate) fn key(&mut self, owner: Pid) -> TimerKey {
        let id = self.next;
        self.next = TimerId(id.0 + 1);
        TimerKey { owner, id }
    }

    /// Adds a timer. `true` if it is the first one due.
    pub(crate) fn insert(&mut self, key: TimerKey, due: Schedule, origin: Origin, bell: T) -> bool {
        self.timers.insert(key, Entry { bell, due: Some(due), origin });
        if origin == Origin::Outside {
            *self.outside.entry(key.owner).or_default() += 1;
        }
        self.due.insert((due.at, key.id), key.owner);
        self.due.first_key_value().is_some_and(|((_, id), _)| *id == key.id)
    }

    /// Takes a timer out.
    pub(crate) fn remove(&mut self, key: TimerKey) -> Option<T> {
        let Entry { bell, due, origin } = self.timers.remove(&key)?;
        if let Some(due) = due {
            self.due.remove(&(due.at, key.id));
        }
        if origin == Origin::Outside {
            let count = self.outside.get_mut(&key.owner).expect("it was counted");
            *count -= 1;
            if *count == 0 {
                self.outside.remove(&key.owner);
            }
        }
        Some(bell)
    }

    /// Takes a timer out that was cancelled, unless it has rung for the last time: then its marker
    /// is in an inbox, and it counts until that is taken.
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<T> {
        self.timers.get(&key)?.due?;
        self.remove(key)
    }

    /// Takes all timers of a receiver out.
    pub(crate) fn release(&mut self, owner: Pid) -> Vec<T> {
        let (first, last) = (TimerId(0), TimerId(u64::MAX));
        let range = TimerKey { owner, id: first }..=TimerKey { owner, id: last };
        let keys: Vec<TimerKey> = self.timers.range(range).map(|(key, _)| *key).collect();
        keys.into_iter().filter_map(|key| self.remove(key)).collect()
    }

    /// Takes all timers out.
    pub(crate) fn clear(&mut self) -> Vec<T> {
        self.due.clear();
        self.outside.clear();
        std::mem::take(&mut self.timers).into_values().map(|entry| entry.bell).collect()
    }

    /// The next timer to ring at `now`. One with a period is due again at the first multiple of
    /// it after `now`: those in between are skipped.
    pub(crate) fn poll_due(&mut self, now: Instant) -> Option<(TimerKey, T)> {
        let first = self.due.first_entry()?;
        let (at, id) = *first.key();
        if at > now {
            return None;
        }
        let key = TimerKey { owner: first.remove(), id };
        let entry = self.timers.get_mut(&key).expect("a due timer is there");
        let period = entry.due.take().and_then(|due| due.period);
        if let Some(period) = period {
            let late = (now - at).as_nanos() % period.as_nanos();
            // Less than the period, so it fits.
            let at = now + (period - Duration::from_nanos_u128(late));
            entry.due = Some(Schedule { at, period: Some(period) });
            self.due.insert((at, id), key.owner);
        }
        Some((key, entry.bell.clone()))
    }

    /// When the next timer is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Whether a receiver has timers.
    pub(crate) fn has(&self, owner: Pid) -> bool {
        let first = TimerKey { owner, id: TimerId(0) };
        self.timers.range(first..).next().is_some_and(|(key, _)| key.owner == owner)
    }

    /// How many timers from outside a receiver has.
    pub(crate) fn outsiders(&self, owner: Pid) -> usize {
        self.outside.get(&owner).copied().unwrap_or(0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
#[allow(clippy::disallowed_methods, reason = "an origin to count from")]
mod tests {
    use holm_wire::{Incarnation, NodeId, Serial};

    use super::*;

    fn owner(serial: u64) -> Pid {
        let node = NodeId::of(&"a@b".parse().unwrap(), Incarnation(1));
        Pid { node, serial: Serial::from_u64(serial).unwrap() }
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn rung(queue: &mut TimerQueue<u32>, now: Instant) -> Vec<u32> {
        std::iter::from_fn(|| queue.poll_due(now).map(|(_, bell)| bell)).collect()
    }

    #[test]
    fn timers_ring_by_deadline_then_as_they_were_set() {
        let (mut queue, start) = (TimerQueue::default(), Instant::now());
        let mut set = |at, bell| {
            let key = queue.key(owner(1));
            let schedule = Schedule { at: start + ms(at), period: None };
            queue.insert(key, schedule, Origin::Itself, bell)
        };
        let firsts = [set(5, 1), set(5, 2), set(3, 3), set(9, 4), set(5, 5)];
        assert_eq!(firsts, [true, false, true, false, false]);
        assert_eq!(queue.next_due(), Some(start + ms(3)));
        assert_eq!(rung(&mut queue, start + ms(2)), []);
        assert_eq!(rung(&mut queue, start + ms(5)), [3, 1, 2, 5]);
        assert_eq!(queue.next_due(), Some(start + ms(9)));
    }

    #[test]
    fn a_late_period_skips_to_its_next_multiple() {
        let (mut queue, start) = (TimerQueue::default(), Instant::now());
        let key = queue.key(owner(1));
        let schedule = Schedule { at: start + ms(10), period: Some(ms(10)) };
        queue.insert(key, schedule, Origin::Itself, 1);
        for (now, next) in [(10, 20), (57, 60), (60, 70), (70, 80)] {
            assert_eq!(rung(&mut queue, start + ms(now)), [1]);
            assert_eq!(queue.next_due(), Some(start + ms(next)));
        }
        assert_eq!(queue.cancel(key), Some(1));
        assert_eq!(queue.next_due(), None);
    }

    #[test]
    fn a_receiver_is_released_alone_and_counts_until_its_timers_are_taken() {
        let (mut queue, start) = (TimerQueue::default(), Instant::now());
        let schedule = Schedule { at: start, period: None };
        let mut keys = Vec::new();
        for (serial, bell) in [(1, 1), (2, 2), (1, 3), (3, 4)] {
            let key = queue.key(owner(serial));
            queue.insert(key, schedule, Origin::Outside, bell);
            keys.push(key);
        }
        assert_eq!(queue.release(owner(1)), [1, 3]);
        assert_eq!((queue.outsiders(owner(1)), queue.has(owner(1))), (0, false));
        assert_eq!(rung(&mut queue, start), [2, 4]);
        assert_eq!(queue.cancel(keys[1]), None, "it has rung");
        assert_eq!((queue.outsiders(owner(2)), queue.has(owner(2))), (1, true));
        assert_eq!(queue.remove(keys[1]), Some(2));
        assert_eq!((queue.outsiders(owner(2)), queue.has(owner(2))), (0, false));
    }
}
