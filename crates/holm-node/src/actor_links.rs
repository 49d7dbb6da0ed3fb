//! The links between our actors and a peer's that went by one session.

use std::collections::{BTreeMap, BTreeSet};

use holm_proto::ledger::{LinkId, LinkIds};
use holm_wire::signal::LinkedBy;
use holm_wire::{NodeId, Serial};

/// Links that a peer may make with actors here: as many as monitors, for the same reason. A
/// further one is answered with a LinkExit, reason `Noconnection`.
pub(crate) const LINKED_MAX: usize = 65_536;

/// Our actor of each live id, by who minted it. An id is added with its stamp in the ledger of the
/// actor, under the session's lock, and is removed after it was removed there.
///
/// A peer that breaks the protocol, by linking two actors twice, has the id that is displaced kept
/// until the session ends, as one of its [`LINKED_MAX`].
#[derive(Debug, Default)]
pub(crate) struct ActorLinks {
    ours: BTreeMap<LinkId, Serial>,
    theirs: BTreeMap<LinkId, Serial>,
}

impl ActorLinks {
    pub(crate) fn add_ours(&mut self, id: LinkId, actor: Serial) {
        self.ours.insert(id, actor);
    }

    pub(crate) fn add_theirs(&mut self, id: LinkId, actor: Serial) {
        self.theirs.insert(id, actor);
    }

    pub(crate) fn has_theirs(&self, id: LinkId) -> bool {
        self.theirs.contains_key(&id)
    }

    /// Whether the peer may make one more.
    pub(crate) fn is_room(&self) -> bool {
        self.theirs.len() < LINKED_MAX
    }

    /// Removes ids that were removed from a ledger of this node, `us`.
    pub(crate) fn remove(&mut self, us: NodeId, ids: &LinkIds) {
        for key in ids.iter() {
            let table = if key.node == us { &mut self.ours } else { &mut self.theirs };
            table.remove(&key.id);
        }
    }

    /// Live ids, of both sides.
    pub(crate) fn len(&self) -> usize {
        self.ours.len() + self.theirs.len()
    }

    /// Our actors that have any.
    pub(crate) fn actors(&self) -> BTreeSet<Serial> {
        self.ours.values().chain(self.theirs.values()).copied().collect()
    }
}

/// The ids of a link as they are told to the peer; `None` if there are none.
pub(crate) fn to_wire(us: NodeId, ids: &LinkIds) -> Option<LinkedBy> {
    let minted = |by_us| ids.iter().find(|key| (key.node == us) == by_us).map(|key| key.id);
    match (minted(true), minted(false)) {
        (Some(sender), Some(receiver)) => Some(LinkedBy::Both { sender, receiver }),
        (Some(sender), None) => Some(LinkedBy::Sender(sender)),
        (None, Some(receiver)) => Some(LinkedBy::Receiver(receiver)),
        (None, None) => None,
    }
}
