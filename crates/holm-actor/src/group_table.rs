//! Who is in which group, how many times: state without a lock.

use std::collections::{BTreeMap, BTreeSet};

use holm_wire::{GroupName, GroupScope, Pid};

/// A group, in its scope.
pub(crate) type GroupKey = (GroupScope, GroupName);

/// The groups and their members. A group is there while it has members.
#[derive(Default)]
pub(crate) struct GroupTable {
    /// With the number of joins of each member.
    groups: BTreeMap<GroupKey, BTreeMap<Pid, u64>>,
    of: BTreeMap<Pid, BTreeSet<GroupKey>>,
}

impl GroupTable {
    /// Adds one join.
    pub(crate) fn join(&mut self, key: &GroupKey, pid: Pid) {
        *self.groups.entry(key.clone()).or_default().entry(pid).or_default() += 1;
        self.of.entry(pid).or_default().insert(key.clone());
    }

    /// Takes one join back. `false` if there is none.
    pub(crate) fn leave(&mut self, key: &GroupKey, pid: Pid) -> bool {
        let Some(joins) = self.groups.get_mut(key).and_then(|members| members.get_mut(&pid)) else {
            return false;
        };
        *joins -= 1;
        if *joins == 0 {
            self.remove(key, pid);
            let groups = self.of.get_mut(&pid).expect("a member is in a group");
            groups.remove(key);
            if groups.is_empty() {
                self.of.remove(&pid);
            }
        }
        true
    }

    /// Takes a pid out of all its groups. Returns them with the joins it had.
    pub(crate) fn release(&mut self, pid: Pid) -> Vec<(GroupKey, u64)> {
        let groups = self.of.remove(&pid).unwrap_or_default();
        groups
            .into_iter()
            .map(|key| {
                let joins = self.remove(&key, pid);
                (key, joins)
            })
            .collect()
    }

    /// The members, in order of their pids, each as often as it joined.
    pub(crate) fn members(&self, key: &GroupKey) -> Vec<Pid> {
        let members = self.groups.get(key).into_iter().flatten();
        members.flat_map(|(pid, joins)| std::iter::repeat_n(*pid, *joins as usize)).collect()
    }

    /// Takes a member out of a group, with all its joins.
    fn remove(&mut self, key: &GroupKey, pid: Pid) -> u64 {
        let members = self.groups.get_mut(key).expect("a group with members is there");
        let joins = members.remove(&pid).expect("a member is in the group");
        if members.is_empty() {
            self.groups.remove(key);
        }
        joins
    }
}
