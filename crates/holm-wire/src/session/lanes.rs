//! Which frames must wait, so that messages to one receiver stay in order while a
//! large one to it is under way.

use super::large::Large;
use std::collections::{BTreeMap, VecDeque};

/// A receiver as the sender knows it; the sender's own numbering, not on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiverKey(pub u64);

/// What a frame must stay in order with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Nothing that is still held back: it goes at once. For what several receivers
    /// need first, as a `Define`.
    Free,
    /// The frames to this receiver.
    To(ReceiverKey),
    /// The frames to every receiver: which one it is, is not known here, as when it is
    /// addressed by name.
    Every,
}

/// Frames held back, bytes ready to be written or a message to be cut.
#[derive(Debug)]
pub(crate) enum Held {
    Frames(Vec<u8>),
    Large(Large),
}

/// Frames of a lane are joined in one buffer up to this size in bytes, and so released
/// in pieces no longer than the other buffers of frames.
pub(crate) const HELD_BYTES_MAX: usize = 64 * 1024;

/// The receivers with a large message under way, and what waits behind it.
///
/// A frame for `Order::Every` waits until no large message is under way at all, and
/// everything after it waits behind it.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    /// By receiver with a large message under way: what waits for its end.
    busy: BTreeMap<ReceiverKey, Queue>,
    /// A large message in order with every receiver is under way.
    barrier: bool,
    /// What waits behind such a message, or behind a frame that must wait for all `busy`.
    behind: Queue,
}

type Queue = VecDeque<(Order, Held)>;

impl Lanes {
    /// Whether a frame of this order must wait.
    #[inline]
    pub(crate) fn must_hold(&self, order: Order) -> bool {
        let quiet = self.busy.is_empty() && !self.barrier;
        !quiet
            && match order {
                Order::Free => false,
                Order::Every => true,
                Order::To(key) => self.is_blocked() || self.busy.contains_key(&key),
            }
    }

    fn is_blocked(&self) -> bool {
        self.barrier || !self.behind.is_empty()
    }

    /// Notes that a large message, which need not wait, is under way.
    pub(crate) fn start(&mut self, order: Order) {
        match order {
            Order::Free => {}
            Order::To(key) => {
                self.busy.entry(key).or_default();
            }
            Order::Every => self.barrier = true,
        }
    }

    /// Keeps a large message that must wait.
    pub(crate) fn hold(&mut self, large: Large) {
        let order = large.order;
        self.queue(order).push_back((order, Held::Large(large)));
    }

    /// Where to append a small frame that must wait.
    pub(crate) fn hold_frame(&mut self, order: Order) -> &mut Vec<u8> {
        let queue = self.queue(order);
        let joins = matches!(queue.back(), Some((last, Held::Frames(frames)))
            if *last == order && frames.len() < HELD_BYTES_MAX);
        if !joins {
            queue.push_back((order, Held::Frames(Vec::new())));
        }
        match queue.back_mut() {
            Some((_, Held::Frames(frames))) => frames,
            Some((_, Held::Large(_))) | None => unreachable!("frames are last"),
        }
    }

    fn queue(&mut self, order: Order) -> &mut Queue {
        match order {
            Order::To(key) if !self.is_blocked() => self.busy.entry(key).or_default(),
            Order::To(_) | Order::Every | Order::Free => &mut self.behind,
        }
    }

    /// A large message of this order has been written; gives what need not wait any
    /// longer to `release`, in order.
    pub(crate) fn end(&mut self, order: Order, release: &mut impl FnMut(Held)) {
        match order {
            Order::Free => return,
            Order::Every => self.barrier = false,
            Order::To(key) => {
                let Some(lane) = self.busy.get_mut(&key) else { unreachable!("it was busy") };
                while let Some((_, held)) = lane.pop_front() {
                    let large = matches!(held, Held::Large(_));
                    release(held);
                    if large {
                        return;
                    }
                }
                self.busy.remove(&key);
            }
        }
        self.release_behind(release);
    }

    fn release_behind(&mut self, release: &mut impl FnMut(Held)) {
        while !self.barrier {
            let Some((order, held)) = self.behind.pop_front_if(|(order, _)| match order {
                Order::Every => self.busy.is_empty(),
                Order::Free | Order::To(_) => true,
            }) else {
                return;
            };
            if let Order::To(key) = order
                && let Some(lane) = self.busy.get_mut(&key)
            {
                lane.push_back((order, held));
                continue;
            }
            if matches!(held, Held::Large(_)) {
                self.start(order);
            }
            release(held);
        }
    }
}
