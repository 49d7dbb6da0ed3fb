//! Monitors: any number per pair, each with exactly one `Down`.

use super::Ledger;
use holm_wire::MonitorId;

impl<T, K: Ord + Clone, W> Ledger<T, K, W> {
    // The watcher's side: an entry is live, then fired, then gone.

    /// This actor watches `target`, who is to be told.
    ///
    /// # Panics
    /// If `monitor` is in use: ids are minted once.
    pub fn monitor(&mut self, monitor: MonitorId, target: T) {
        let fresh =
            self.live.insert(monitor, target).is_none() && self.fired.get(&monitor).is_none();
        assert!(fresh, "{monitor:?} is minted twice");
    }

    /// The target has ended, was never there, or is out of reach. `true`: this is the first
    /// cause, and the `Down` is to be queued.
    pub fn fire(&mut self, monitor: MonitorId) -> bool {
        let first = self.live.remove(&monitor).is_some();
        if first {
            self.fired.insert(monitor, ());
        }
        first
    }

    /// Takes a `Down` from the inbox. `false`: it was flushed by
    /// [`demonitor`](Self::demonitor) meanwhile, and is to be skipped.
    pub fn take_down(&mut self, monitor: MonitorId) -> bool {
        self.fired.remove(&monitor).is_some()
    }

    /// What [`take_down`](Self::take_down) would say now.
    pub fn is_fired(&self, monitor: MonitorId) -> bool {
        self.fired.get(&monitor).is_some()
    }

    /// Gives a monitor up, unless it has fired; with `flush`, its `Down` in the inbox too. Whom
    /// to tell, if it had not fired.
    pub fn demonitor(&mut self, monitor: MonitorId, flush: bool) -> Option<T> {
        if flush {
            self.fired.remove(&monitor);
        }
        self.live.remove(&monitor)
    }

    /// How many monitors this actor holds that have not fired.
    pub fn monitors_live(&self) -> usize {
        self.live.len()
    }

    // The target's side.

    /// `watcher` wants to hear of the end of this actor. Whom it displaces: nobody, if watchers
    /// keep their keys apart.
    pub fn watch(&mut self, key: K, watcher: W) -> Option<W> {
        self.watchers.insert(key, watcher)
    }

    /// It does no longer.
    pub fn unwatch(&mut self, key: &K) -> Option<W> {
        self.watchers.remove(key)
    }

    /// How many watch this actor.
    pub fn watchers(&self) -> usize {
        self.watchers.len()
    }
}
