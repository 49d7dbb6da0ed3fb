//! The open streams of a session and what may happen to each next; no items, no waiting.

use super::super::flow::{Allowance, Credit, Taken, Window};
use crate::{
    Admission, Limits, RequestId, RequestIds, Side, Violation,
    error::{RequestFault, StreamFault},
};
use std::collections::BTreeMap;

/// As many streams are open as may be; nothing was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{max} streams are open, as many as may be")]
pub struct StreamsFull {
    /// The most that may be open ([`Limits::streams_max`]).
    pub max: usize,
}

/// What became of an attempt to send an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Sending {
    /// It is to be sent now.
    Now,
    /// There is no credit for it yet.
    NoCredit,
    /// This direction has ended; it never will be.
    Over,
}

/// What is to be done with an item, or the body of an Open, that arrived.
#[derive(Debug)]
#[must_use]
pub enum Arrival<'a, T> {
    /// Keep it for the stream's reader.
    Wanted(&'a mut T),
    /// Drop it: the stream was reset here meanwhile.
    Unwanted,
    /// Drop it, and send a Reset with the code `overloaded`: all streams together hold
    /// as much as they may, so this one is over.
    Overrun(&'a mut T),
}

/// A stream that is no longer in the table.
#[derive(Debug)]
pub struct Removed<T> {
    /// What was kept with it.
    pub local: T,
    /// It had not ended in both directions: the peer must be told by a Reset.
    pub open: bool,
}

#[derive(Debug)]
struct Stream<T> {
    send: Allowance,
    send_ended: bool,
    receive: Window,
    receive_ended: bool,
    /// Reset here: what the peer still sends means nothing.
    aborted: bool,
    /// Bytes that arrived and were not consumed.
    held: usize,
    local: T,
}

impl<T> Stream<T> {
    fn abort(&mut self) {
        (self.aborted, self.send_ended, self.receive_ended) = (true, true, true);
    }
}

/// The open streams of a session, from one side; `T` is what the driver keeps with each.
///
/// A stream is in the table from its opening until [`remove`](Self::remove), which its
/// user calls when done with it, whether it has ended by then or not.
#[derive(Debug)]
pub struct StreamTable<T> {
    side: Side,
    limits: Limits,
    ids: RequestIds,
    /// Ordered, so that no choice of ids makes it slow.
    streams: BTreeMap<RequestId, Stream<T>>,
    /// How many of them the peer opened.
    from_peer: usize,
    /// Openings refused since one of the peer's was last removed.
    refused: usize,
    /// The highest id that the peer opened: items of higher ones belong to nothing.
    highest: Option<RequestId>,
    /// Sum of what the streams hold, at most [`Limits::reassembly_max`].
    held: usize,
}

impl<T> StreamTable<T> {
    /// For a session in which we are `side`.
    pub fn new(side: Side, limits: Limits) -> Self {
        Self {
            side,
            limits,
            ids: RequestIds::new(side),
            streams: BTreeMap::new(),
            from_peer: 0,
            refused: 0,
            highest: None,
            held: 0,
        }
    }

    fn stream(&self, send_ended: bool, receive_ended: bool, held: usize, local: T) -> Stream<T> {
        let window = Credit::of_streams(&self.limits);
        Stream {
            send: Allowance::new(window),
            send_ended,
            receive: Window::new(window),
            receive_ended,
            aborted: false,
            held,
            local,
        }
    }

    /// Opens a stream, by an Open of the id returned; `ended`: without items of ours.
    ///
    /// # Errors
    /// Too many are open; at the caller.
    pub fn open(&mut self, ended: bool, local: T) -> Result<RequestId, StreamsFull> {
        if self.streams.len() - self.from_peer >= self.limits.streams_max {
            return Err(StreamsFull { max: self.limits.streams_max });
        }
        let id = self.ids.allocate();
        let stream = self.stream(ended, false, 0, local);
        self.streams.insert(id, stream);
        Ok(id)
    }

    /// The peer opened a stream with a body of this length, which counts as held until
    /// the stream is removed.
    ///
    /// # Errors
    /// The id is ours or open already, or the peer went on through as many refusals as
    /// it may have streams, without one of its streams having been removed.
    pub fn handle_open(
        &mut self,
        id: RequestId,
        ended: bool,
        body: usize,
        local: T,
    ) -> Result<Admission, Violation> {
        let max = self.limits.streams_max;
        let violation = |fault| Err(Violation::Request { id, fault });
        if self.side.owns(id) {
            return violation(RequestFault::Parity);
        }
        if self.streams.contains_key(&id) {
            return violation(RequestFault::InFlight);
        }
        self.highest = self.highest.max(Some(id));
        if self.from_peer >= max || body > self.limits.reassembly_max - self.held {
            self.refused += 1;
            if self.refused > max {
                return violation(RequestFault::Flood);
            }
            return Ok(Admission::Overloaded);
        }
        let stream = self.stream(false, ended, body, local);
        self.streams.insert(id, stream);
        self.from_peer += 1;
        self.held += body;
        Ok(Admission::Admitted)
    }

    /// Whether a single stream is open.
    pub fn is_single(&self) -> bool {
        self.streams.len() == 1
    }

    /// What is kept with a stream.
    pub fn local(&mut self, id: RequestId) -> Option<&mut T> {
        self.streams.get_mut(&id).map(|stream| &mut stream.local)
    }

    /// An item of this length is to be sent; with the answer `Now` the caller sends it.
    pub fn send(&mut self, id: RequestId, length: usize, last: bool) -> Sending {
        match self.streams.get_mut(&id) {
            Some(stream) if !stream.send_ended => {
                if !stream.send.take(length) {
                    return Sending::NoCredit;
                }
                stream.send_ended = last;
                Sending::Now
            }
            Some(_) | None => Sending::Over,
        }
    }

    /// Whether an item of this length could be sent now.
    pub fn can_send(&self, id: RequestId, length: usize) -> Sending {
        match self.streams.get(&id) {
            Some(stream) if !stream.send_ended => {
                if stream.send.allows(length) {
                    Sending::Now
                } else {
                    Sending::NoCredit
                }
            }
            Some(_) | None => Sending::Over,
        }
    }

    /// Our direction ends. True if an End is to be sent: it had not ended before.
    pub fn end(&mut self, id: RequestId) -> bool {
        self.streams
            .get_mut(&id)
            .is_some_and(|stream| !std::mem::replace(&mut stream.send_ended, true))
    }

    /// An item of this length arrived.
    ///
    /// # Errors
    /// The stream was never opened, has ended, or had no credit for it.
    pub fn handle_item(
        &mut self,
        id: RequestId,
        length: usize,
        last: bool,
    ) -> Result<Arrival<'_, T>, Violation> {
        let violation = |fault| Err(Violation::Stream { id, fault });
        let was_opened = self.was_opened(id);
        let Some(stream) = self.streams.get_mut(&id) else {
            return if was_opened {
                Ok(Arrival::Unwanted)
            } else {
                violation(StreamFault::NotOpen)
            };
        };
        if stream.aborted {
            return Ok(Arrival::Unwanted);
        }
        if stream.receive_ended {
            return violation(StreamFault::AfterEnd);
        }
        if !stream.receive.receive(length) {
            return violation(StreamFault::Credit);
        }
        stream.receive_ended = last;
        if length > self.limits.reassembly_max - self.held {
            stream.abort();
            return Ok(Arrival::Overrun(&mut stream.local));
        }
        stream.held += length;
        self.held += length;
        Ok(Arrival::Wanted(&mut stream.local))
    }

    /// Whether this id was ever a stream, as far as can be told.
    fn was_opened(&self, id: RequestId) -> bool {
        if self.side.owns(id) {
            self.ids.has_given(id)
        } else {
            self.highest.is_some_and(|highest| id <= highest)
        }
    }

    /// The stream that a frame is about; `None` if it was reset here meanwhile.
    fn find(&mut self, id: RequestId) -> Result<Option<&mut Stream<T>>, Violation> {
        let was_opened = self.was_opened(id);
        match self.streams.get_mut(&id) {
            None if !was_opened => Err(Violation::Stream { id, fault: StreamFault::NotOpen }),
            stream => Ok(stream.filter(|stream| !stream.aborted)),
        }
    }

    /// The peer's direction ended. `None` if the stream was reset here meanwhile.
    ///
    /// # Errors
    /// The stream was never opened, or had ended.
    pub fn handle_end(&mut self, id: RequestId) -> Result<Option<&mut T>, Violation> {
        let Some(stream) = self.find(id)? else { return Ok(None) };
        if std::mem::replace(&mut stream.receive_ended, true) {
            return Err(Violation::Stream { id, fault: StreamFault::AfterEnd });
        }
        Ok(Some(&mut stream.local))
    }

    /// The peer reset the stream. `None` if it was reset here meanwhile.
    ///
    /// # Errors
    /// The stream was never opened.
    pub fn handle_reset(&mut self, id: RequestId) -> Result<Option<&mut T>, Violation> {
        let Some(stream) = self.find(id)? else { return Ok(None) };
        (stream.send_ended, stream.receive_ended) = (true, true);
        Ok(Some(&mut stream.local))
    }

    /// The peer wants no more items. `None` as for a reset.
    ///
    /// # Errors
    /// The stream was never opened.
    pub fn handle_stop(&mut self, id: RequestId) -> Result<Option<&mut T>, Violation> {
        Ok(self.find(id)?.map(|stream| &mut stream.local))
    }

    /// The peer granted credit. `None` as for a reset.
    ///
    /// # Errors
    /// The stream was never opened, or it is more than can be counted.
    pub fn handle_credit(
        &mut self,
        id: RequestId,
        credit: Credit,
    ) -> Result<Option<&mut T>, Violation> {
        let Some(stream) = self.find(id)? else { return Ok(None) };
        if !stream.send.grant(credit) {
            return Err(Violation::Stream { id, fault: StreamFault::CreditOverflow });
        }
        Ok(Some(&mut stream.local))
    }

    /// The reader took items, which are accounted for now: the credit to grant, if it is time
    /// to.
    pub fn consumed(&mut self, id: RequestId, taken: &mut Taken) -> Option<Credit> {
        let stream = self.streams.get_mut(&id)?;
        let (cost, length) = taken.take();
        stream.held -= length;
        self.held -= length;
        stream.receive.consume(cost).filter(|_| !stream.receive_ended)
    }

    /// Ends both directions for a reason of this side's own, which the caller tells the peer and
    /// the stream's user. `None` if they had ended.
    pub fn abort(&mut self, id: RequestId) -> Option<&mut T> {
        let stream = self.streams.get_mut(&id)?;
        if stream.send_ended && stream.receive_ended {
            return None;
        }
        stream.abort();
        Some(&mut stream.local)
    }

    /// The stream's user is done with it.
    pub fn remove(&mut self, id: RequestId) -> Option<Removed<T>> {
        let stream = self.streams.remove(&id)?;
        self.held -= stream.held;
        if !self.side.owns(id) {
            self.from_peer -= 1;
            self.refused = 0;
        }
        Some(Removed { local: stream.local, open: !(stream.send_ended && stream.receive_ended) })
    }

    /// The streams, for telling their users that the session has ended.
    pub fn locals(&mut self) -> impl Iterator<Item = &mut T> {
        self.streams.values_mut().map(|stream| &mut stream.local)
    }

    /// How many streams are open.
    pub fn len(&self) -> usize {
        self.streams.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Bytes that arrived and were not consumed.
    pub fn held_bytes(&self) -> usize {
        self.held
    }
}
