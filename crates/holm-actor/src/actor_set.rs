//! Sets of actors that are waited for, and stopped, together.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use holm_wire::{ExitReason, Pid};

use crate::system::Place;
use crate::{ActorSystem, Address, Down, Monitor};

/// Why no end was heard of. The set is unchanged.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitError {
    /// The set has no members.
    #[error("there is nobody to wait for")]
    Empty,
    /// No member ended in time.
    #[error("no member ended within {0:?}")]
    Timeout(Duration),
}

/// Actors of any types and nodes, waited for together. Their ends wake it; nothing is polled.
///
/// An actor is a member until its end was returned by one of the waits. Dropping the set
/// stops nobody.
pub struct ActorSet {
    system: ActorSystem,
    /// Monitors of the members that have not been heard of.
    monitors: FuturesUnordered<Monitor>,
    living: BTreeSet<Pid>,
    /// Heard of and not returned yet.
    ended: VecDeque<Down>,
}

impl ActorSet {
    /// An empty set.
    pub fn new(system: &ActorSystem) -> Self {
        Self {
            system: system.clone(),
            monitors: FuturesUnordered::new(),
            living: BTreeSet::new(),
            ended: VecDeque::new(),
        }
    }

    /// Adds an actor; one that has ended counts as ending now, with `Noproc`. `false` if it is
    /// waited for already.
    pub fn add(&mut self, pid: Pid) -> bool {
        let new = self.living.insert(pid);
        if new {
            self.monitors.push(self.system.monitor(pid));
        }
        new
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.living.len() + self.ended.len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until all members have ended. Returns their ends in the order heard, and leaves the
    /// set empty.
    ///
    /// Cancel safe: the next wait returns what a dropped one had heard.
    pub async fn wait_all(&mut self) -> Vec<Down> {
        while self.hear().await {}
        std::mem::take(&mut self.ended).into()
    }

    /// Waits until some member has ended, and removes it from the set.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    /// [`WaitError`].
    pub async fn wait_any(&mut self, timeout: Duration) -> Result<Down, WaitError> {
        if self.is_empty() {
            return Err(WaitError::Empty);
        }
        loop {
            if let Some(down) = self.ended.pop_front() {
                return Ok(down);
            }
            if tokio::time::timeout(timeout, self.hear()).await.is_err() {
                return Err(WaitError::Timeout(timeout));
            }
        }
    }

    /// Asks all members to end with `Shutdown`, kills those that live after `grace`, and waits for
    /// all. Returns their ends as [`wait_all`](Self::wait_all) does.
    ///
    /// A handler that never awaits cannot be interrupted, and is waited for.
    ///
    /// Cancel safe: whom a dropped call has asked to end does, but kills are up to the next call.
    pub async fn stop_all(&mut self, why: &str, grace: Duration) -> Vec<Down> {
        let reason = ExitReason::Shutdown(why.into());
        for pid in &self.living {
            match self.system.place(&Address::Pid(*pid)) {
                Place::Here(Some(cell)) => cell.exit(None, reason.clone()),
                Place::Here(None) => {}
                Place::Elsewhere => self.system.outlet().exit(None, *pid, reason.clone()),
            }
        }
        // Whoever is left after that is killed.
        let _ = tokio::time::timeout(grace, async { while self.hear().await {} }).await;
        for pid in &self.living {
            match self.system.place(&Address::Pid(*pid)) {
                Place::Here(Some(cell)) => cell.kill(),
                Place::Here(None) => {}
                Place::Elsewhere => self.system.outlet().kill(*pid),
            }
        }
        self.wait_all().await
    }

    /// Waits for one end more. `false` if there is none to wait for.
    async fn hear(&mut self) -> bool {
        let Some(down) = self.monitors.next().await else { return false };
        let Address::Pid(pid) = down.from else { unreachable!("members are watched by pid") };
        self.living.remove(&pid);
        self.ended.push_back(down);
        true
    }
}

impl fmt::Debug for ActorSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorSet")
            .field("living", &self.living)
            .field("ended", &self.ended)
            .finish()
    }
}
