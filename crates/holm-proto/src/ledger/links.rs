//! Links: one per pair, two-way, alive while one of its ids is.
//!
//! Each call of `link` on an unlinked pair mints an id, which crosses to the other side once and
//! is removed from either side once, by the first of `unlink`, an exit and a lost session. It is
//! never live again there: ids are not reused, and nobody names one to a side before its `Link`
//! came. So nothing about a removed id is remembered, and an acknowledgement has nothing to free.

use super::{ExitToken, Ledger, LinkId, LinkIds, LinkKey};
use holm_wire::Pid;

/// Who minted an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Side {
    Mine,
    Theirs,
}

impl Side {
    pub(super) const BOTH: [Self; 2] = [Self::Mine, Self::Theirs];
}

/// The numbers of the exits of one peer that are in the inbox, in no order: two threads may
/// deliver two of them, each after its number was given. There are two if the actor links
/// again to a dead peer before it handled the first.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct QueuedExits(Vec<u64>);

impl QueuedExits {
    pub(super) fn validate(&self, exits_queued: u64, peer: Pid) {
        assert!(!self.0.is_empty(), "an entry of {peer} without an exit");
        assert!(self.0.iter().all(|number| *number < exits_queued), "exits of {peer}: {self:?}");
    }
}

/// The ids of each peer together.
pub(super) fn by_peer(
    ids: impl Iterator<Item = ((Pid, Side), LinkKey)>,
) -> impl Iterator<Item = (Pid, LinkIds)> {
    let mut ids = ids.peekable();
    std::iter::from_fn(move || {
        let ((peer, _), one) = ids.next()?;
        let other = ids.next_if(|((next, _), _)| *next == peer).map(|(_, key)| key);
        Some((peer, LinkIds::new(Some(one), other)))
    })
}

impl<T, K: Ord + Clone, W> Ledger<T, K, W> {
    /// Links this actor, `me`, with `peer`, who is to be sent `Link` with the key; its answer is
    /// an exit `Noproc` with that key if it is dead. `None`: linked already, or with itself.
    pub fn link(&mut self, me: Pid, peer: Pid, mint: LinkId) -> Option<LinkKey> {
        if me == peer || self.is_linked(peer) {
            return None;
        }
        let key = LinkKey { node: me.node, id: mint };
        self.ids.insert((peer, Side::Mine), key);
        Some(key)
    }

    /// Ends the link with `peer`, who is to be sent `Unlink` with these ids, if there are any.
    /// From now on no exit through the link reaches the handler, nor one that is in the inbox.
    pub fn unlink(&mut self, peer: Pid) -> LinkIds {
        self.exits.remove(&peer);
        self.remove_link(peer)
    }

    /// `Link` arrived: `peer` has linked to this actor.
    ///
    /// A peer that keeps the protocol has no other id of its own live here; if it has, this one
    /// takes its place.
    pub fn handle_link(&mut self, peer: Pid, key: LinkKey) {
        self.ids.insert((peer, Side::Theirs), key);
    }

    /// `Unlink` arrived: `peer` has ended the link as far as it knew of it. The ids that are
    /// retired by it.
    pub fn handle_unlink(&mut self, peer: Pid, ids: &LinkIds) -> LinkIds {
        let mut retire = |side| {
            let named = self.ids.get(&(peer, side)).is_some_and(|key| ids.contains(*key));
            if named { self.ids.remove(&(peer, side)) } else { None }
        };
        LinkIds::new(retire(Side::Mine), retire(Side::Theirs))
    }

    /// An exit through the link arrived. The ids that the link had: it acts, and the link is
    /// gone; the driver ends the actor, or calls [`queue_exit`](Self::queue_exit). None: it is to
    /// be ignored, for this actor has ended the link it came through.
    pub fn handle_exit(&mut self, peer: Pid, ids: &LinkIds) -> LinkIds {
        if ids.iter().any(|key| self.link_ids(peer).contains(key)) {
            self.remove_link(peer)
        } else {
            LinkIds::default()
        }
    }

    /// An exit that acted goes to the inbox, since this actor traps exits.
    pub fn queue_exit(&mut self, peer: Pid) -> ExitToken {
        let number = self.exits_queued;
        self.exits_queued += 1;
        match self.exits.get_mut(&peer) {
            Some(exits) => exits.0.push(number),
            None => {
                self.exits.insert(peer, QueuedExits(vec![number]));
            }
        }
        ExitToken { peer, number }
    }

    /// Takes an exit from the inbox. `false`: it was flushed by [`unlink`](Self::unlink)
    /// meanwhile, and is to be skipped.
    pub fn take_exit(&mut self, token: ExitToken) -> bool {
        let ExitToken { peer, number } = token;
        let Some(exits) = self.exits.get_mut(&peer) else { return false };
        let Some(at) = exits.0.iter().position(|queued| *queued == number) else { return false };
        exits.0.swap_remove(at);
        if exits.0.is_empty() {
            self.exits.remove(&peer);
        }
        true
    }

    /// What [`take_exit`](Self::take_exit) would say now.
    pub fn is_queued(&self, token: &ExitToken) -> bool {
        self.exits.get(&token.peer).is_some_and(|exits| exits.0.contains(&token.number))
    }

    /// Whether this actor is linked with `peer`, as far as it knows.
    pub fn is_linked(&self, peer: Pid) -> bool {
        !self.link_ids(peer).is_empty()
    }

    /// The live ids of the link with `peer`; none if there is no link.
    pub fn link_ids(&self, peer: Pid) -> LinkIds {
        let id = |side| self.ids.get(&(peer, side)).copied();
        LinkIds::new(id(Side::Mine), id(Side::Theirs))
    }

    /// Whom this actor is linked with, in the order of pids.
    pub fn links(&self) -> impl Iterator<Item = Pid> {
        by_peer(self.ids.iter().map(|(at, key)| (*at, *key))).map(|(peer, _)| peer)
    }

    fn remove_link(&mut self, peer: Pid) -> LinkIds {
        let mut remove = |side| self.ids.remove(&(peer, side));
        LinkIds::new(remove(Side::Mine), remove(Side::Theirs))
    }
}
