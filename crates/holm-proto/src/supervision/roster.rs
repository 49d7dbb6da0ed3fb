//! The children in start order, and who of them waits for what.

use std::collections::{BTreeMap, BTreeSet};

use super::child::{Child, FirstStart, State};
use super::id::Order;
use super::{ChildId, ChildSpec, Life, Moment, Strategy};

/// All children, indexed by what they wait for, so that a step costs the same among many
/// children as among few.
#[derive(Debug, Default)]
pub(super) struct Roster {
    pub(super) children: BTreeMap<Order, Child>,
    pub(super) ids: BTreeMap<ChildId, Order>,
    pub(super) queued: BTreeSet<Order>,
    pub(super) held: BTreeSet<Order>,
    pub(super) doomed: BTreeSet<Order>,
    /// Told to stop or killed, and not down yet.
    pub(super) leaving: BTreeSet<Order>,
    pub(super) deadlines: BTreeSet<(Moment, Order)>,
    pub(super) alive: usize,
    /// Whose start the next in turn waits for.
    pub(super) in_turn: Option<Order>,
    pub(super) next: Order,
}

impl Roster {
    pub(super) fn insert(&mut self, spec: ChildSpec, first_start: FirstStart) -> Order {
        let order = self.next;
        self.next = Order(order.0 + 1);
        self.ids.insert(spec.id.clone(), order);
        self.children.insert(order, Child::new(spec, first_start));
        order
    }

    /// Takes out a child that is idle.
    pub(super) fn remove(&mut self, order: Order) {
        assert_eq!(self.state(order), State::Idle, "only a child without a life is removed");
        let child = self.children.remove(&order).expect("the state was just read");
        self.ids.remove(&child.spec.id);
    }

    pub(super) fn child(&self, order: Order) -> &Child {
        self.children.get(&order).expect("an order in use names a child")
    }

    pub(super) fn child_mut(&mut self, order: Order) -> &mut Child {
        self.children.get_mut(&order).expect("an order in use names a child")
    }

    pub(super) fn id(&self, order: Order) -> ChildId {
        self.child(order).spec.id.clone()
    }

    pub(super) fn state(&self, order: Order) -> State {
        self.child(order).state
    }

    /// The child whose present life this is, unless it is over.
    pub(super) fn living(&self, life: Life) -> Option<Order> {
        let child = self.children.get(&life.order)?;
        (child.state.is_alive() && child.lives == life.number).then_some(life.order)
    }

    pub(super) fn set(&mut self, order: Order, state: State) {
        let old = std::mem::replace(&mut self.child_mut(order).state, state);
        if let Some(index) = self.index(old) {
            index.remove(&order);
        }
        if let Some(index) = self.index(state) {
            index.insert(order);
        }
        if let Some(moment) = old.deadline() {
            self.deadlines.remove(&(moment, order));
        }
        if let Some(moment) = state.deadline() {
            self.deadlines.insert((moment, order));
        }
        self.alive -= usize::from(old.is_alive());
        self.alive += usize::from(state.is_alive());
        // One that is stopped or killed while it starts keeps its turn until it is down.
        if self.in_turn == Some(order) && !state.is_in_turn() {
            self.in_turn = None;
        }
    }

    fn index(&mut self, state: State) -> Option<&mut BTreeSet<Order>> {
        match state {
            State::Queued => Some(&mut self.queued),
            State::Held { .. } => Some(&mut self.held),
            State::Doomed { .. } => Some(&mut self.doomed),
            State::Leaving { .. } | State::Overdue => Some(&mut self.leaving),
            State::Idle | State::Starting { .. } | State::Running { .. } => None,
        }
    }

    /// Every child, in start order.
    pub(super) fn orders(&self) -> Vec<Order> {
        self.children.keys().copied().collect()
    }

    /// Whom to stop next: the last one, but not while one after it is still leaving.
    pub(super) fn next_stop(&self, strategy: Strategy) -> Option<Order> {
        let last = *self.doomed.last()?;
        let waits = self.leaving.last().is_some_and(|leaving| *leaving > last);
        (strategy == Strategy::Dynamic || !waits).then_some(last)
    }

    /// Whom to start next: the first one, but not while another start is under way, and,
    /// among children that depend on each other, not before all that are to stop are down
    /// and nobody on whom it depends is held.
    pub(super) fn next_start(&self, strategy: Strategy) -> Option<Order> {
        let first = *self.queued.first()?;
        // The doomed, too, wait for one that is leaving.
        let still = self.leaving.is_empty();
        let free = match strategy {
            Strategy::OneForOne | Strategy::Dynamic => true,
            Strategy::OneForAll => still && self.held.is_empty(),
            Strategy::RestForOne => still && self.held.first().is_none_or(|held| *held > first),
        };
        (free && self.in_turn.is_none()).then_some(first)
    }

    /// A child whose deadline has come; the earliest first.
    pub(super) fn expired(&self, now: Moment) -> Option<Order> {
        self.deadlines.first().filter(|(moment, _)| *moment <= now).map(|(_, order)| *order)
    }
}
