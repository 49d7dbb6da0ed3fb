//! What a peer has sent to inboxes beyond their bounds.

use std::collections::BTreeMap;

use holm_net::QUEUE_BYTES_MAX;
use holm_wire::Serial;

/// Bytes beyond the bounds of inboxes at which the peer is asked for no messages at all: as much as its
/// queue for this node holds.
const OVERSHOOT_MAX: usize = QUEUE_BYTES_MAX;

/// What may still be on its way then: the peer's queues of small and of large messages, and the buffers
/// of both kernels, 8 MiB each on a fast network.
const ON_ITS_WAY_MAX: usize = 2 * QUEUE_BYTES_MAX + 16 * 1024 * 1024;

/// What a message is counted for, beside its arguments: about what it takes.
const OVERHEAD: usize = 64;

/// The messages of one peer that came to full inboxes, by actor, until half of its inbox is free.
#[derive(Debug, Default)]
pub(crate) struct Overshoot {
    by_actor: BTreeMap<Serial, usize>,
    bytes: usize,
    all: bool,
}

/// What a message with arguments of this length is counted for.
pub(crate) fn weight_of(length: usize) -> usize {
    length + OVERHEAD
}

/// What is to be asked of the peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ask {
    /// For this actor.
    pub(crate) one: bool,
    /// For all of them.
    pub(crate) all: bool,
}

impl Overshoot {
    /// A message of this weight came to a full inbox: which pauses to ask for.
    pub(crate) fn add(&mut self, to: Serial, weight: usize) -> Ask {
        let one = !self.by_actor.contains_key(&to);
        self.by_actor.entry(to).or_default();
        Ask { one, ..self.add_more(to, weight) }
    }

    /// So much came to one that was full; nothing if half of it has been free since.
    pub(crate) fn add_more(&mut self, to: Serial, weight: usize) -> Ask {
        let Some(sum) = self.by_actor.get_mut(&to) else { return Ask::default() };
        *sum += weight;
        self.bytes += weight;
        let all = self.bytes >= OVERSHOOT_MAX && !std::mem::replace(&mut self.all, true);
        Ask { one: false, all }
    }

    /// Half of an inbox is free, or its actor has ended: which pauses to end.
    pub(crate) fn remove(&mut self, to: Serial) -> Ask {
        let Some(bytes) = self.by_actor.remove(&to) else { return Ask::default() };
        self.bytes -= bytes;
        let all = self.all && self.bytes <= OVERSHOOT_MAX / 2;
        self.all &= !all;
        Ask { one: true, all }
    }

    /// Whether the peer goes on although it was asked not to.
    pub(crate) fn is_flood(&self, message_max: usize) -> bool {
        self.bytes > OVERSHOOT_MAX + ON_ITS_WAY_MAX + message_max
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn serial(value: u64) -> Serial {
        Serial::from_u64(value).unwrap()
    }

    #[test]
    fn each_actor_is_paused_once_and_all_when_much_waits() {
        let mut overshoot = Overshoot::default();
        assert_eq!(overshoot.add(serial(1), 10), Ask { one: true, all: false });
        assert_eq!(overshoot.add(serial(1), 10), Ask::default());
        assert_eq!(overshoot.add(serial(2), OVERSHOOT_MAX), Ask { one: true, all: true });
        assert_eq!(overshoot.add(serial(2), 1), Ask::default());
        assert_eq!(overshoot.remove(serial(1)), Ask { one: true, all: false });
        assert_eq!(overshoot.remove(serial(1)), Ask::default());
        assert_eq!(overshoot.add_more(serial(1), OVERSHOOT_MAX), Ask::default());
        assert_eq!(overshoot.remove(serial(2)), Ask { one: true, all: true });
        assert_eq!(overshoot.bytes, 0);
        assert_eq!(overshoot.add(serial(2), OVERSHOOT_MAX), Ask { one: true, all: true });
    }

    #[test]
    fn what_could_not_have_been_on_its_way_is_a_flood() {
        let mut overshoot = Overshoot::default();
        overshoot.add(serial(1), OVERSHOOT_MAX + ON_ITS_WAY_MAX);
        assert!(!overshoot.is_flood(1_000));
        overshoot.add(serial(1), 1_001);
        assert!(overshoot.is_flood(1_000));
    }
}
