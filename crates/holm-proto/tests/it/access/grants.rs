//! Names that belong to identities, and what these may do.

use holm_proto::access::{
    Access, Capabilities, Capability, Claim, Denial, Entry, Grant, Identity, Peers, Proof, ShardId,
};
use holm_wire::{NodeName, handshake::Role};

use super::{keyed, print};

fn judge(access: &Access, identity: &Identity, node: &str) -> Result<Capabilities, Denial> {
    let node: NodeName = node.parse().unwrap();
    access.judge(identity, Claim { node: &node, role: Role::Member, shards: &[] })
}

fn grant(key: u8, nodes: &[&str], spawn: &str) -> Grant {
    Grant {
        who: Entry::Key(print(key)),
        nodes: nodes.iter().map(|node| node.parse().unwrap()).collect(),
        capabilities: Capabilities {
            join: true,
            spawn: vec![spawn.parse().unwrap()],
            ..Capabilities::default()
        },
    }
}

fn access(grants: &[Grant], others: Option<Capabilities>) -> Access {
    let mut access = Access { grants: grants.to_vec(), others, ..Access::default() };
    access.lists.peers = Peers::Open;
    access
}

/// Every set of these grants, two peers, two names: a name with an owner is for its owners, an
/// owner is called as it owns.
#[test]
fn names_belong_to_their_owners() {
    let all = [
        grant(1, &["a@x"], "one"),
        grant(2, &["b@x"], "two"),
        grant(1, &[], "free"),
        grant(2, &["*@x"], "any"),
        grant(1, &["c@x", "b@*"], "more"),
    ];
    let (mut refused, mut named) = (0, 0);
    for set in 0..1 << all.len() {
        let grants: Vec<_> = all
            .iter()
            .enumerate()
            .filter(|(at, _)| set >> at & 1 == 1)
            .map(|(_, g)| g.clone())
            .collect();
        let access = access(&grants, Some(Capabilities::member()));
        for (key, name) in [(1, "a@x"), (1, "b@x"), (2, "a@x"), (2, "b@x"), (3, "a@x"), (3, "z@y")]
        {
            let is_about = |grant: &&Grant| grant.nodes.iter().any(|node| node.matches(name));
            let is_its = |grant: &&Grant| grant.who == Entry::Key(print(key));
            let owned = grants.iter().any(|grant| is_about(&grant));
            let bound = grants.iter().filter(is_its).any(|grant| !grant.nodes.is_empty());
            let owns = grants.iter().filter(is_its).any(|grant| is_about(&grant));
            let outcome = judge(&access, &keyed(Proof::Noise, key), name);
            if (owned || bound) && !owns {
                assert!(matches!(outcome, Err(Denial::Name { .. })), "{grants:?} {key} {name}");
                refused += 1;
                continue;
            }
            let its: Vec<_> = (grants.iter().filter(is_its))
                .filter(|grant| is_about(grant) || grant.nodes.is_empty())
                .flat_map(|grant| grant.capabilities.spawn.clone())
                .collect();
            named += 1;
            let capabilities = outcome.unwrap();
            if its.is_empty() {
                assert_eq!(capabilities, Capabilities::member());
            } else {
                assert_eq!(capabilities.spawn, its);
                assert!(!capabilities.send);
            }
        }
    }
    assert!(refused > 50 && named > 50, "{refused} {named}");
}

#[test]
fn without_a_grant_there_is_what_others_have() {
    let peer = keyed(Proof::Noise, 3);
    assert_eq!(judge(&access(&[], None), &peer, "p@x"), Ok(Capabilities::member()));
    let denied = judge(&access(&[grant(1, &[], "t")], None), &peer, "p@x");
    let Err(Denial::Capability { capability, .. }) = denied else { panic!("{denied:?}") };
    assert_eq!(capability, Capability::Join);
    let send = Capabilities { send: true, join: true, ..Capabilities::default() };
    let given = judge(&access(&[grant(1, &[], "t")], Some(send.clone())), &peer, "p@x");
    assert_eq!(given, Ok(send));
}

#[test]
fn a_role_needs_its_capability() {
    let node: NodeName = "p@x".parse().unwrap();
    let peer = Identity::new(Proof::User(1));
    for (join, observe) in [(false, false), (false, true), (true, false), (true, true)] {
        let others = Capabilities { join, observe, ..Capabilities::default() };
        let access = access(&[], Some(others));
        for (role, has) in [(Role::Member, join), (Role::Worker, join), (Role::Observer, observe)] {
            let judged = access.judge(&peer, Claim { node: &node, role, shards: &[] });
            assert_eq!(judged.is_ok(), has, "{role:?} {join} {observe}");
        }
    }
}

#[test]
fn every_shard_must_be_allowed() {
    let [one, two] = [ShardId(1), ShardId(2)];
    let mut access = Access::default();
    access.lists.set_shard(one, "uid:1".parse().unwrap());
    access.lists.set_shard(two, "uid:1\nuid:2".parse().unwrap());
    let node: NodeName = "w@x".parse().unwrap();
    let judge = |uid, shards: &[ShardId]| {
        let claim = Claim { node: &node, role: Role::Worker, shards };
        access.judge(&Identity::new(Proof::User(uid)), claim)
    };
    assert!(judge(1, &[one, two]).is_ok());
    assert!(judge(2, &[two]).is_ok());
    let denied = judge(2, &[two, one]).unwrap_err();
    assert_eq!(denied.to_string(), "uid:2 is on no list that lets it serve shard 1");
    assert!(judge(2, &[]).is_ok(), "without a shard no list speaks against it");
}

#[test]
fn patterns_decide_what_is_spawned() {
    let capabilities = Capabilities {
        spawn: vec!["index.*".parse().unwrap(), "log".parse().unwrap()],
        ..Capabilities::default()
    };
    for (name, may) in [("index.ShardId", true), ("log", true), ("logs", false), ("svc/a", false)] {
        assert_eq!(capabilities.may_spawn(name), may, "{name}");
    }
    assert!(!Capabilities::default().may_spawn("log"));
}
