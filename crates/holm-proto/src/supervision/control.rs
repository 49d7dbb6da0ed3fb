//! Children added, restarted, stopped and removed at run time.

use super::child::{FirstStart, State, Then};
use super::id::Order;
use super::{ChildId, ChildSpec, Moment, Supervision};

/// Why a supervisor cannot do what it was asked to do with a child. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChildError {
    /// The id is taken.
    #[error("the supervisor has a child {0} already")]
    Duplicate(ChildId),
    /// There is no such child, or none any more.
    #[error("the supervisor has no child {0}")]
    Unknown(ChildId),
    /// The child is being removed; its id is free when it is down.
    #[error("the child {0} is being removed")]
    Removing(ChildId),
    /// No child starts any more.
    #[error("the supervisor is stopping")]
    Stopping,
}

impl Supervision {
    /// Adds a child after the others and starts it. If its first start fails, it is
    /// forgotten, and that counts as nothing.
    ///
    /// # Errors
    /// The id is in use, or the supervisor is stopping.
    pub fn add(&mut self, spec: ChildSpec, now: Moment) -> Result<(), ChildError> {
        match self.find(&spec.id) {
            Err(ChildError::Unknown(_)) => {
                let order = self.roster.insert(spec, FirstStart::Added);
                self.enqueue(order, now);
                self.advance(now);
                Ok(())
            }
            Err(error) => Err(error),
            Ok(_) => Err(ChildError::Duplicate(spec.id)),
        }
    }

    /// Starts a child that has no life, without further waiting for back-off or breaker;
    /// stops one that runs, it alone, and then starts it. That counts as nothing, but a
    /// start that fails then is a crash.
    ///
    /// # Errors
    /// There is no such child, it is being removed, or the supervisor is stopping.
    pub fn restart(&mut self, id: &ChildId, now: Moment) -> Result<(), ChildError> {
        let order = self.find(id)?;
        match self.roster.state(order) {
            State::Queued | State::Starting { .. } | State::Overdue => {}
            State::Idle
            | State::Held { .. }
            | State::Running { .. }
            | State::Doomed { .. }
            | State::Leaving { .. } => self.dismiss(order, Then::Restart, now),
        }
        Ok(())
    }

    /// Stops a child. A temporary one is then forgotten; another stays, until it or, as in
    /// OTP, the whole group that it is in is restarted.
    ///
    /// # Errors
    /// There is no such child, it is being removed, or the supervisor is stopping.
    pub fn stop_child(&mut self, id: &ChildId, now: Moment) -> Result<(), ChildError> {
        let order = self.find(id)?;
        let then = self.roster.child(order).at_rest();
        self.dismiss(order, then, now);
        Ok(())
    }

    /// Stops a child, if it has a life, and forgets it.
    ///
    /// # Errors
    /// There is no such child, it is being removed, or the supervisor is stopping.
    pub fn remove(&mut self, id: &ChildId, now: Moment) -> Result<(), ChildError> {
        let order = self.find(id)?;
        self.dismiss(order, Then::Forget, now);
        Ok(())
    }

    fn find(&self, id: &ChildId) -> Result<Order, ChildError> {
        if self.is_stopping() {
            return Err(ChildError::Stopping);
        }
        let order = self.roster.ids.get(id).ok_or_else(|| ChildError::Unknown(id.clone()))?;
        if let State::Doomed { then: Then::Forget } | State::Leaving { then: Then::Forget, .. } =
            self.roster.state(*order)
        {
            return Err(ChildError::Removing(id.clone()));
        }
        Ok(*order)
    }

    fn dismiss(&mut self, order: Order, then: Then, now: Moment) {
        match self.roster.state(order) {
            State::Idle | State::Queued | State::Held { .. } => self.settle(order, then, now),
            State::Starting { .. } | State::Running { .. } => self.ask_to_stop(order, then, now),
            State::Doomed { .. } => self.roster.set(order, State::Doomed { then }),
            State::Leaving { kill_at, .. } => {
                self.roster.set(order, State::Leaving { kill_at, then });
            }
            State::Overdue => self.roster.set(order, State::Leaving { kill_at: None, then }),
        }
        self.advance(now);
    }
}
