//! The nodes that this one knows of.

use std::collections::BTreeMap;
use std::sync::Arc;

use holm_actor::Address;
use holm_env::Endpoint;
use holm_wire::handshake::Introduction;
use holm_wire::{Incarnation, NodeId, NodeName};
use parking_lot::RwLock;

use crate::peer::{Heard, Introduced, Peer};

/// Nodes known by what others tell: many times the nodes of a cluster, and some 30 MB. Of one more
/// nothing is kept, and its pids lead nowhere.
const PEERS_MAX: usize = 65_536;

#[derive(Default)]
pub(crate) struct Peers(RwLock<Table>);

#[derive(Default)]
struct Table {
    by_name: BTreeMap<NodeName, Arc<Peer>>,
    /// The latest known life of each. Pids of earlier ones are dead.
    by_id: BTreeMap<NodeId, Arc<Peer>>,
}

impl Peers {
    pub(crate) fn by_name(&self, name: &NodeName) -> Option<Arc<Peer>> {
        self.0.read().by_name.get(name).cloned()
    }

    /// Who was found there the last time.
    pub(crate) fn by_endpoint(&self, endpoint: &Endpoint) -> Option<Arc<Peer>> {
        self.0.read().by_name.values().find(|peer| peer.is_at(endpoint)).cloned()
    }

    /// The node of an address, if it is known.
    pub(crate) fn find(&self, to: &Address) -> Option<Arc<Peer>> {
        let table = self.0.read();
        match to {
            Address::Pid(pid) => table.by_id.get(&pid.node).cloned(),
            Address::Named { node, .. } => table.by_name.get(node).cloned(),
            _ => None,
        }
    }

    /// Whether another node has this id: names and lives are many, ids may collide.
    pub(crate) fn is_taken(&self, id: NodeId, name: &NodeName) -> bool {
        self.0.read().by_id.get(&id).is_some_and(|peer| peer.name != *name)
    }

    /// How nodes are introduced to others; this node, unknown ones and observers are not.
    pub(crate) fn introduce(&self, ids: &[NodeId]) -> Vec<Introduced> {
        if ids.is_empty() {
            return Vec::new();
        }
        let introduced = |id: &NodeId| {
            let peer = self.0.read().by_id.get(id).cloned()?;
            peer.introduced().filter(|introduced| introduced.id == *id)
        };
        ids.iter().filter_map(introduced).collect()
    }

    /// The node of this name, which is `new` if it was not known.
    pub(crate) fn entry(&self, name: &NodeName, new: impl FnOnce() -> Peer) -> Arc<Peer> {
        let mut table = self.0.write();
        if let Some(peer) = table.by_name.get(name) {
            return Arc::clone(peer);
        }
        let peer = Arc::new(new());
        table.by_name.insert(name.clone(), Arc::clone(&peer));
        peer
    }

    /// A peer has introduced itself.
    pub(crate) fn meet(&self, who: &Introduction, dialled: Option<&Endpoint>) -> Arc<Peer> {
        let peer = self.entry(&who.node, || Peer::new(who.node.clone(), Vec::new()));
        let outdated = peer.meet(who, parse(&who.endpoints), dialled);
        self.index(&peer, outdated, NodeId::of(&who.node, who.incarnation));
        peer
    }

    /// A peer has told of another node.
    pub(crate) fn hear(&self, name: &NodeName, incarnation: Incarnation, endpoints: &[&str]) {
        let id = NodeId::of(name, incarnation);
        if self.is_taken(id, name) {
            return;
        }
        let is_full = self.0.read().by_name.len() >= PEERS_MAX;
        if is_full && self.by_name(name).is_none() {
            return;
        }
        let peer = self.entry(name, || Peer::new(name.clone(), Vec::new()));
        if let Heard::New(outdated) = peer.hear(incarnation, parse(endpoints)) {
            self.index(&peer, outdated, id);
        }
    }

    fn index(&self, peer: &Arc<Peer>, outdated: Option<NodeId>, id: NodeId) {
        let mut table = self.0.write();
        if let Some(outdated) = outdated {
            table.by_id.remove(&outdated);
        }
        table.by_id.insert(id, Arc::clone(peer));
    }
}

/// Those endpoints that can be understood; a later version may have others.
fn parse(texts: &[impl AsRef<str>]) -> Vec<Endpoint> {
    texts.iter().filter_map(|text| text.as_ref().parse().ok()).collect()
}

impl std::fmt::Debug for Peers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.read().by_name.keys()).finish()
    }
}
