//! `Room`: the future that waits for room in a cell without a message.

use std::{
    fmt,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll},
};

use crate::{cell::Cell, queue::Wait, waiters::Ticket};

/// Made by [`Cell::room`]. Ready when a message would be accepted, in turn with waiting senders,
/// or when the cell has closed. Cancel-safe.
#[must_use = "a future does nothing unless polled"]
pub struct Room<C: Deref<Target = Cell<T, H>>, T, H> {
    cell: C,
    ticket: Option<Ticket>,
}

impl<C: Deref<Target = Cell<T, H>>, T, H> Room<C, T, H> {
    pub(crate) fn new(cell: C) -> Self {
        Self { cell, ticket: None }
    }

    /// Leaves the line. It takes no room, so a wake it had goes to the next.
    fn leave(&mut self) {
        if self.ticket.take().is_some_and(|ticket| self.cell.queue.leave(ticket)) {
            self.cell.queue.pass_on();
        }
    }
}

impl<C: Deref<Target = Cell<T, H>> + Unpin, T, H> Future for Room<C, T, H> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        while !self.cell.is_closed() && self.cell.len() >= self.cell.capacity().messages() as usize
        {
            match self.cell.queue.wait(self.ticket, cx.waker()) {
                Wait::Retry(ticket) => self.ticket = Some(ticket),
                Wait::Queued(ticket) => {
                    self.ticket = Some(ticket);
                    return Poll::Pending;
                }
            }
        }
        self.leave();
        Poll::Ready(())
    }
}

impl<C: Deref<Target = Cell<T, H>>, T, H> Drop for Room<C, T, H> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl<C: Deref<Target = Cell<T, H>>, T, H> fmt::Debug for Room<C, T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room").field("waiting", &self.ticket.is_some()).finish_non_exhaustive()
    }
}
