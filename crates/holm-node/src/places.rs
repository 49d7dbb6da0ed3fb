//! At most one session for each pair of nodes: who decides, and the place that is taken.

use std::collections::BTreeMap;
use std::sync::Arc;

use holm_wire::handshake::{Established, Reject, is_arbiter};
use holm_wire::{Code, Incarnation, NodeName, Side};
use parking_lot::Mutex;

use crate::link::Link;

/// The peers whose sessions are about to begin, or have begun.
///
/// The node with the greater name is the arbiter of the pair, whoever dials, and alone refuses a second
/// attempt, so that of two that cross both sides keep the same one. Both refuse an earlier life.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    by_peer: BTreeMap<NodeName, (Incarnation, u64)>,
    /// Places given so far.
    given: u64,
}

/// A peer's place, free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    peer: NodeName,
    number: u64,
}

impl Places {
    /// Takes the peer's place. A later life of the peer takes the place of an earlier one, and so does
    /// an attempt which proves that the one that holds it `is_over`.
    pub(crate) fn take(
        self: &Arc<Self>,
        agreed: &Established,
        is_over: bool,
    ) -> Result<Place, Reject> {
        let peer = &agreed.peer;
        let may_be_both = is_over || !is_arbiter(&agreed.ours.node, &peer.node);
        let mut held = self.0.lock();
        if let Some((incarnation, _)) = held.by_peer.get(&peer.node) {
            if *incarnation > peer.incarnation {
                return Err(stale());
            }
            if *incarnation == peer.incarnation && !may_be_both {
                return Err(Reject::new(Code::Duplicate, "there is a session with this node"));
            }
        }
        held.given += 1;
        let number = held.given;
        held.by_peer.insert(peer.node.clone(), (peer.incarnation, number));
        drop(held);
        Ok(Place { places: Arc::clone(self), peer: peer.node.clone(), number })
    }
}

/// Whether an attempt proves that the session `live` with the same peer has ended for that peer: it
/// dials only without a session (but blindly), and says which of this node's dials it has seen closed.
pub(crate) fn proves_over(agreed: &Established, live: &Link) -> bool {
    let same_life = live.incarnation == agreed.peer.incarnation;
    let peer_dials = agreed.side == Side::Accepted;
    same_life
        && peer_dials
        && match live.side {
            Side::Accepted => !agreed.dial.is_blind && live.attempt < agreed.dial.attempt,
            Side::Dialled => agreed.dial.gone >= Some(live.attempt),
        }
}

/// The refusal of an earlier life of a peer.
pub(crate) fn stale() -> Reject {
    Reject::new(Code::StaleIncarnation, "a later life of this node is known")
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.places.0.lock();
        if held.by_peer.get(&self.peer).is_some_and(|(_, number)| *number == self.number) {
            held.by_peer.remove(&self.peer);
        }
    }
}
