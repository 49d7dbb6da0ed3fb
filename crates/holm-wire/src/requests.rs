//! Request ids: giving out one's own, and watching the peer's.

use crate::{RequestId, Violation, error::RequestFault};
use std::{collections::BTreeSet, num::NonZeroU64};

/// Which side of the session one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Dialled: its request ids are odd.
    Dialled,
    /// Accepted: its request ids are even.
    Accepted,
}

impl Side {
    /// The other one.
    #[must_use]
    pub fn peer(self) -> Self {
        match self {
            Self::Dialled => Self::Accepted,
            Self::Accepted => Self::Dialled,
        }
    }

    /// Whether an id is one of this side's.
    pub(crate) fn owns(self, id: RequestId) -> bool {
        (id.as_u64() % 2 == 1) == (self == Self::Dialled)
    }
}

/// Gives out one side's request ids, each once.
#[derive(Debug)]
pub struct RequestIds {
    next: NonZeroU64,
}

impl RequestIds {
    /// From the first id of `side` on.
    pub fn new(side: Side) -> Self {
        let first = match side {
            Side::Dialled => NonZeroU64::MIN,
            Side::Accepted => NonZeroU64::MIN.saturating_add(1),
        };
        Self { next: first }
    }

    /// The next id.
    ///
    /// # Panics
    /// After 2^63 of them, which no session lives to see.
    pub fn allocate(&mut self) -> RequestId {
        let id = RequestId(self.next);
        self.next = self.next.checked_add(2).expect("a session has 2^63 request ids");
        id
    }

    /// Whether it gave out this id, one of its side's.
    pub(crate) fn has_given(&self, id: RequestId) -> bool {
        id.0 < self.next
    }
}

/// What is to be done with a request that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Admission {
    /// It is in flight from now on.
    Admitted,
    /// It is over the limit: answer `overloaded`, and do nothing else.
    Overloaded,
}

/// The peer's requests in flight.
#[derive(Debug)]
pub struct OpenRequests {
    peer: Side,
    max: usize,
    /// Ordered, so that no choice of ids makes it slow.
    open: BTreeSet<RequestId>,
    /// Requests refused since one was last closed.
    refused: usize,
}

impl OpenRequests {
    /// For a session in which we are `side`, with at most `max` of the peer's
    /// requests in flight ([`crate::Limits::requests_max`]).
    pub fn new(side: Side, max: usize) -> Self {
        Self { peer: side.peer(), max, open: BTreeSet::new(), refused: 0 }
    }

    /// A request with this id arrived.
    ///
    /// # Errors
    /// The id is ours or in flight already, or the peer went on through as many
    /// refusals as it may have requests, without one of its requests closing.
    pub fn open(&mut self, id: RequestId) -> Result<Admission, Violation> {
        let violation = |fault| Err(Violation::Request { id, fault });
        if !self.peer.owns(id) {
            return violation(RequestFault::Parity);
        }
        if self.open.len() >= self.max {
            if self.open.contains(&id) {
                return violation(RequestFault::InFlight);
            }
            self.refused += 1;
            if self.refused > self.max {
                return violation(RequestFault::Flood);
            }
            return Ok(Admission::Overloaded);
        }
        if self.open.insert(id) {
            Ok(Admission::Admitted)
        } else {
            violation(RequestFault::InFlight)
        }
    }

    /// It was answered, or cancelled. False if it was not in flight, as when an answer
    /// and a cancel cross.
    pub fn close(&mut self, id: RequestId) -> bool {
        let closed = self.open.remove(&id);
        if closed {
            self.refused = 0;
        }
        closed
    }

    /// Whether it is in flight: not answered, and not cancelled.
    pub fn contains(&self, id: RequestId) -> bool {
        self.open.contains(&id)
    }

    /// How many are in flight.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn id(value: u64) -> RequestId {
        RequestId::from_u64(value).unwrap()
    }

    fn fault(result: Result<Admission, Violation>) -> RequestFault {
        match result {
            Err(Violation::Request { fault, .. }) => fault,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn odd_and_even() {
        let mut odd = RequestIds::new(Side::Dialled);
        let mut even = RequestIds::new(Side::Accepted);
        let mut accepted = OpenRequests::new(Side::Accepted, 10);
        for expected in [1, 3, 5] {
            assert_eq!(odd.allocate(), id(expected));
            assert_eq!(even.allocate(), id(expected + 1));
            assert_eq!(accepted.open(id(expected)), Ok(Admission::Admitted));
        }
        assert_eq!(fault(accepted.open(id(2))), RequestFault::Parity);
        assert_eq!(fault(OpenRequests::new(Side::Dialled, 1).open(id(1))), RequestFault::Parity);
    }

    #[test]
    fn once_in_flight() {
        let mut open = OpenRequests::new(Side::Accepted, 2);
        assert_eq!(open.open(id(1)), Ok(Admission::Admitted));
        assert_eq!(fault(open.open(id(1))), RequestFault::InFlight);
        assert!(open.close(id(1)));
        assert!(!open.close(id(1)));
        assert_eq!(open.open(id(1)), Ok(Admission::Admitted));
    }

    #[test]
    fn over_the_limit_is_refused_then_closed() {
        let mut open = OpenRequests::new(Side::Accepted, 2);
        for n in [1, 3] {
            assert_eq!(open.open(id(n)), Ok(Admission::Admitted));
        }
        assert_eq!(fault(open.open(id(3))), RequestFault::InFlight);
        for n in [5, 7] {
            assert_eq!(open.open(id(n)), Ok(Admission::Overloaded));
        }
        assert!(open.close(id(1)), "a close forgives");
        assert_eq!(open.open(id(1)), Ok(Admission::Admitted));
        for n in [5, 7] {
            assert_eq!(open.open(id(n)), Ok(Admission::Overloaded));
        }
        assert_eq!(fault(open.open(id(9))), RequestFault::Flood);
    }
}
