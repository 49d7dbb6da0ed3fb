//! `Cell`: the inbox of an actor and its header, in one allocation; the senders' side.

use std::fmt;

use crate::{
    capacity::Capacity,
    consumer::Consumer,
    error::{Closed, PushError},
    queue::{Bound, Queue, Refusal},
    room::Room,
    sending::Sending,
    sync::Arc,
    word::Tail,
};

/// An inbox for messages `T` with a header `H` of the user's.
///
/// Messages of one sender are taken in the order they were accepted. The cell is open while its
/// [`Consumer`] lives and keeps neither messages nor memory for them afterwards.
#[repr(C)]
pub struct Cell<T, H> {
    pub(crate) queue: Queue<T>,
    header: H,
}

// SAFETY: messages go from thread to thread by value, hence T: Send; the header is shared. The
// waker and the pointers inside follow the protocol written down in `queue`.
unsafe impl<T: Send, H: Send> Send for Cell<T, H> {}
// SAFETY: as above.
unsafe impl<T: Send, H: Sync> Sync for Cell<T, H> {}

/// Makes a cell and its only consumer.
pub fn cell<T: Send, H>(capacity: Capacity, header: H) -> (Arc<Cell<T, H>>, Consumer<T, H>) {
    let cell = Arc::new(Cell { queue: Queue::new(capacity), header });
    let consumer = Consumer::new(cell.clone());
    (cell, consumer)
}

impl<T, H> Cell<T, H> {
    /// The user's header.
    #[inline]
    pub fn header(&self) -> &H {
        &self.header
    }

    /// Appends a message if there is room.
    ///
    /// The bound is exact: no more than [`Cell::capacity`] messages are accepted beyond those
    /// the consumer has published as taken.
    ///
    /// # Errors
    /// [`PushError::Full`] or [`PushError::Closed`], with the message.
    #[inline]
    pub fn push(&self, message: T) -> Result<(), PushError<T>> {
        match self.append(message, Bound::Heed) {
            Ok(()) => Ok(()),
            Err((Refusal::Full, message)) => Err(PushError::Full(message)),
            Err((Refusal::Closed, message)) => Err(PushError::Closed(message)),
        }
    }

    /// Appends a message whatever the bound, for signals that must not be lost. It counts
    /// against the room of others.
    ///
    /// # Errors
    /// [`Closed`], with the message.
    #[inline]
    pub fn push_unbounded(&self, message: T) -> Result<(), Closed<T>> {
        self.append(message, Bound::Ignore).map_err(|(_, message)| Closed(message))
    }

    #[inline]
    fn append(&self, message: T, bound: Bound) -> Result<(), (Refusal, T)> {
        let run = match self.queue.reserve_one(bound) {
            Ok(run) => run,
            Err(refusal) => return Err((refusal, message)),
        };
        // SAFETY: the run is this one message.
        unsafe { run.write(run.index, message) };
        if run.wakes {
            // SAFETY: the reservation cleared IDLE.
            unsafe { self.queue.wake() };
        }
        Ok(())
    }

    /// Appends all of `messages` in order, whatever the bound, with few reservations, and leaves
    /// the vector empty with its memory. Messages of other senders may come in between.
    ///
    /// # Errors
    /// [`Closed`] if the consumer went; what was not accepted stays in `messages`.
    pub fn push_all(&self, messages: &mut Vec<T>) -> Result<(), Closed<()>> {
        // A drain of std: its length is exact and its `next` does not panic, so that every
        // slot reserved is written.
        let mut rest = messages.drain(..);
        while rest.len() > 0 {
            let Ok(run) = self.queue.reserve(rest.len() as u64, Bound::Ignore) else {
                let refused: Vec<T> = rest.collect();
                *messages = refused;
                return Err(Closed(()));
            };
            for (index, message) in (run.index..run.index + run.len).zip(&mut rest) {
                // SAFETY: the run's indices, each once.
                unsafe { run.write(index, message) };
            }
            if run.wakes {
                // SAFETY: the reservation cleared IDLE.
                unsafe { self.queue.wake() };
            }
        }
        Ok(())
    }

    /// Waits for room, then appends.
    ///
    /// Cancel-safe: dropped before it is ready, the message was not sent.
    pub fn send(&self, message: T) -> Sending<&Self, T, H> {
        Sending::new(self, message)
    }

    /// As [`Cell::send`], for a future that owns its cell.
    pub fn send_owned(cell: Arc<Self>, message: T) -> Sending<Arc<Self>, T, H> {
        Sending::new(cell, message)
    }

    /// Waits until there is room, in turn with waiting senders, or the cell has closed.
    pub fn room(cell: Arc<Self>) -> Room<Arc<Self>, T, H> {
        Room::new(cell)
    }

    /// Wakes the consumer's task whatever it waits for, with
    /// [`Consumer::take_interrupt`] true. Several interrupts before it looks are one.
    pub fn interrupt(&self) {
        self.queue.interrupt();
    }

    /// Messages accepted and not yet published as taken: up to a quarter of the capacity more
    /// than are in the queue.
    pub fn len(&self) -> usize {
        self.queue.len() as usize
    }

    /// Whether [`Cell::len`] is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bound given at the start.
    pub fn capacity(&self) -> Capacity {
        self.queue.capacity()
    }

    /// Whether the consumer waits for a message: it is in the middle of none.
    pub fn is_idle(&self) -> bool {
        self.queue.tail().is(Tail::IDLE)
    }

    /// Whether the consumer has gone.
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.queue.tail().is(Tail::CLOSED)
    }
}

impl<T, H> fmt::Debug for Cell<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cell")
            .field("len", &self.len())
            .field("capacity", &self.capacity().messages())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
