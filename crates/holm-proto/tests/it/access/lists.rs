//! The truth table of the lists.

use holm_proto::access::{AllowList, AllowLists, Identity, Peers, Proof, ShardId};
use holm_wire::handshake::Role;

use super::keyed;

/// A list as seen by the peer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum List {
    Absent,
    Empty,
    Others,
    Names,
}

const LISTS: [List; 4] = [List::Absent, List::Empty, List::Others, List::Names];

impl List {
    fn build(self) -> Option<AllowList> {
        match self {
            Self::Absent => None,
            Self::Empty => Some(AllowList::new()),
            Self::Others => Some("uid:77".parse().unwrap()),
            Self::Names => {
                Some(format!("uid:1\ntoken\ncookie\n{}", "07".repeat(32)).parse().unwrap())
            }
        }
    }
}

/// What is expected, sentence by sentence.
fn expected(global: List, own: &[List], strict: bool, peers: Peers) -> bool {
    let own: Vec<_> = own.iter().filter(|list| **list != List::Absent).collect();
    match global {
        // Named for everybody.
        List::Names => true,
        // Listed: its own list must name it.
        _ if !own.is_empty() => own.iter().all(|list| **list == List::Names),
        // The global list has entries: everyone must match it.
        List::Others => false,
        // Neither: any proven peer, but of the strict kinds nobody.
        List::Absent | List::Empty => !strict || peers == Peers::Open,
    }
}

#[test]
fn every_combination() {
    let identities = [
        Identity::new(Proof::User(1)),
        Identity::new(Proof::Token),
        Identity::new(Proof::Cookie),
        keyed(Proof::Authority, 7),
        keyed(Proof::SelfSigned, 7),
        keyed(Proof::Noise, 7),
    ];
    let shard = ShardId(0);
    let mut rows = 0;
    for identity in &identities {
        let strict = matches!(identity.proof, Proof::Noise | Proof::SelfSigned);
        for (global, of_role) in LISTS.iter().flat_map(|g| LISTS.map(|r| (*g, r))) {
            for (of_shard, peers) in
                LISTS.iter().flat_map(|s| [Peers::Listed, Peers::Open].map(|p| (*s, p)))
            {
                let mut lists = AllowLists::default();
                lists.peers = peers;
                lists.global = global.build().unwrap_or_default();
                if let Some(list) = of_role.build() {
                    lists.set_role(Role::Worker, list);
                }
                if let Some(list) = of_shard.build() {
                    lists.set_shard(shard, list);
                }
                let row = format!("{identity} {global:?} {of_role:?} {of_shard:?} {peers:?}");
                let mut is_admitted = false;
                for (role, wanted, own) in [
                    (Role::Worker, Some(&shard), &[of_role, of_shard][..]),
                    (Role::Worker, None, &[of_role]),
                    (Role::Member, Some(&shard), &[of_shard]),
                    (Role::Member, None, &[]),
                ] {
                    let expected = expected(global, own, strict, peers);
                    assert_eq!(lists.admits(identity, role, wanted), expected, "{role:?} {row}");
                    is_admitted |= expected;
                    rows += 1;
                }
                // A glance may be mistaken in favour of the peer alone.
                assert!(lists.could_admit(identity) || !is_admitted, "{row}");
                let is_named = [global, of_role, of_shard].contains(&List::Names);
                let is_silent = expected(global, &[], strict, peers);
                assert_eq!(lists.could_admit(identity), is_named || is_silent, "{row}");
            }
        }
    }
    assert_eq!(rows, 6 * 4 * 4 * 4 * 2 * 4);
}
