//! What is always true of a supervisor between two calls.

use std::collections::BTreeSet;

use super::child::{Child, FirstStart, State};
use super::id::Order;
use super::machine::Stage;
use super::{BreakerState, ShutdownTime, Strategy, Supervision};

impl Supervision {
    /// Checks every invariant of the state, for tests: it looks at all children.
    ///
    /// # Panics
    /// If one does not hold, which is a bug here.
    pub fn validate(&self) {
        self.validate_indexes();
        for (order, child) in &self.roster.children {
            self.validate_child(*order, child);
        }
        self.validate_turns();
        self.validate_stage();
    }

    fn orders_where(&self, is: impl Fn(State) -> bool) -> BTreeSet<Order> {
        let children = self.roster.children.iter();
        children.filter(|(_, child)| is(child.state)).map(|(order, _)| *order).collect()
    }

    fn validate_indexes(&self) {
        let roster = &self.roster;
        let leaving = |state| matches!(state, State::Leaving { .. } | State::Overdue);
        assert_eq!(roster.queued, self.orders_where(|state| state == State::Queued));
        assert_eq!(roster.held, self.orders_where(|state| matches!(state, State::Held { .. })));
        assert_eq!(roster.doomed, self.orders_where(|state| matches!(state, State::Doomed { .. })));
        assert_eq!(roster.leaving, self.orders_where(leaving));
        assert_eq!(roster.alive, self.orders_where(State::is_alive).len());
        let children = roster.children.iter();
        let deadlines = children
            .filter_map(|(order, child)| child.state.deadline().map(|moment| (moment, *order)));
        assert_eq!(roster.deadlines, deadlines.collect(), "deadlines");
        assert_eq!(roster.ids.len(), roster.children.len(), "one id for each child");
        for (id, order) in &roster.ids {
            assert_eq!(*id, roster.child(*order).spec.id, "an id names its child");
        }
    }

    fn validate_child(&self, order: Order, child: &Child) {
        let id = &child.spec.id;
        match child.state {
            State::Leaving { kill_at: Some(_), .. } => {
                assert!(matches!(child.spec.shutdown, ShutdownTime::After(_)), "{id} has no time");
            }
            State::Running { .. } => assert_eq!(child.first_start, FirstStart::Past, "{id}"),
            State::Idle => assert!(
                self.is_stopping() || child.first_start == FirstStart::Past,
                "{id} was never to start"
            ),
            State::Queued | State::Held { .. } | State::Starting { .. } => {
                assert!(!self.is_stopping(), "{id} is to start under a supervisor that stops");
            }
            State::Doomed { .. } | State::Leaving { .. } | State::Overdue => {}
        }
        if let Some(breaker) = &child.breaker
            && breaker.state() == BreakerState::Open
        {
            assert!(!child.state.is_alive(), "{id} lives behind an open breaker");
        }
        assert!(!child.state.is_alive() || child.lives > 0, "{id} lives without a start");
        assert!(order < self.roster.next, "{id} has an order of the future");
    }

    /// Nothing waits for a turn that never comes.
    fn validate_turns(&self) {
        let roster = &self.roster;
        let starting = self.orders_where(|state| matches!(state, State::Starting { .. }));
        if let Some(order) = roster.in_turn {
            assert!(roster.state(order).is_in_turn(), "the turn is that of a start under way");
        }
        match self.policy.strategy {
            Strategy::OneForOne => {}
            Strategy::OneForAll | Strategy::RestForOne => {
                let in_turn = roster.in_turn.into_iter().collect();
                assert!(starting.is_subset(&in_turn), "dependent children start one by one");
            }
            Strategy::Dynamic => {
                assert!(roster.queued.is_empty() && roster.doomed.is_empty(), "nobody has a turn");
            }
        }
        assert_eq!(roster.next_stop(self.policy.strategy), None, "a stop was not asked for");
        assert_eq!(roster.next_start(self.policy.strategy), None, "a start was not asked for");
        if !roster.queued.is_empty() {
            let awaited = !roster.leaving.is_empty() || !roster.held.is_empty();
            assert!(awaited || roster.in_turn.is_some(), "the queue waits for nothing");
        }
        if let Some(doomed) = roster.doomed.last() {
            let awaited = roster.leaving.last().is_some_and(|leaving| leaving > doomed);
            assert!(awaited, "the doomed wait for nothing");
        }
    }

    fn validate_stage(&self) {
        let initial = |child: &&Child| child.first_start == FirstStart::Initial;
        match &self.stage {
            Stage::Booting { left } => {
                assert!(*left > 0, "it is up");
                assert_eq!(*left, self.roster.children.values().filter(initial).count());
            }
            Stage::Up => assert_eq!(self.roster.children.values().filter(initial).count(), 0),
            Stage::Stopping(_) => assert!(self.roster.alive > 0, "it has finished"),
            Stage::Finished(_) => assert_eq!(self.roster.alive, 0, "it finished too early"),
        }
    }
}
