//! The links and monitors of one actor.
//!
//! A [`Ledger`] is data: no locks, no clock, no messages of its own. The actor's cell keeps it
//! under a lock; a driver calls it and carries what it answers to the other side. Two ledgers are
//! never changed together, so what both sides do may cross: it is enough that what one actor
//! sends to another arrives in the order sent, or is lost with its session.
//!
//! Rules 9 to 12 and 16 of `docs/semantics.md` are kept here. What an exit does to its receiver,
//! who traps exits, and why an actor ended, are the driver's.

mod few;
mod ids;
mod links;
mod monitors;
mod stamped;

pub use ids::{ExitToken, LinkId, LinkIds, LinkKey, Stamp};

use few::FewMap;
use holm_wire::{MonitorId, Pid};
use links::{QueuedExits, Side, by_peer};
use stamped::StampedMap;
use std::fmt;

/// Who is linked with, watched by, and watching one actor.
///
/// `T` is whom a monitor watches, `W` a watcher of this actor, `K` what names a watcher: unique
/// among all of this actor's, so between nodes too.
///
/// Methods without prefix are what the actor itself does, `handle_*` what arrives. Each takes
/// logarithmic time in the number of entries, but for those that list or take entries: these
/// take linear time in what they return.
#[derive(Clone, Hash)]
pub struct Ledger<T, K, W> {
    /// The live ids of links: of a pair at most one minted here and one minted there, since
    /// each side mints only while it knows no live id.
    ids: StampedMap<(Pid, Side), LinkKey>,
    /// Trapped exits in the inbox.
    exits: FewMap<Pid, QueuedExits>,
    exits_queued: u64,
    /// Monitors this actor holds that are live.
    live: StampedMap<MonitorId, T>,
    /// Those whose `Down` is in the inbox.
    fired: FewMap<MonitorId, ()>,
    watchers: StampedMap<K, W>,
}

/// What a dead actor leaves: whom to tell.
#[derive(Debug)]
#[must_use = "others wait to be told"]
pub struct Ended<T, W> {
    /// Peers to be sent an exit that carries these ids.
    pub links: Vec<(Pid, LinkIds)>,
    /// Those who watched it, to be sent a `Down`.
    pub watchers: Vec<W>,
    /// Monitors it held that had not fired, to be demonitored.
    pub monitors: Vec<(MonitorId, T)>,
}

/// What was lost with a session.
#[derive(Debug)]
#[must_use = "the actor waits to be told"]
pub struct Lost<T, W> {
    /// Peers no longer linked: each is an exit `Noconnection` from that peer.
    pub links: Vec<Pid>,
    /// Monitors that have fired: each `Down` is to be queued with `Noconnection`.
    pub monitors: Vec<(MonitorId, T)>,
    /// Watchers of this actor, who hear of the loss on their own side.
    pub watchers: Vec<W>,
}

impl<T, K: Ord + Clone, W> Ledger<T, K, W> {
    /// The actor has ended: empties the ledger and gives all who are to be told.
    pub fn end(&mut self) -> Ended<T, W> {
        let Self { ids, live, watchers, .. } = std::mem::take(self);
        Ended {
            links: by_peer(ids.into_iter()).collect(),
            watchers: watchers.into_iter().map(|(_, watcher)| watcher).collect(),
            monitors: live.into_iter().collect(),
        }
    }

    /// The session `stamp` is lost, after its last signal was delivered: removes what it
    /// carried. A link that has an id from elsewhere lives on.
    pub fn lose(&mut self, stamp: Stamp) -> Lost<T, W> {
        let links = by_peer(self.ids.lose(stamp).into_iter())
            .map(|(peer, _)| peer)
            .filter(|&peer| !self.is_linked(peer))
            .collect();
        let monitors = self.live.lose(stamp);
        for (monitor, _) in &monitors {
            self.fired.insert(*monitor, ());
        }
        let watchers = self.watchers.lose(stamp).into_iter().map(|(_, watcher)| watcher).collect();
        Lost { links, monitors, watchers }
    }

    /// The id `key` of the link with `peer` went, or came, by this session. `false`: it is no
    /// longer live, and nothing happens.
    pub fn stamp_link(&mut self, peer: Pid, key: LinkKey, stamp: Stamp) -> bool {
        let live = Side::BOTH.into_iter().find(|&side| self.ids.get(&(peer, side)) == Some(&key));
        if let Some(side) = live {
            self.ids.stamp(&(peer, side), stamp);
        }
        live.is_some()
    }

    /// The target of `monitor` was told by this session. Nothing happens if it is not live.
    pub fn stamp_monitor(&mut self, monitor: MonitorId, stamp: Stamp) {
        self.live.stamp(&monitor, stamp);
    }

    /// The watcher `key` came by this session. Nothing happens if it is gone.
    pub fn stamp_watcher(&mut self, key: &K, stamp: Stamp) {
        self.watchers.stamp(key, stamp);
    }

    /// Whether nothing is in it: no live entry, and none that waits in the inbox.
    pub fn is_empty(&self) -> bool {
        let Self { ids, exits, exits_queued: _, live, fired, watchers } = self;
        ids.is_empty()
            && exits.is_empty()
            && live.is_empty()
            && fired.is_empty()
            && watchers.is_empty()
    }

    /// Checks what always holds, in linear time; for tests.
    ///
    /// # Panics
    /// If it does not hold: a defect of this module.
    pub fn validate(&self) {
        self.ids.validate();
        self.live.validate();
        self.watchers.validate();
        for (monitor, ()) in self.fired.iter() {
            assert!(self.live.get(monitor).is_none(), "{monitor:?} is both live and fired");
        }
        for (peer, exits) in self.exits.iter() {
            exits.validate(self.exits_queued, *peer);
        }
    }
}

impl<T, K, W> Default for Ledger<T, K, W> {
    fn default() -> Self {
        Self {
            ids: StampedMap::default(),
            exits: FewMap::default(),
            exits_queued: 0,
            live: StampedMap::default(),
            fired: FewMap::default(),
            watchers: StampedMap::default(),
        }
    }
}

impl<T, K: Ord + Clone, W> fmt::Debug for Ledger<T, K, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("links", &self.links().collect::<Vec<_>>())
            .field("monitors_live", &self.monitors_live())
            .field("watchers", &self.watchers())
            .finish_non_exhaustive()
    }
}
