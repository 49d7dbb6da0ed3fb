//! The ledger: every interleaving of two actors, and random ones of four over real sessions that get
//! lost.

mod driver;
mod exhaustive;
mod ghost;
mod invariants;
mod random;
mod wire;
mod world;

use holm_proto::ledger::{Ledger, LinkId, LinkIds, LinkKey};
use holm_wire::{NodeId, Pid, Serial};

fn pid(node: u64, serial: u64) -> Pid {
    Pid { node: NodeId::from_u64(node).unwrap(), serial: Serial::from_u64(serial).unwrap() }
}

#[test]
fn an_empty_ledger_is_small() {
    assert_eq!(size_of::<Ledger<[u64; 9], u64, [u64; 9]>>(), 152);
}

#[test]
fn nobody_links_with_itself() {
    let mut ledger = Ledger::<(), (), ()>::default();
    assert_eq!(ledger.link(pid(1, 1), pid(1, 1), LinkId(0)), None);
    assert!(ledger.is_empty());
}

#[test]
fn a_peer_that_breaks_the_protocol_costs_no_memory() {
    let (me, peer) = (pid(1, 1), pid(2, 1));
    let mut ledger = Ledger::<(), (), ()>::default();
    let mine = ledger.link(me, peer, LinkId(7));
    for id in 0..1000 {
        let theirs = LinkKey { node: peer.node, id: LinkId(id) };
        ledger.handle_link(peer, theirs);
        assert_eq!(ledger.link_ids(peer), LinkIds::new(mine, Some(theirs)));
        ledger.validate();
    }
}
