//! The vocabulary of a history.

use holm_wire::{ExitReason, NodeName};

/// A client of one [`History`](super::History). Its number may travel in messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

/// What a client did or saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message is about to be sent. Messages from one client to another have increasing
    /// numbers.
    Sending {
        /// The sender.
        from: ClientId,
        /// The receiver.
        to: ClientId,
        /// The sender's number of it.
        number: u64,
    },
    /// It came back: it was not accepted.
    Refused {
        /// The sender.
        from: ClientId,
        /// The receiver.
        to: ClientId,
        /// The sender's number of it.
        number: u64,
    },
    /// A message, or a call, arrived.
    Received {
        /// The receiver.
        by: ClientId,
        /// The sender.
        from: ClientId,
        /// The sender's number of it.
        number: u64,
    },
    /// A call is about to be made. It counts as a message.
    Calling {
        /// The caller.
        from: ClientId,
        /// The callee.
        to: ClientId,
        /// The caller's number of it.
        number: u64,
    },
    /// The call has ended.
    Returned {
        /// The caller.
        from: ClientId,
        /// The callee.
        to: ClientId,
        /// The caller's number of it.
        number: u64,
        /// Whether the callee answered; else it ended with an error.
        replied: bool,
    },
    /// A client watches another from now on.
    Monitoring {
        /// The watcher.
        by: ClientId,
        /// The watcher's number of this monitor.
        monitor: u64,
        /// Whom it watches.
        target: ClientId,
    },
    /// It does no longer, and whatever waits for it is gone: nothing may come from now on.
    Demonitored {
        /// The watcher.
        by: ClientId,
        /// The watcher's number of this monitor.
        monitor: u64,
    },
    /// A monitor has fired.
    Down {
        /// The watcher.
        by: ClientId,
        /// The watcher's number of this monitor.
        monitor: u64,
        /// What it was told.
        reason: ExitReason,
    },
    /// A client that traps exits links with another from now on.
    Linking {
        /// Who calls.
        by: ClientId,
        /// With whom.
        peer: ClientId,
    },
    /// The link is ended by one side: to it, no exit may come from now on.
    Unlinked {
        /// Who called.
        by: ClientId,
        /// With whom it was linked.
        peer: ClientId,
    },
    /// An exit through a link was trapped.
    Exit {
        /// Who was told.
        by: ClientId,
        /// Who ended, or got out of reach.
        from: ClientId,
    },
    /// A client has ended. What it does or sees after that counts no more.
    Ended {
        /// Which.
        client: ClientId,
        /// Why, where that is known.
        reason: Option<ExitReason>,
    },
    /// A node has a session with another.
    NodeUp {
        /// The node that says so.
        at: NodeName,
        /// The other one.
        node: NodeName,
    },
    /// The session has ended.
    NodeDown {
        /// The node that says so.
        at: NodeName,
        /// The other one.
        node: NodeName,
    },
    /// The host of a node has crashed, and its clients with it.
    Crashed {
        /// The node.
        node: NodeName,
    },
}
