//! The inbox of the policies that remove messages: behind a lock, in order of arrival.
//!
//! Messages and signals are kept here. The lock-free queue of the cell carries a single
//! [`Item::Bell`], rung when something is put into an inbox that the actor has found empty;
//! it wakes the actor, which then takes from here until it finds nothing.

use std::collections::{BTreeMap, HashMap, VecDeque};

use holm_cell::Capacity;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::cell::{ActorCell, Item};
use crate::inbox::{Offer, Verb};
use crate::reply::{self, Unhandled};
use crate::{Actor, Policy, PolicyCounters};

/// Messages and signals in order of arrival, some of which may be replaced.
pub(crate) struct LockedInbox<A: Actor> {
    policy: Policy,
    capacity: u64,
    state: Mutex<State<A>>,
    /// Room under [`Policy::Coalesce`]; a message in the inbox holds a permit.
    room: Semaphore,
}

struct State<A: Actor> {
    messages: BTreeMap<Arrival, Stored<A::Msg>>,
    /// What is no message, and stays.
    others: VecDeque<(Arrival, Item<A>)>,
    /// The message of each key.
    keys: HashMap<u64, Arrival>,
    next: u64,
    /// A bell is on its way, or the actor is taking.
    rung: bool,
    closed: bool,
    counters: PolicyCounters,
}

/// A place in the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Arrival(u64);

struct Stored<M> {
    msg: M,
    key: Option<u64>,
}

impl<A: Actor> LockedInbox<A> {
    pub(crate) fn new(policy: Policy, capacity: Capacity) -> Self {
        let capacity = capacity.messages();
        Self {
            policy,
            capacity: u64::from(capacity),
            state: Mutex::new(State {
                messages: BTreeMap::new(),
                others: VecDeque::new(),
                keys: HashMap::new(),
                next: 0,
                rung: false,
                closed: false,
                counters: PolicyCounters::default(),
            }),
            room: Semaphore::new(capacity as usize),
        }
    }

    pub(crate) fn counters(&self) -> PolicyCounters {
        self.state.lock().counters
    }

    /// Most messages in it.
    pub(crate) fn capacity(&self) -> usize {
        self.capacity as usize
    }

    /// Messages in it.
    pub(crate) fn len(&self) -> usize {
        self.state.lock().messages.len()
    }

    /// Puts `msg` in, in the place of another one if need be.
    pub(crate) fn offer(&self, cell: &ActorCell<A>, msg: A::Msg, verb: Verb) -> Offer<A::Msg> {
        self.put(cell, msg, verb, Permit::Try)
    }

    /// Puts `msg` in once there is room.
    pub(crate) async fn send(
        &self,
        cell: &ActorCell<A>,
        msg: A::Msg,
        verb: Verb,
    ) -> Result<(), A::Msg> {
        let Ok(permit) = self.room.acquire().await else { return Err(msg) };
        match self.put(cell, msg, verb, Permit::Held) {
            Offer::Taken => {
                permit.forget();
                Ok(())
            }
            Offer::Closed(msg)
            | Offer::Wait(msg)
            | Offer::Full(msg)
            | Offer::Dropped(msg)
            | Offer::Restarting(msg) => Err(msg),
        }
    }

    fn put(&self, cell: &ActorCell<A>, msg: A::Msg, verb: Verb, permit: Permit) -> Offer<A::Msg> {
        let key = match (self.policy, verb) {
            (Policy::Coalesce, Verb::Tell) => A::coalesce_key(&msg),
            _ => None,
        };
        let mut state = self.state.lock();
        if state.closed {
            return Offer::Closed(msg);
        }
        let replaced = match self.policy {
            Policy::Coalesce => {
                let older = key.and_then(|key| state.keys.remove(&key));
                let older = older.and_then(|arrival| state.messages.remove(&arrival));
                if older.is_some() {
                    state.counters.coalesced += 1;
                    if permit == Permit::Held {
                        // The older one's serves the newer one.
                        self.room.add_permits(1);
                    }
                } else if permit == Permit::Try {
                    match self.room.try_acquire() {
                        Ok(permit) => permit.forget(),
                        Err(_) => return Offer::Wait(msg),
                    }
                }
                older
            }
            _ if state.messages.len() as u64 >= self.capacity => {
                state.counters.dropped_old += 1;
                state.messages.pop_first().map(|(_, older)| older)
            }
            _ => None,
        };
        let arrival = state.arrive();
        if let Some(key) = key {
            state.keys.insert(key, arrival);
        }
        state.messages.insert(arrival, Stored { msg, key });
        let ring = !std::mem::replace(&mut state.rung, true);
        drop(state);
        if ring {
            Self::ring(cell);
        }
        // Outside of the lock: foreign code.
        if let Some(older) = replaced {
            reply::drop_as(Unhandled::Dropped, || drop(older));
        }
        Offer::Taken
    }

    /// Puts in what is no message, whatever the bound; hands it back if the inbox has closed.
    pub(crate) fn append(&self, cell: &ActorCell<A>, item: Item<A>) -> Result<(), Item<A>> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(item);
        }
        let arrival = state.arrive();
        state.others.push_back((arrival, item));
        if !std::mem::replace(&mut state.rung, true) {
            drop(state);
            Self::ring(cell);
        }
        Ok(())
    }

    /// Wakes the actor.
    fn ring(cell: &ActorCell<A>) {
        // A closed queue needs no bell.
        let _ = cell.push_unbounded(Item::Bell);
    }

    /// What arrived first. By the actor, after a bell, until there is nothing.
    pub(crate) fn take(&self) -> Option<Item<A>> {
        let mut state = self.state.lock();
        let message = state.messages.first_key_value().map(|(arrival, _)| *arrival);
        let other = state.others.front().map(|(arrival, _)| *arrival);
        match (message, other) {
            (None, None) => {
                state.rung = false;
                None
            }
            (Some(message), other) if other.is_none_or(|other| message < other) => {
                let (_, Stored { msg, key }) = state.messages.pop_first()?;
                if let Some(key) = key {
                    state.keys.remove(&key);
                }
                drop(state);
                if self.policy == Policy::Coalesce {
                    self.room.add_permits(1);
                }
                Some(Item::Msg(msg))
            }
            _ => state.others.pop_front().map(|(_, item)| item),
        }
    }

    /// Resolves when a refused message is worth another try.
    pub(crate) async fn wait_for_room(&self) {
        // Given back at once; a closed inbox has no use for it.
        drop(self.room.acquire().await);
    }

    /// Refuses all further messages, lets who waits go, and drops what is in it.
    pub(crate) fn close(&self) {
        self.room.close();
        let mut state = self.state.lock();
        state.closed = true;
        let rest = (std::mem::take(&mut state.messages), std::mem::take(&mut state.others));
        drop(state);
        // Outside of the lock: foreign code.
        drop(rest);
    }
}

impl<A: Actor> State<A> {
    fn arrive(&mut self) -> Arrival {
        self.next += 1;
        Arrival(self.next)
    }
}

/// Whether who puts a message in holds room for it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Permit {
    Try,
    Held,
}
