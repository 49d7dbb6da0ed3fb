//! Whose turn it is: deficit round robin between the classes.
//!
//! M. Shreedhar, G. Varghese, "Efficient Fair Queueing using Deficit Round Robin"
//! (1995), with one change: within a round the classes go by priority, not in a circle.
//! So a class that has not used up its share of a round, as one that sends little, goes
//! next; and one that has waits for the others' shares, but no longer.

use crate::Class;

/// How many classes take turns; control frames wait for nobody.
pub(crate) const QUEUES: usize = 4;

/// Bytes that each class may send in a round, in chunks, in the order of the queues.
/// Actors and streams share a full connection evenly; membership is little and must not
/// lag behind them; bulk gets what a copy in the background needs, one part in eleven.
const WEIGHTS: [i64; QUEUES] = [4, 4, 2, 1];

/// Who goes first within a round: what somebody waits for, before what nobody does.
const PRIORITY: [usize; QUEUES] = [ACTORS, MEMBERSHIP, STREAMS, BULK];
pub(crate) const ACTORS: usize = Class::Actors as usize - 1;
const STREAMS: usize = Class::Streams as usize - 1;
const MEMBERSHIP: usize = Class::Membership as usize - 1;
const BULK: usize = Class::Bulk as usize - 1;

/// The place of a class's queue; none for control.
#[inline]
pub(crate) const fn queue_of(class: Class) -> Option<usize> {
    (class as usize).checked_sub(1)
}

/// What is left of each queue's share of this round, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turns {
    quanta: [i64; QUEUES],
    left: [i64; QUEUES],
}

impl Turns {
    /// For chunks of this size. A quantum is no less than a chunk, so that every class
    /// sends something in every second round.
    pub(crate) fn new(chunk_max: usize) -> Self {
        let quanta = WEIGHTS.map(|weight| weight * chunk_max as i64);
        Self { quanta, left: quanta }
    }

    /// The queue to send from, of those that have something; begins new rounds as needed.
    pub(crate) fn next(&mut self, ready: [bool; QUEUES]) -> Option<usize> {
        let mut ready = PRIORITY.into_iter().filter(|&queue| ready[queue]);
        if let Some(found) = ready.clone().find(|&queue| self.left[queue] > 0) {
            return Some(found);
        }
        let rounds = ready.clone().map(|queue| {
            // The fewest that leave at least one byte.
            let short = 1 - self.left[queue];
            (short + self.quanta[queue] - 1) / self.quanta[queue]
        });
        let rounds = rounds.min()?;
        for (left, quantum) in self.left.iter_mut().zip(self.quanta) {
            *left = (*left + rounds * quantum).min(quantum);
        }
        ready.find(|&queue| self.left[queue] > 0)
    }

    /// So many bytes were sent from a queue.
    pub(crate) fn spend(&mut self, queue: usize, bytes: usize) {
        self.left[queue] -= bytes as i64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: usize = 64 * 1024;

    fn run(turns: &mut Turns, ready: [bool; QUEUES], sends: usize, size: usize) -> [usize; QUEUES] {
        let mut sent = [0; QUEUES];
        for _ in 0..sends {
            let queue = turns.next(ready).unwrap_or_else(|| panic!("{ready:?}"));
            turns.spend(queue, size);
            sent[queue] += size;
        }
        sent
    }

    #[test]
    fn shares_follow_the_weights_whatever_the_sizes() {
        for size in [1_000, CHUNK, 3 * CHUNK] {
            let sent = run(&mut Turns::new(CHUNK), [true; QUEUES], 10_000, size);
            let part = sent.iter().sum::<usize>() as i64 / WEIGHTS.iter().sum::<i64>();
            for (sent, weight) in sent.into_iter().zip(WEIGHTS) {
                let off = (sent as i64 - weight * part).abs();
                assert!(off <= 8 * CHUNK as i64, "{size}: {sent} of {part} times {weight}");
            }
        }
    }

    #[test]
    fn who_sends_little_goes_next() {
        let mut turns = Turns::new(CHUNK);
        for _ in 0..1_000 {
            assert_eq!(
                turns.next([false, true, false, true]).map(|queue| {
                    turns.spend(queue, CHUNK);
                }),
                Some(())
            );
            assert_eq!(turns.next([true; QUEUES]), Some(ACTORS));
            turns.spend(ACTORS, 100);
        }
    }

    #[test]
    fn a_class_alone_gets_everything() {
        let mut turns = Turns::new(CHUNK);
        let sent = run(&mut turns, [false, false, false, true], 1_000, 2 * CHUNK);
        assert_eq!(sent[BULK], 2_000 * CHUNK);
        assert_eq!(turns.next([false; QUEUES]), None);
        assert_eq!(turns.next([true, false, false, true]), Some(ACTORS));
    }
}
