//! At most one session for each pair of nodes: who decides, and the place that is taken.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use holm_wire::handshake::{Established, Reject, is_arbiter};
use holm_wire::{Code, Incarnation, NodeName};
use parking_lot::Mutex;

/// The peers that this node, as the arbiter of the pair, has committed to.
///
/// The node with the greater name is the arbiter, whoever dials, so that of two attempts that cross
/// both sides keep the same one.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<BTreeMap<NodeName, Incarnation>>);

/// A peer's place, free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    peer: NodeName,
    incarnation: Incarnation,
}

impl Places {
    /// Takes the peer's place, if it is this node's to give. A later life of the peer takes the
    /// place of an earlier one.
    pub(crate) fn take(self: &Arc<Self>, agreed: &Established) -> Result<Option<Place>, Reject> {
        let peer = &agreed.peer;
        if !is_arbiter(&agreed.ours.node, &peer.node) {
            return Ok(None);
        }
        match self.0.lock().entry(peer.node.clone()) {
            Entry::Occupied(held) if *held.get() == peer.incarnation => {
                return Err(Reject::new(Code::Duplicate, "there is a session with this node"));
            }
            Entry::Occupied(held) if *held.get() > peer.incarnation => {
                return Err(stale());
            }
            Entry::Occupied(mut held) => {
                held.insert(peer.incarnation);
            }
            Entry::Vacant(vacant) => {
                vacant.insert(peer.incarnation);
            }
        }
        Ok(Some(Place {
            places: Arc::clone(self),
            peer: peer.node.clone(),
            incarnation: peer.incarnation,
        }))
    }
}

/// The refusal of an earlier life of a peer.
pub(crate) fn stale() -> Reject {
    Reject::new(Code::StaleIncarnation, "a later life of this node is known")
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.places.0.lock();
        if held.get(&self.peer) == Some(&self.incarnation) {
            held.remove(&self.peer);
        }
    }
}
