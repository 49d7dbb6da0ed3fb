//! The members of a pool: who gets the next message, and whether the dead are replaced.

use std::collections::VecDeque;

use holm_wire::{ExitReason, Pid};
use tokio::time::Instant;

use crate::cell::AnyCell as _;
use crate::handle::Route;
use crate::jump_hash::jump_hash;
use crate::{Actor, PoolError, PoolOptions, PoolStrategy, Ref};

/// The slots of a pool. Each holds its member until another replaces that.
pub(crate) struct Members<A: Actor> {
    state: State,
    slots: Vec<Ref<A>>,
    /// Where the next pick begins.
    turn: usize,
    /// When members were replaced, as far back as it matters.
    restarts: VecDeque<Instant>,
}

enum State {
    Open,
    /// No more picks; the members handle what they have, or not even that.
    Closed,
    /// Members died too often.
    GaveUp(ExitReason),
}

impl<A: Actor> Members<A> {
    pub(crate) fn new(slots: Vec<Ref<A>>) -> Self {
        Self { state: State::Open, slots, turn: 0, restarts: VecDeque::new() }
    }

    /// The members.
    ///
    /// # Errors
    /// The pool is not open.
    pub(crate) fn open(&self) -> Result<&[Ref<A>], PoolError> {
        match &self.state {
            State::Open => Ok(&self.slots),
            State::Closed => Err(PoolError::Closed),
            State::GaveUp(reason) => Err(PoolError::GaveUp(reason.clone())),
        }
    }

    /// The members, those of a closed pool too.
    pub(crate) fn all(&self) -> &[Ref<A>] {
        &self.slots
    }

    /// The next member by `strategy`. Those that are ending are passed over.
    pub(crate) fn pick(
        &mut self,
        strategy: PoolStrategy,
        random: impl FnOnce() -> u64,
    ) -> Result<Ref<A>, PoolError> {
        let count = self.open()?.len();
        if count == 0 {
            return Err(PoolError::NoMembers);
        }
        let start = match strategy {
            // Multiplied, not divided: no slot is likelier by more than one in 2^52.
            PoolStrategy::Random => ((u128::from(random()) * count as u128) >> 64) as usize,
            PoolStrategy::RoundRobin | PoolStrategy::LeastLoaded => self.turn % count,
        };
        let mut living = (0..count)
            .map(|step| (start + step) % count)
            .filter_map(|at| load(&self.slots[at]).map(|load| (at, load)));
        let picked = match strategy {
            PoolStrategy::LeastLoaded => living.min_by_key(|(_, load)| *load),
            PoolStrategy::RoundRobin | PoolStrategy::Random => living.next(),
        };
        let (at, _) = picked.ok_or(PoolError::NoMembers)?;
        // Equal loads are taken in turn too.
        self.turn = at + 1;
        Ok(self.slots[at].clone())
    }

    /// The member that has the slot of a hashed key.
    pub(crate) fn pick_slot(&self, hash: u64) -> Result<Ref<A>, PoolError> {
        let slots = self.open()?;
        if slots.is_empty() {
            return Err(PoolError::NoMembers);
        }
        Ok(slots[jump_hash(hash, slots.len())].clone())
    }

    /// Counts the replacement of a dead member. `false` if that is one too many: the pool has
    /// given up.
    pub(crate) fn allow_restart(
        &mut self,
        now: Instant,
        options: &PoolOptions,
        reason: &ExitReason,
    ) -> bool {
        while self.restarts.front().is_some_and(|at| now.duration_since(*at) >= options.window) {
            self.restarts.pop_front();
        }
        let allowed = self.restarts.len() < options.restarts;
        if allowed {
            self.restarts.push_back(now);
        } else {
            self.give_up(reason.clone());
        }
        allowed
    }

    /// Whether the dead `pid` has a slot that is to be filled again.
    pub(crate) fn wants(&self, pid: Pid) -> bool {
        self.open().is_ok_and(|slots| slots.iter().any(|member| member.pid() == pid))
    }

    /// Puts a new member into the slot of the dead `pid`. `false` if that slot has gone.
    pub(crate) fn replace(&mut self, pid: Pid, member: &Ref<A>) -> bool {
        if !self.wants(pid) {
            return false;
        }
        let slot = self.slots.iter_mut().find(|member| member.pid() == pid);
        *slot.expect("it is wanted") = member.clone();
        true
    }

    /// Adds members behind the others.
    pub(crate) fn extend(&mut self, new: Vec<Ref<A>>) {
        self.slots.extend(new);
    }

    /// Takes the members behind the first `size` out.
    pub(crate) fn shrink(&mut self, size: usize) -> Vec<Ref<A>> {
        self.slots.split_off(size.min(self.slots.len()))
    }

    /// Closes an open pool. `false` if it was not.
    pub(crate) fn close(&mut self) -> bool {
        let open = matches!(self.state, State::Open);
        if open {
            self.state = State::Closed;
        }
        open
    }

    /// Ends an open pool for good.
    pub(crate) fn give_up(&mut self, reason: ExitReason) {
        if matches!(self.state, State::Open) {
            self.state = State::GaveUp(reason);
        }
    }
}

/// Messages that a member has before it, the one in its handler included; `None` if it is ending.
fn load<A: Actor>(member: &Ref<A>) -> Option<usize> {
    let Route::Local(cell) = &member.handle().0 else {
        unreachable!("a pool spawns its members here");
    };
    match cell.header().life.reason() {
        Some(_) => None,
        None => Some(cell.depth() + usize::from(!cell.is_idle())),
    }
}
