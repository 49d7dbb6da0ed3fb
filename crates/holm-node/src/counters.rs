//! What a node has refused, and what reached nobody.

use holm_actor::ArrivalError;
use std::sync::atomic::{AtomicU64, Ordering};

use holm_macros::Message;
use serde::{Deserialize, Serialize};

/// Messages that reached nobody since the node started, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Message)]
#[non_exhaustive]
pub struct DeadLetters {
    /// From other nodes: there is no such actor.
    pub noproc: u64,
    /// From other nodes: the actor is of another type than the sender believes.
    pub wrong_type: u64,
    /// From other nodes: the actor has no such method, or one with other arguments or reply.
    pub mismatched: u64,
    /// From other nodes: the inbox is full, the arguments are none, or the actor stays on its node.
    pub refused: u64,
    /// To other nodes: accepted while a session was dialled, which did not come about.
    pub unreachable: u64,
}

/// The counts behind [`DeadLetters`].
#[derive(Debug, Default)]
pub(crate) struct DeadLetterCounts {
    pub(crate) noproc: Count,
    pub(crate) wrong_type: Count,
    pub(crate) mismatched: Count,
    pub(crate) refused: Count,
    pub(crate) unreachable: Count,
}

#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl DeadLetterCounts {
    /// A message of another node was not taken, and nobody waits for an answer.
    pub(crate) fn count(&self, error: &ArrivalError) {
        match error {
            ArrivalError::Noproc => self.noproc.add(),
            ArrivalError::WrongType { .. } => self.wrong_type.add(),
            ArrivalError::UnknownMethod { .. } | ArrivalError::SchemaMismatch { .. } => {
                self.mismatched.add();
            }
            _ => self.refused.add(),
        }
    }

    pub(crate) fn read(&self) -> DeadLetters {
        let Self { noproc, wrong_type, mismatched, refused, unreachable } = self;
        DeadLetters {
            noproc: noproc.read(),
            wrong_type: wrong_type.read(),
            mismatched: mismatched.read(),
            refused: refused.read(),
            unreachable: unreachable.read(),
        }
    }
}

/// How often a node refused something since it started, or had a peer wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Message)]
#[non_exhaustive]
pub struct AdmissionCounters {
    /// Connections accepted from the system.
    pub connections: u64,
    /// Of these, closed at once: their source connects too often.
    pub over_rate: u64,
    /// Closed at once: their source failed too often to prove who it is.
    pub after_failures: u64,
    /// Closed at once: their source had its share of handshakes under way.
    pub over_share: u64,
    /// Handshakes that had to give way to newer ones.
    pub displaced: u64,
    /// Handshakes of peers that did not prove who they are, or may not have a session.
    pub unproven: u64,
    /// Handshakes that broke off, timed out, or failed for another reason.
    pub broken: u64,
    /// Peers refused because there were as many sessions as there may be.
    pub no_seat: u64,
    /// Sessions closed because the peer is no longer let in.
    pub revoked: u64,
    /// Signals for which the peer lacks the capability.
    pub denied: u64,
    /// Calls, spawns, streams and monitors refused because the peer asks for too many.
    pub overloaded: u64,
    /// Times that a peer's session was not read for a while, because it sent too much.
    pub paced: u64,
    /// Sessions closed because the peer asked to remember more than a session may.
    pub floods: u64,
}
