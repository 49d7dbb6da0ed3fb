//! `Sending`: the future that waits for room in a cell and then appends its message.

use std::{
    fmt,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll},
};

use crate::{
    cell::Cell,
    error::{Closed, PushError},
    queue::Wait,
    waiters::Ticket,
};

/// Made by [`Cell::send`] and [`Cell::send_owned`]. Ready when the message is accepted, or with
/// the message when the cell has closed.
///
/// Waiting senders are woken first come first served, when half of the inbox is free or the consumer
/// [offers](crate::Consumer::offer_room) what room there is. One that then finds none, because
/// others were quicker, keeps its place. Cancel-safe: dropped before it is ready, the message was not
/// sent, and a wake it had not used goes to the next.
#[must_use = "a future does nothing unless polled"]
pub struct Sending<C: Deref<Target = Cell<T, H>>, T, H> {
    cell: C,
    /// `None` when it is complete.
    message: Option<T>,
    /// The place in the line of waiters, once it had to wait.
    ticket: Option<Ticket>,
}

impl<C: Deref<Target = Cell<T, H>>, T, H> Sending<C, T, H> {
    pub(crate) fn new(cell: C, message: T) -> Self {
        Self { cell, message: Some(message), ticket: None }
    }

    /// Where it sends to.
    pub fn cell(&self) -> &C {
        &self.cell
    }

    /// Leaves the line, if it stands in one; whether it had been woken.
    fn leave(&mut self) -> bool {
        self.ticket.take().is_some_and(|ticket| self.cell.queue.leave(ticket))
    }
}

// Nothing in it is pinned: the message is only moved.
impl<C: Deref<Target = Cell<T, H>>, T, H> Unpin for Sending<C, T, H> {}

impl<C: Deref<Target = Cell<T, H>>, T, H> Future for Sending<C, T, H> {
    type Output = Result<(), Closed<T>>;

    /// # Panics
    /// When polled after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(mut message) = self.message.take() else {
            panic!("a send was polled after it was ready");
        };
        loop {
            let done = match self.cell.push(message) {
                Ok(()) => Ok(()),
                Err(PushError::Closed(message)) => Err(Closed(message)),
                Err(PushError::Full(refused)) => {
                    message = refused;
                    match self.cell.queue.wait(self.ticket, cx.waker()) {
                        Wait::Retry(ticket) => {
                            self.ticket = Some(ticket);
                            continue;
                        }
                        Wait::Queued(ticket) => {
                            self.ticket = Some(ticket);
                            self.message = Some(message);
                            return Poll::Pending;
                        }
                    }
                }
            };
            self.leave();
            return Poll::Ready(done);
        }
    }
}

impl<C: Deref<Target = Cell<T, H>>, T, H> Drop for Sending<C, T, H> {
    fn drop(&mut self) {
        if self.leave() {
            self.cell.queue.pass_on();
        }
    }
}

impl<C: Deref<Target = Cell<T, H>>, T, H> fmt::Debug for Sending<C, T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").field("waiting", &self.ticket.is_some()).finish_non_exhaustive()
    }
}
