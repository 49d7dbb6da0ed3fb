//! Connections from their acceptance until they are sessions.

use std::{collections::BTreeMap, time::Duration};

use super::{AdmissionLimits, Recent, Source, TokenBucket};
use crate::supervision::Moment;

/// The time without a failure after which a source's failures are forgotten: longer than any
/// refusal, so that waiting one out does not start anew.
const FAILURES_KEPT: Duration = Duration::from_secs(600);

/// Names a handshake under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PendingId(u64);

/// Why a connection is closed before it says anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Its source connects too often.
    #[error("too many connections from this address; try again in {retry_after:?}")]
    Rate {
        /// When it may again.
        retry_after: Duration,
    },
    /// Its source failed to prove who it is, too often.
    #[error("too many failed attempts from this address; try again in {retry_after:?}")]
    Failures {
        /// When it may again.
        retry_after: Duration,
    },
    /// Its source has its share of handshakes under way, all of them fresh.
    #[error("too many handshakes under way from this address; try again in {retry_after:?}")]
    Share {
        /// When the first of them is no longer fresh.
        retry_after: Duration,
    },
}

/// Whether a handshake may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It has begun.
    Begun {
        /// Its name, for [`Admission::handle_end`].
        id: PendingId,
        /// The handshake that has to give way, if any: it is to be closed, and has ended already.
        displaced: Option<PendingId>,
    },
    /// Later: all places are taken by fresh handshakes. Ask again when one has ended, or after
    /// this time.
    Wait(Duration),
}

/// How a handshake ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The peer has proven who it is.
    Proven,
    /// The peer failed to, or is not to be let in.
    Unproven,
    /// It broke off, timed out, or failed for another reason.
    Broken,
}

/// What is remembered of a source.
#[derive(Clone, Copy, Debug, Default)]
struct Record {
    connections: TokenBucket,
    failures: u32,
    last_failure: Moment,
    refused_until: Moment,
}

/// Decides which connections may begin a handshake, and how many sessions there are.
#[derive(Clone, Debug)]
pub struct Admission {
    limits: AdmissionLimits,
    sources: Recent<Source, Record>,
    /// In the order in which they began.
    pending: BTreeMap<PendingId, (Source, Moment)>,
    next: u64,
    sessions: usize,
}

impl Admission {
    /// Nothing has happened yet.
    pub fn new(limits: AdmissionLimits) -> Self {
        let sources = Recent::new(limits.sources_max);
        Self { limits, sources, pending: BTreeMap::new(), next: 0, sessions: 0 }
    }

    /// The limits it keeps.
    pub fn limits(&self) -> &AdmissionLimits {
        &self.limits
    }

    /// A connection was accepted; [`poll_place`](Self::poll_place) comes next.
    ///
    /// # Errors
    /// It is to be closed at once.
    pub fn handle_connection(&mut self, source: Source, now: Moment) -> Result<(), Refusal> {
        if source == Source::Local {
            return Ok(());
        }
        let record = self.sources.entry(&source);
        match record.refused_until.since(now) {
            Duration::ZERO => {}
            retry_after => return Err(Refusal::Failures { retry_after }),
        }
        let taken = record.connections.take(&self.limits.connections, 1, now);
        taken.map_err(|retry_after| Refusal::Rate { retry_after })
    }

    /// Has the handshake of an accepted connection begin, if there is room.
    ///
    /// A source that has its share, and then all sources together, lose their oldest handshake
    /// to the new one, unless that is younger than the grace.
    ///
    /// # Errors
    /// It is to be closed at once.
    pub fn poll_place(&mut self, source: Source, now: Moment) -> Result<Place, Refusal> {
        let mut own = self.pending.iter().filter(|(_, (from, _))| *from == source);
        let is_share_taken =
            source != Source::Local && own.clone().count() >= self.limits.pending_share;
        let oldest = if is_share_taken {
            own.next()
        } else if self.pending.len() >= self.limits.pending_max {
            self.pending.iter().next()
        } else {
            None
        };
        let displaced = match oldest {
            None => None,
            Some((&id, &(_, since))) => {
                match self.limits.pending_grace.saturating_sub(now.since(since)) {
                    Duration::ZERO => Some(id),
                    retry_after if is_share_taken => return Err(Refusal::Share { retry_after }),
                    wait => return Ok(Place::Wait(wait)),
                }
            }
        };
        if let Some(id) = displaced {
            self.pending.remove(&id);
        }
        let id = PendingId(self.next);
        self.next += 1;
        self.pending.insert(id, (source, now));
        Ok(Place::Begun { id, displaced })
    }

    /// A handshake ended. One that was displaced before ends as [`Outcome::Broken`].
    pub fn handle_end(&mut self, id: PendingId, source: Source, outcome: Outcome, now: Moment) {
        self.pending.remove(&id);
        if source == Source::Local {
            return;
        }
        match outcome {
            Outcome::Proven => self.sources.entry(&source).failures = 0,
            Outcome::Unproven => self.handle_failure(source, now),
            Outcome::Broken => {}
        }
    }

    fn handle_failure(&mut self, source: Source, now: Moment) {
        let AdmissionLimits { failures_free, refusal_min, refusal_max, .. } = self.limits;
        let record = self.sources.entry(&source);
        if now.since(record.last_failure) > FAILURES_KEPT {
            record.failures = 0;
        }
        record.failures = record.failures.saturating_add(1);
        record.last_failure = now;
        if let Some(doublings) = record.failures.checked_sub(failures_free + 1) {
            let factor = 2_u32.saturating_pow(doublings);
            record.refused_until = now + refusal_min.saturating_mul(factor).min(refusal_max);
        }
    }

    /// Takes a seat for a session; `false` if there is none left. One that `replaces` a session,
    /// which will soon give its seat back, always has one.
    pub fn take_seat(&mut self, replaces: bool) -> bool {
        let is_free = replaces || self.sessions < self.limits.sessions_max;
        self.sessions += usize::from(is_free);
        is_free
    }

    /// A session has ended, or did not come about.
    pub fn give_seat_back(&mut self) {
        assert!(self.sessions > 0, "a seat is given back that nobody has");
        self.sessions -= 1;
    }

    /// How many handshakes are under way.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }
}
