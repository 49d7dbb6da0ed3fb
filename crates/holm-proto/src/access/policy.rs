//! Everything that is laid down about peers.

use holm_wire::{NodeName, ShardId, handshake::Role};

use super::{AllowLists, Capabilities, Capability, Claim, Denial, Entry, Identity, Pattern};

/// What an identity may do, and under which names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Whose it is.
    pub who: Entry,
    /// If there are any: the grant holds under these node names alone, and they belong to those
    /// who have such a grant.
    pub nodes: Vec<Pattern>,
    /// What it allows, besides what other grants allow.
    pub capabilities: Capabilities,
}

/// Who is let in, under which names, and what they may do. The default lets in every proven
/// peer, as [`AllowLists`] says, with [`Capabilities::member`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Who is let in.
    pub lists: AllowLists,
    /// What they may do.
    pub grants: Vec<Grant>,
    /// What those may do who have no grant. If none is given: as a member if there are no grants
    /// at all, otherwise nothing.
    pub others: Option<Capabilities>,
}

impl Access {
    /// What a peer may do that has proven to be `identity`.
    ///
    /// # Errors
    /// It may not have a session.
    pub fn judge(&self, identity: &Identity, claim: Claim<'_>) -> Result<Capabilities, Denial> {
        self.check_lists(identity, claim)?;
        let capabilities = self.capabilities(identity, claim.node).ok_or_else(|| Denial::Name {
            identity: identity.to_string(),
            node: claim.node.clone(),
        })?;
        let (capability, has) = match claim.role {
            Role::Member | Role::Worker => (Capability::Join, capabilities.join),
            Role::Observer => (Capability::Observe, capabilities.observe),
        };
        if has {
            Ok(capabilities)
        } else {
            Err(Denial::Capability { identity: identity.to_string(), capability })
        }
    }

    fn check_lists(&self, identity: &Identity, claim: Claim<'_>) -> Result<(), Denial> {
        let admits = |shard: Option<&ShardId>| self.lists.admits(identity, claim.role, shard);
        if claim.shards.is_empty() && !admits(None) {
            return Err(Denial::NotListed { identity: identity.to_string() });
        }
        match claim.shards.iter().find(|shard| !admits(Some(shard))) {
            Some(&shard) => Err(Denial::NotForShard { identity: identity.to_string(), shard }),
            None => Ok(()),
        }
    }

    /// What all grants together allow; `None` if the name is for others, or not for this identity.
    fn capabilities(&self, identity: &Identity, node: &NodeName) -> Option<Capabilities> {
        let is_about = |grant: &Grant| grant.nodes.iter().any(|name| name.matches(node.as_str()));
        let (mut is_bound, mut is_granted) = (false, false);
        let mut granted: Option<Capabilities> = None;
        for grant in &self.grants {
            let (is_its, is_about) = (grant.who.names(identity), is_about(grant));
            is_bound |= is_about || (is_its && !grant.nodes.is_empty());
            is_granted |= is_its && is_about;
            if is_its && (is_about || grant.nodes.is_empty()) {
                granted.get_or_insert_default().extend(&grant.capabilities);
            }
        }
        if is_bound && !is_granted {
            return None;
        }
        let others = || match &self.others {
            Some(others) => others.clone(),
            None if self.grants.is_empty() => Capabilities::member(),
            None => Capabilities::default(),
        };
        Some(granted.unwrap_or_else(others))
    }
}
