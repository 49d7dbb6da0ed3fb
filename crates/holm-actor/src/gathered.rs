//! Messages from another node that follow each other to one inbox.

use std::sync::Arc;

use crate::cell::{ActorCell, Item, is_over};
use crate::{Actor, ArrivalError, ArrivedBody};

/// Most messages gathered: with so many the cost of appending is hardly any for each, and the actor, who may
/// run meanwhile, waits for them some microseconds.
const GATHERED_MAX: usize = 64;

/// Messages for one inbox, decoded and not appended yet: many are appended at the cost of one. What is not
/// [released](Self::release) is lost.
pub trait Gathering: Send {
    /// Decodes a message of the method at this position, see [`AnyCell::method`](crate::AnyCell::method), by
    /// position, and keeps it; whether they are enough to be released.
    ///
    /// # Errors
    /// [`ArrivalError`], to be told to the sender.
    fn add(&mut self, method: usize, body: &[u8]) -> Result<bool, ArrivalError>;

    /// Appends them; `true` if the inbox is now over its bound, so that the sender should pause.
    ///
    /// # Errors
    /// The actor has ended before it got all of them: how many are lost.
    fn release(&mut self) -> Result<bool, usize>;
}

pub(crate) struct Gathered<A: Actor> {
    cell: Arc<ActorCell<A>>,
    items: Vec<Item<A>>,
}

impl<A: Actor> Gathered<A> {
    pub(crate) fn new(cell: Arc<ActorCell<A>>) -> Self {
        Self { cell, items: Vec::with_capacity(GATHERED_MAX) }
    }
}

impl<A: Actor> Gathering for Gathered<A> {
    fn add(&mut self, method: usize, body: &[u8]) -> Result<bool, ArrivalError> {
        let msg = ArrivedBody::Positional(body).decode::<A>(method, &mut None)?;
        self.items.push(Item::Msg(msg));
        Ok(self.items.len() >= GATHERED_MAX)
    }

    fn release(&mut self) -> Result<bool, usize> {
        if self.cell.push_all(&mut self.items).is_err() {
            let lost = self.items.len();
            self.items.clear();
            return Err(lost);
        }
        Ok(is_over(&self.cell))
    }
}
