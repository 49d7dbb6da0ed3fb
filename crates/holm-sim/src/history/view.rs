//! A history, indexed for its checks.

use std::collections::BTreeMap;
use std::time::Duration;

use holm_wire::{ExitReason, NodeName};

use super::{ClientId, Event};

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) at: Duration,
    pub(super) event: Event,
}

#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) node: NodeName,
    /// Entries before it.
    pub(super) since: usize,
}

/// The place of an entry in its history.
pub(super) type Position = usize;

/// One way of a session: whose view, and with whom.
type Way<'a> = (&'a NodeName, &'a NodeName);

/// How a client ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct End<'a> {
    pub(super) position: Position,
    pub(super) reason: Option<&'a ExitReason>,
}

pub(super) struct View<'a> {
    clients: &'a [Client],
    pub(super) entries: &'a [Entry],
    ends: BTreeMap<ClientId, End<'a>>,
    /// For each way, when the session came (true) and went, in order.
    sessions: BTreeMap<Way<'a>, Vec<(Position, bool)>>,
    /// When nodes crashed.
    crashes: Vec<(Position, &'a NodeName)>,
}

impl<'a> View<'a> {
    pub(super) fn new(clients: &'a [Client], entries: &'a [Entry]) -> Self {
        let mut view = Self {
            clients,
            entries,
            ends: BTreeMap::new(),
            sessions: BTreeMap::new(),
            crashes: Vec::new(),
        };
        for (position, entry) in entries.iter().enumerate() {
            match &entry.event {
                Event::Ended { client, reason } => {
                    let end = End { position, reason: reason.as_ref() };
                    view.ends.entry(*client).or_insert(end);
                }
                Event::Crashed { node } => view.crash(position, node),
                Event::NodeUp { at, node } => {
                    view.sessions.entry((at, node)).or_default().push((position, true));
                }
                Event::NodeDown { at, node } => {
                    view.sessions.entry((at, node)).or_default().push((position, false));
                }
                _ => {}
            }
        }
        view
    }

    fn crash(&mut self, position: Position, node: &'a NodeName) {
        self.crashes.push((position, node));
        for (number, client) in self.clients.iter().enumerate() {
            if client.node == *node && client.since <= position {
                let end = End { position, reason: None };
                self.ends.entry(ClientId(number as u64)).or_insert(end);
            }
        }
        for ((at, _), changes) in &mut self.sessions {
            if *at == node {
                changes.push((position, false));
            }
        }
    }

    /// All events with their positions; those of clients that had ended are left out.
    pub(super) fn events(&self) -> impl Iterator<Item = (Position, &'a Event)> {
        let entries = self.entries.iter().enumerate();
        entries.map(|(position, entry)| (position, &entry.event)).filter(|(position, event)| {
            actor(event).is_none_or(|client| self.is_alive(client, *position))
        })
    }

    /// # Panics
    /// If it is no client of this history.
    pub(super) fn node(&self, client: ClientId) -> &'a NodeName {
        let client = usize::try_from(client.0).ok().and_then(|number| self.clients.get(number));
        &client.expect("a client of this history").node
    }

    pub(super) fn end(&self, client: ClientId) -> Option<End<'a>> {
        self.ends.get(&client).copied()
    }

    pub(super) fn has_ended(&self, client: ClientId) -> bool {
        self.ends.contains_key(&client)
    }

    fn is_alive(&self, client: ClientId, position: Position) -> bool {
        self.end(client).is_none_or(|end| position < end.position)
    }

    pub(super) fn time(&self, position: Position) -> Duration {
        self.entries[position].at
    }

    /// The coming (true) and going of sessions at `at` with `node`.
    pub(super) fn sessions(&self, at: &'a NodeName, node: &'a NodeName) -> &[(Position, bool)] {
        self.sessions.get(&(at, node)).map_or(&[], Vec::as_slice)
    }

    /// Whether the node of `by` had met that of `other` by the time of `position`, in the lives that
    /// both have then: else it may not know of such a node.
    pub(super) fn has_met(&self, by: ClientId, other: ClientId, position: Position) -> bool {
        let (at, node) = (self.node(by), self.node(other));
        let is_theirs = |(crash, whose): &&(Position, &NodeName)| {
            *crash < position && (*whose == at || *whose == node)
        };
        let start = self.crashes.iter().rfind(is_theirs).map_or(0, |(crash, _)| *crash);
        let changes = self.sessions(at, node).iter();
        at == node
            || changes.into_iter().any(|(up, is_up)| *is_up && (start..position).contains(up))
    }

    /// Whether `by` has lost the session with the node of `other`, if there was one, some time
    /// after `position`.
    pub(super) fn has_lost(&self, by: ClientId, other: ClientId, position: Position) -> bool {
        let mut changes = self.sessions(self.node(by), self.node(other)).iter();
        changes.any(|(change, up)| !up && self.time(*change) > self.time(position))
    }

    /// Whether what was done at `position` may be lost between the two clients: their nodes had
    /// no session, for all that is known, or lost it later.
    pub(super) fn may_be_lost(&self, one: ClientId, other: ClientId, position: Position) -> bool {
        let (one, other) = (self.node(one), self.node(other));
        one != other && (self.is_cut(one, other, position) || self.is_cut(other, one, position))
    }

    fn is_cut(&self, at: &'a NodeName, node: &'a NodeName, position: Position) -> bool {
        let changes = self.sessions(at, node);
        let later = changes.iter().find(|(change, _)| *change > position);
        let before = changes.iter().rfind(|(change, _)| *change < position);
        let has_session = before.is_some_and(|(_, up)| *up);
        // What a node tells its tasks they may write down a little later, in the same instant.
        let blurred = later.is_some_and(|(change, _)| self.time(*change) == self.time(position));
        !has_session || blurred || changes.iter().any(|(change, up)| !up && *change > position)
    }
}

/// Who did or saw it, if it was a client.
fn actor(event: &Event) -> Option<ClientId> {
    match event {
        Event::Sending { from, .. }
        | Event::Refused { from, .. }
        | Event::Calling { from, .. }
        | Event::Returned { from, .. } => Some(*from),
        Event::Received { by, .. }
        | Event::Monitoring { by, .. }
        | Event::Demonitored { by, .. }
        | Event::Down { by, .. }
        | Event::Linking { by, .. }
        | Event::Unlinked { by, .. }
        | Event::Exit { by, .. } => Some(*by),
        Event::Ended { .. }
        | Event::NodeUp { .. }
        | Event::NodeDown { .. }
        | Event::Crashed { .. } => None,
    }
}
