//! What names a link, a session and a queued exit.

pub use holm_wire::LinkId;

use holm_wire::{NodeId, Pid};

/// One call of `link`, unique in the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkKey {
    /// The node that minted it.
    pub node: NodeId,
    /// Its number there, minted by the driver's counter; never twice on one node.
    pub id: LinkId,
}

/// The ids of one link: none if there is no link, two if both sides called `link` at once, never
/// more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LinkIds([Option<LinkKey>; 2]);

impl LinkIds {
    /// Those that are there.
    pub fn new(one: Option<LinkKey>, other: Option<LinkKey>) -> Self {
        Self(if one.is_some() { [one, other] } else { [other, None] })
    }

    /// Each.
    pub fn iter(&self) -> impl Iterator<Item = LinkKey> + use<> {
        self.0.into_iter().flatten()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `key` is one of them.
    pub fn contains(&self, key: LinkKey) -> bool {
        self.0.contains(&Some(key))
    }
}

impl From<LinkKey> for LinkIds {
    fn from(key: LinkKey) -> Self {
        Self::new(Some(key), None)
    }
}

/// The session, or the dial, that carried the signal of an entry about another node; of all
/// sessions of this node, whoever with. Entries between actors of one node have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub u64);

/// A trapped exit of a linked actor in the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExitToken {
    pub(super) peer: Pid,
    pub(super) number: u64,
}
