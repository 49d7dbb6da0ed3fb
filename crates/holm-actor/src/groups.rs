//! Process groups: actors found together under one name, which they may join several times.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use holm_wire::{GroupName, GroupScope, Pid};
use parking_lot::Mutex;

use crate::group_table::{GroupKey, GroupTable};
use crate::group_watch::{EventQueue, GroupEvent, GroupWatch};
use crate::{Actor, ActorSystem, Ref};

/// Why a group was not changed.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupError {
    /// The actor to join has ended, or lives on another node.
    #[error("only a living actor of this node can join a group here")]
    Noproc,
    /// The actor to leave has no join left.
    #[error("{pid} is not in the group `{group}` of `{scope}`")]
    NotMember {
        /// The scope.
        scope: GroupScope,
        /// The group.
        group: GroupName,
        /// The actor.
        pid: Pid,
    },
}

/// The process groups of one system.
///
/// The model is Erlang's `pg`: an actor that joins n times is n times among the members until
/// it leaves n times or ends. A group needs no making and goes with its last member.
pub struct Groups<'a> {
    system: &'a ActorSystem,
}

impl ActorSystem {
    /// The process groups.
    pub fn groups(&self) -> Groups<'_> {
        Groups { system: self }
    }
}

impl Groups<'_> {
    /// Adds an actor of this node to a group, once more if it is in it already.
    ///
    /// # Errors
    /// [`GroupError::Noproc`].
    pub fn join<A: Actor>(
        &self,
        scope: &GroupScope,
        group: &GroupName,
        actor: &Ref<A>,
    ) -> Result<(), GroupError> {
        let pid = actor.pid();
        let cell = self.system.find(pid).ok_or(GroupError::Noproc)?;
        let key = (scope.clone(), group.clone());
        let mut shared = self.state().0.lock();
        // Under the lock, so that an end that comes now finds the join.
        if !cell.note_group() {
            return Err(GroupError::Noproc);
        }
        shared.table.join(&key, pid);
        shared.tell(&key, GroupEvent::Joined(pid), 1);
        Ok(())
    }

    /// Takes one join of an actor back.
    ///
    /// # Errors
    /// [`GroupError::NotMember`].
    pub fn leave<A: Actor>(
        &self,
        scope: &GroupScope,
        group: &GroupName,
        actor: &Ref<A>,
    ) -> Result<(), GroupError> {
        let pid = actor.pid();
        let key = (scope.clone(), group.clone());
        let mut shared = self.state().0.lock();
        if !shared.table.leave(&key, pid) {
            let (scope, group) = key;
            return Err(GroupError::NotMember { scope, group, pid });
        }
        shared.tell(&key, GroupEvent::Left(pid), 1);
        Ok(())
    }

    /// The members, in order of their pids, each as often as it joined.
    pub fn members(&self, scope: &GroupScope, group: &GroupName) -> Vec<Pid> {
        self.state().0.lock().table.members(&(scope.clone(), group.clone()))
    }

    /// The members that live on this node.
    pub fn local_members(&self, scope: &GroupScope, group: &GroupName) -> Vec<Pid> {
        let mut members = self.members(scope, group);
        members.retain(|pid| pid.node == self.system.node());
        members
    }

    /// References to those members that are an `A`; others are left out.
    pub fn members_of<A: Actor>(&self, scope: &GroupScope, group: &GroupName) -> Vec<Ref<A>> {
        let members = self.members(scope, group).into_iter();
        members.filter_map(|pid| Ref::from_cell(self.system.find(pid)?)).collect()
    }

    /// The members as of now, and every change from now on.
    pub fn watch(&self, scope: &GroupScope, group: &GroupName) -> (Vec<Pid>, GroupWatch) {
        let key = (scope.clone(), group.clone());
        let queue = Arc::new(EventQueue::default());
        let mut shared = self.state().0.lock();
        let members = shared.table.members(&key);
        shared.watchers.entry(key.clone()).or_default().push(Arc::clone(&queue));
        (members, GroupWatch::new(key, queue, Arc::downgrade(&self.state().0)))
    }

    fn state(&self) -> &GroupState {
        &self.system.extras().groups
    }
}

impl fmt::Debug for Groups<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Groups(..)")
    }
}

/// The groups of a system, behind their lock.
#[derive(Default)]
pub(crate) struct GroupState(Arc<Mutex<Shared>>);

impl GroupState {
    /// Takes an actor that has ended out of all its groups.
    pub(crate) fn release(&self, pid: Pid) {
        let mut shared = self.0.lock();
        for (key, joins) in shared.table.release(pid) {
            shared.tell(&key, GroupEvent::Left(pid), joins);
        }
    }
}

/// The groups and who watches them.
#[derive(Default)]
pub(crate) struct Shared {
    table: GroupTable,
    watchers: BTreeMap<GroupKey, Vec<Arc<EventQueue>>>,
}

impl Shared {
    /// Under the lock, so that all watchers see the same order.
    fn tell(&self, key: &GroupKey, event: GroupEvent, times: u64) {
        for queue in self.watchers.get(key).into_iter().flatten() {
            queue.push(event, times);
        }
    }

    pub(crate) fn unwatch(&mut self, key: &GroupKey, queue: &Arc<EventQueue>) {
        if let Some(queues) = self.watchers.get_mut(key) {
            queues.retain(|other| !Arc::ptr_eq(other, queue));
            if queues.is_empty() {
                self.watchers.remove(key);
            }
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        for queue in self.watchers.values().flatten() {
            queue.close();
        }
    }
}
