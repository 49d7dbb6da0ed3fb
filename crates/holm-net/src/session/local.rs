//! What is kept of a stream between the session's reader and the stream's user.

use std::collections::VecDeque;
use std::task::Waker;

use bytes::{Bytes, BytesMut};
use holm_wire::WireError;
use holm_wire::session::Payload;
use tokio::time::Instant;

/// One stream on this side.
#[derive(Debug, Default)]
pub(super) struct Local {
    /// What arrived and was not taken.
    pub(super) items: Items,
    /// The peer sends no more.
    pub(super) ended: bool,
    /// The peer wants no more.
    pub(super) stopped: bool,
    /// It is over, and why.
    pub(super) reset: Option<WireError>,
    /// When it is over in any case.
    pub(super) deadline: Option<Instant>,
    /// There is a handle of it.
    pub(super) taken: bool,
    /// Waits for an item.
    pub(super) receiver: Option<Waker>,
    /// Waits for credit.
    pub(super) sender: Option<Waker>,
    /// Waits for a stop.
    pub(super) stopping: Option<Waker>,
}

impl Local {
    /// Of a stream opened here.
    pub(super) fn ours() -> Self {
        Self { taken: true, ..Self::default() }
    }

    /// Of a stream opened by the peer, with items or without.
    pub(super) fn theirs(ended: bool) -> Self {
        Self { ended, ..Self::default() }
    }

    /// Whoever waits for anything of this stream.
    pub(super) fn wakers(&mut self) -> [Option<Waker>; 3] {
        [self.receiver.take(), self.sender.take(), self.stopping.take()]
    }
}

/// Items, in order.
#[derive(Debug, Default)]
pub(super) struct Items {
    queue: VecDeque<Item>,
    /// The small ones, one behind the other: many of them share an allocation.
    small: BytesMut,
}

#[derive(Debug)]
enum Item {
    /// So many bytes of the small ones.
    Small(usize),
    Large(Bytes),
}

impl Items {
    pub(super) fn push(&mut self, payload: Payload<'_>) {
        self.queue.push_back(match payload {
            Payload::Small(bytes) => {
                self.small.extend_from_slice(bytes);
                Item::Small(bytes.len())
            }
            Payload::Large(bytes) => Item::Large(bytes),
        });
    }

    pub(super) fn pop(&mut self) -> Option<Bytes> {
        self.queue.pop_front().map(|item| match item {
            Item::Small(length) if length == self.small.len() => {
                std::mem::take(&mut self.small).freeze()
            }
            Item::Small(length) => self.small.split_to(length).freeze(),
            Item::Large(bytes) => bytes,
        })
    }
}
