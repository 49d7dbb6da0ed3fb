//! Short histories for the tests of the checks: two clients on one node, and one on another.

use std::time::Duration;

use holm_wire::{ExitReason, NodeName};

use super::view::{Client, Entry, View};
use super::{ClientId, Event, Fault, Promise};

pub(super) const HERE: ClientId = ClientId(0);
/// On the same node.
pub(super) const LOCAL: ClientId = ClientId(1);
/// On another one.
pub(super) const FAR: ClientId = ClientId(2);

pub(super) struct Tale {
    clients: Vec<Client>,
    entries: Vec<Entry>,
}

impl Tale {
    pub(super) fn new() -> Self {
        let clients = [HERE, LOCAL, FAR].map(|client| Client { node: name(client), since: 0 });
        Self { clients: clients.to_vec(), entries: Vec::new() }
    }

    pub(super) fn node(&self, client: ClientId) -> NodeName {
        name(client)
    }

    /// So many milliseconds after the start.
    pub(super) fn at(&mut self, ms: u64, event: Event) -> &mut Self {
        self.entries.push(Entry { at: Duration::from_millis(ms), event });
        self
    }

    /// At the time of the event before.
    pub(super) fn now(&mut self, event: Event) -> &mut Self {
        let at = self.entries.last().map(|entry| entry.at).unwrap_or_default();
        self.entries.push(Entry { at, event });
        self
    }

    pub(super) fn passes(&mut self, check: fn(&View<'_>) -> Result<(), Fault>) -> &mut Self {
        assert_eq!(check(&View::new(&self.clients, &self.entries)), Ok(()));
        self
    }

    pub(super) fn fails(&mut self, check: fn(&View<'_>) -> Result<(), Fault>, promise: Promise) {
        let fault = check(&View::new(&self.clients, &self.entries));
        assert_eq!(fault.map_err(|fault| fault.promise), Err(promise));
    }
}

fn name(client: ClientId) -> NodeName {
    let name = if client == FAR { "far@sim" } else { "here@sim" };
    name.parse().expect("a node name")
}

pub(super) fn up(at: ClientId, node: ClientId) -> Event {
    Event::NodeUp { at: name(at), node: name(node) }
}

pub(super) fn down(at: ClientId, node: ClientId) -> Event {
    Event::NodeDown { at: name(at), node: name(node) }
}

pub(super) fn sending(number: u64) -> Event {
    Event::Sending { from: FAR, to: HERE, number }
}

pub(super) fn received(number: u64) -> Event {
    Event::Received { by: HERE, from: FAR, number }
}

/// A monitor of [`HERE`].
pub(super) fn monitoring(target: ClientId, monitor: u64) -> Event {
    Event::Monitoring { by: HERE, monitor, target }
}

/// To [`HERE`].
pub(super) fn monitor_down(monitor: u64, reason: ExitReason) -> Event {
    Event::Down { by: HERE, monitor, reason }
}

pub(super) fn ended(client: ClientId) -> Event {
    Event::Ended { client, reason: None }
}
