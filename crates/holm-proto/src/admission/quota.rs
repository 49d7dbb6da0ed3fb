//! What one peer asks for.

use std::time::Duration;

use super::{AdmissionLimits, Rate, TokenBucket};
use crate::supervision::Moment;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A call, a spawn, a message or another signal.
    Request,
    /// A spawn, besides.
    Spawn,
    /// The opening of a stream.
    Open,
    /// A cancel.
    Cancel,
    /// A byte.
    Byte,
}

/// What is left to one peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    requests: TokenBucket,
    spawns: TokenBucket,
    opens: TokenBucket,
    cancels: TokenBucket,
    bytes: TokenBucket,
}

impl Quota {
    /// Takes `count`, or nothing: [`TokenBucket::take`].
    ///
    /// # Errors
    /// How long it takes until there are as many.
    pub fn take(
        &mut self,
        limits: &AdmissionLimits,
        work: Work,
        count: u64,
        now: Moment,
    ) -> Result<(), Duration> {
        self.bucket(work).take(limits.of(work), count, now)
    }

    /// Takes `count`, also what is not there: [`TokenBucket::charge`].
    pub fn charge(
        &mut self,
        limits: &AdmissionLimits,
        work: Work,
        count: u64,
        now: Moment,
    ) -> Duration {
        self.bucket(work).charge(limits.of(work), count, now)
    }

    fn bucket(&mut self, work: Work) -> &mut TokenBucket {
        match work {
            Work::Request => &mut self.requests,
            Work::Spawn => &mut self.spawns,
            Work::Open => &mut self.opens,
            Work::Cancel => &mut self.cancels,
            Work::Byte => &mut self.bytes,
        }
    }
}

impl AdmissionLimits {
    /// The limit on this work of one peer.
    pub fn of(&self, work: Work) -> &Rate {
        match work {
            Work::Request => &self.requests,
            Work::Spawn => &self.spawns,
            Work::Open => &self.opens,
            Work::Cancel => &self.cancels,
            Work::Byte => &self.bytes,
        }
    }
}
