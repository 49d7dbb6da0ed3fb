//! What a test knows and no actor does: the history that the ledgers are judged by.
//!
//! Of links it holds calls of `link` as bits, and for each actor the calls it has ever known and
//! those it has ever given up: sets that only grow. An actor is linked with a peer if it knows a
//! call of that pair that it has not given up.

use holm_proto::ledger::LinkKey;
use holm_wire::MonitorId;

/// A set of calls of `link`, by their position.
pub(super) type Calls = u64;

/// One call of `link`.
#[derive(Clone, Debug, Hash)]
pub(super) struct Call {
    pub(super) key: LinkKey,
    pub(super) pair: [usize; 2],
    pub(super) session: Option<u64>,
}

/// One call of `monitor`.
#[derive(Clone, Debug, Hash)]
pub(super) struct Watch {
    pub(super) id: MonitorId,
    pub(super) watcher: usize,
    pub(super) target: usize,
    pub(super) session: Option<u64>,
    pub(super) downs: u32,
    /// `demonitor` was called.
    pub(super) ended: bool,
    /// And found it live, or flushed: no `Down` may come.
    pub(super) given_up: bool,
}

#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Ghost {
    pub(super) calls: Vec<Call>,
    pub(super) watches: Vec<Watch>,
    known: Vec<Calls>,
    given_up: Vec<Calls>,
}

impl Ghost {
    pub(super) fn new(actors: usize) -> Self {
        Self { known: vec![0; actors], given_up: vec![0; actors], ..Self::default() }
    }

    /// `of` has called `link`.
    pub(super) fn called(&mut self, of: usize, peer: usize, key: LinkKey) {
        self.calls.push(Call { key, pair: [of, peer], session: None });
        self.learns(of, key);
    }

    pub(super) fn learns(&mut self, actor: usize, key: LinkKey) {
        self.known[actor] |= self.call(key);
    }

    pub(super) fn gives_up(&mut self, actor: usize, calls: Calls) {
        self.given_up[actor] |= calls;
    }

    pub(super) fn call(&self, key: LinkKey) -> Calls {
        1 << self.calls.iter().position(|call| call.key == key).expect("a key that was minted")
    }

    /// The calls that link `actor` with `peer`, as far as it knows. Of a dead one: as it ended.
    pub(super) fn links(&self, actor: usize, peer: usize) -> Calls {
        let of_pair = |call: &Call| call.pair == [actor, peer] || call.pair == [peer, actor];
        self.known[actor] & !self.given_up[actor] & self.select(of_pair)
    }

    /// The calls like this.
    pub(super) fn select(&self, wanted: impl Fn(&Call) -> bool) -> Calls {
        let bits = self.calls.iter().enumerate().filter(|(_, call)| wanted(call));
        bits.map(|(at, _)| 1 << at).sum()
    }

    pub(super) fn sent(&mut self, key: LinkKey, session: u64) {
        let call = self.calls.iter_mut().find(|call| call.key == key).unwrap();
        call.session = Some(session);
    }

    pub(super) fn watch(&mut self, id: MonitorId, watcher: usize) -> &mut Watch {
        self.watches.iter_mut().find(|w| w.id == id && w.watcher == watcher).unwrap()
    }
}
