//! The supervisor: starting, stopping, and what its driver calls.

use std::collections::VecDeque;

use holm_wire::ExitReason;

use super::breaker::Breaker;
use super::child::{FirstStart, State, Then};
use super::id::Order;
use super::roster::Roster;
use super::{
    ChildError, ChildSpec, Command, Life, Moment, Outcome, Policy, ShutdownTime, Strategy,
    window::Window,
};

/// A supervisor without its actor; see the [module](super) for how to drive it.
///
/// No call blocks or fails half-way. Times may repeat but not go back. Work per event grows
/// with the number of children it concerns, not with their total.
#[derive(Debug)]
pub struct Supervision {
    pub(super) policy: Policy,
    pub(super) roster: Roster,
    pub(super) restarts: Window,
    pub(super) stage: Stage,
    /// At most a few for each child, until the driver takes them.
    pub(super) commands: VecDeque<Command>,
}

/// Where the supervisor itself stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// So many of the children it was made with have not started yet.
    Booting { left: usize },
    /// They all have.
    Up,
    /// It waits for the last child to be down.
    Stopping(Outcome),
    /// The last command is out.
    Finished(Outcome),
}

impl Supervision {
    /// A supervisor that starts these children.
    ///
    /// # Errors
    /// [`ChildError::Duplicate`] if two have the same id.
    pub fn new(policy: Policy, children: Vec<ChildSpec>, now: Moment) -> Result<Self, ChildError> {
        let mut new = Self {
            policy,
            roster: Roster::default(),
            restarts: Window::default(),
            stage: Stage::Booting { left: children.len() },
            commands: VecDeque::new(),
        };
        for spec in children {
            if new.roster.ids.contains_key(&spec.id) {
                return Err(ChildError::Duplicate(spec.id));
            }
            new.roster.insert(spec, FirstStart::Initial);
        }
        for order in new.roster.orders() {
            new.enqueue(order, now);
        }
        new.advance(now);
        new.check_ready();
        Ok(new)
    }

    /// The next thing to do; `None` until the next event.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if nothing happens before.
    pub fn next_deadline(&self) -> Option<Moment> {
        self.roster.deadlines.first().map(|(moment, _)| *moment)
    }

    /// The start of this life has succeeded.
    pub fn handle_started(&mut self, life: Life, now: Moment) {
        let Some(order) = self.roster.living(life) else { return };
        // Otherwise the child is on its way out already.
        if let State::Starting { .. } = self.roster.state(order) {
            let breaker = &self.roster.child(order).breaker;
            let trial = breaker.as_ref().and_then(Breaker::trial);
            let trial_until = trial.map(|trial| now + trial);
            self.roster.set(order, State::Running { since: now, trial_until });
            self.pass_first_start(order);
            self.advance(now);
        }
    }

    /// The time is `now`. Does nothing before the next deadline.
    pub fn handle_timeout(&mut self, now: Moment) {
        while let Some(order) = self.roster.expired(now) {
            match self.roster.state(order) {
                State::Held { .. } => self.enqueue(order, now),
                State::Starting { .. } => self.kill(order, State::Overdue),
                State::Leaving { then, .. } => {
                    self.kill(order, State::Leaving { kill_at: None, then });
                }
                State::Running { since, .. } => {
                    self.roster.set(order, State::Running { since, trial_until: None });
                    if let Some(breaker) = &mut self.roster.child_mut(order).breaker {
                        breaker.close();
                    }
                }
                State::Idle | State::Queued | State::Doomed { .. } | State::Overdue => {
                    unreachable!("it has no deadline")
                }
            }
        }
        self.advance(now);
    }

    /// Stops all children and ends with this reason, unless it is stopping already.
    pub fn stop(&mut self, reason: ExitReason, now: Moment) {
        self.begin_stop(Outcome::Stopped(reason));
        self.advance(now);
    }

    /// What it ends with, once it is stopping.
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.stage {
            Stage::Booting { .. } | Stage::Up => None,
            Stage::Stopping(outcome) | Stage::Finished(outcome) => Some(outcome),
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.outcome().is_some()
    }

    pub(super) fn begin_stop(&mut self, outcome: Outcome) {
        if self.is_stopping() {
            return;
        }
        self.stage = Stage::Stopping(outcome);
        // Whoever asked for a removal is still to hear of it.
        let last = |then| if then == Then::Forget { then } else { Then::Stay };
        for order in self.roster.orders() {
            let state = match self.roster.state(order) {
                State::Idle | State::Queued | State::Held { .. } => State::Idle,
                State::Starting { .. } | State::Running { .. } => {
                    State::Doomed { then: Then::Stay }
                }
                State::Doomed { then } => State::Doomed { then: last(then) },
                State::Leaving { kill_at, then } => State::Leaving { kill_at, then: last(then) },
                State::Overdue => State::Leaving { kill_at: None, then: Then::Stay },
            };
            self.roster.set(order, state);
        }
    }

    /// Stops and starts those whose turn it is. Ends each call from outside.
    pub(super) fn advance(&mut self, now: Moment) {
        while let Some(order) = self.roster.next_stop(self.policy.strategy) {
            let State::Doomed { then } = self.roster.state(order) else {
                unreachable!("the index of the doomed holds no others")
            };
            self.ask_to_stop(order, then, now);
        }
        while let Some(order) = self.roster.next_start(self.policy.strategy) {
            self.start(order, now);
            self.roster.in_turn = Some(order);
        }
        if self.roster.alive == 0
            && let Stage::Stopping(outcome) = &self.stage
        {
            let outcome = outcome.clone();
            self.stage = Stage::Finished(outcome.clone());
            self.commands.push_back(Command::Finished(outcome));
        }
    }

    /// Has a child without a life started: at once, or in its turn if the order matters,
    /// as it does among siblings that depend on each other and for a first start.
    pub(super) fn enqueue(&mut self, order: Order, now: Moment) {
        let first = self.roster.child(order).first_start != FirstStart::Past;
        let in_turn = match self.policy.strategy {
            Strategy::OneForOne => first,
            Strategy::OneForAll | Strategy::RestForOne => true,
            Strategy::Dynamic => false,
        };
        if in_turn {
            self.roster.set(order, State::Queued);
        } else {
            self.start(order, now);
        }
    }

    fn start(&mut self, order: Order, now: Moment) {
        let child = self.roster.child_mut(order);
        assert!(!child.state.is_alive(), "a child has one life at a time");
        child.lives += 1;
        if let Some(breaker) = &mut child.breaker {
            breaker.handle_start();
        }
        let until = child.spec.start_time.map(|time| now + time);
        let (id, life) = (child.spec.id.clone(), child.life(order));
        self.roster.set(order, State::Starting { until });
        self.commands.push_back(Command::Start { id, life });
    }

    /// Stops a living child now, whoever else is being stopped.
    pub(super) fn ask_to_stop(&mut self, order: Order, then: Then, now: Moment) {
        let child = self.roster.child(order);
        let life = child.life(order);
        let grace = match child.spec.shutdown {
            ShutdownTime::After(time) => Some(time),
            ShutdownTime::Infinity => None,
            ShutdownTime::Kill => {
                return self.kill(order, State::Leaving { kill_at: None, then });
            }
        };
        let kill_at = grace.map(|time| now + time);
        self.roster.set(order, State::Leaving { kill_at, then });
        self.commands.push_back(Command::Stop { life, grace });
    }

    fn kill(&mut self, order: Order, state: State) {
        let life = self.roster.child(order).life(order);
        self.roster.set(order, state);
        self.commands.push_back(Command::Kill { life });
    }

    /// The supervisor waits no more for this child to start for the first time.
    pub(super) fn pass_first_start(&mut self, order: Order) {
        let first_start = &mut self.roster.child_mut(order).first_start;
        if std::mem::replace(first_start, FirstStart::Past) == FirstStart::Initial
            && let Stage::Booting { left } = &mut self.stage
        {
            *left -= 1;
            self.check_ready();
        }
    }

    fn check_ready(&mut self) {
        if self.stage == (Stage::Booting { left: 0 }) {
            self.stage = Stage::Up;
            self.commands.push_back(Command::Ready);
        }
    }
}
