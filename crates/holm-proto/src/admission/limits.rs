//! The limits on connections and peers.

use std::time::Duration;

use super::Rate;

/// Handshakes under way by default: each is a task and some KB, and the processor does a few
/// hundred a second. With so many under way the oldest gives way to the next.
const PENDING_MAX: usize = 128;
/// Of these, from one source: a quarter, so that one source leaves most to the others, and
/// enough for a rack behind one address.
const PENDING_SHARE: usize = 32;
/// How long a handshake is left alone before it may have to give way: some round trips between
/// continents, also on a busy machine; what waits for it is admitted within a second.
const PENDING_GRACE: Duration = Duration::from_millis(500);
/// Sessions by default: as many peers as a full mesh can sensibly have. Further ones are refused.
const SESSIONS_MAX: usize = 1024;
/// New connections from one source: a cluster of 256 processes behind one address may start at
/// once; in the long run nobody redials so often. Further ones are closed at once.
const CONNECTIONS: Rate = Rate::per_second(32).burst(256);
/// Sources remembered: some 100 bytes each. The one not heard of for longest is forgotten.
const SOURCES_MAX: usize = 4096;
/// Failed proofs of identity without consequence: a typing error, a token that is being changed.
const FAILURES_FREE: u32 = 5;
/// Refusal after the first failure too many; each further one doubles it.
const REFUSAL_MIN: Duration = Duration::from_secs(1);
/// Longest refusal: guessing is hopeless at this pace, and who shares the address waits no longer.
const REFUSAL_MAX: Duration = Duration::from_secs(60);
/// Messages and calls of one peer: several times what one session carries. It stops accidents;
/// a node with something to protect sets less.
const REQUESTS: Rate = Rate::per_second(10_000_000);
/// Actors that one peer starts: a burst fills some MB. Further ones are refused.
const SPAWNS: Rate = Rate::per_second(10_000).burst(50_000);
/// Streams that one peer opens: each is some KB until it ends. Further ones are refused.
const OPENS: Rate = Rate::per_second(100_000);
/// Cancels of one peer: as many as requests, each has at most one. More are a violation.
const CANCELS: Rate = REQUESTS;
/// Bytes from one peer: what one core copies in a second. It is read no faster.
const BYTES: Rate = Rate::per_second(8 << 30);

/// What a node lets strangers and peers ask of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdmissionLimits {
    /// Handshakes under way (128).
    pub pending_max: usize,
    /// Of these, from one source address (32); an IPv6 network of 64 bits counts as one address.
    pub pending_share: usize,
    /// Age from which a handshake gives way to another when there is no room (500 ms).
    pub pending_grace: Duration,
    /// Sessions, dialled ones included (1,024).
    pub sessions_max: usize,
    /// New connections from one source address (32 a second, 256 at once).
    pub connections: Rate,
    /// Source addresses that are remembered (4,096).
    pub sources_max: usize,
    /// Failed proofs of identity of one source address without consequence (5).
    pub failures_free: u32,
    /// How long the source is refused after one more (1 s); each further one doubles it.
    pub refusal_min: Duration,
    /// The longest refusal (60 s).
    pub refusal_max: Duration,
    /// Calls, spawns and messages of one peer (10 million a second).
    pub requests: Rate,
    /// Actors that one peer starts (10,000 a second, 50,000 at once).
    pub spawns: Rate,
    /// Streams that one peer opens (100,000 a second).
    pub opens: Rate,
    /// Cancels of one peer (10 million a second).
    pub cancels: Rate,
    /// Bytes from one peer (8 GiB a second).
    pub bytes: Rate,
}

/// A limit that would let nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("admission limit `{field}` must not be 0")]
pub struct AdmissionLimitsError {
    /// Which one.
    pub field: &'static str,
}

impl Default for AdmissionLimits {
    fn default() -> Self {
        Self {
            pending_max: PENDING_MAX,
            pending_share: PENDING_SHARE,
            pending_grace: PENDING_GRACE,
            sessions_max: SESSIONS_MAX,
            connections: CONNECTIONS,
            sources_max: SOURCES_MAX,
            failures_free: FAILURES_FREE,
            refusal_min: REFUSAL_MIN,
            refusal_max: REFUSAL_MAX,
            requests: REQUESTS,
            spawns: SPAWNS,
            opens: OPENS,
            cancels: CANCELS,
            bytes: BYTES,
        }
    }
}

impl AdmissionLimits {
    /// Checks that no limit shuts everybody out.
    ///
    /// # Errors
    /// The first that is 0.
    pub fn validate(&self) -> Result<(), AdmissionLimitsError> {
        let is_nothing = |rate: Rate| rate.per_second == 0 || rate.burst == 0;
        for (field, is_zero) in [
            ("pending_max", self.pending_max == 0),
            ("pending_share", self.pending_share == 0),
            ("sessions_max", self.sessions_max == 0),
            ("connections", is_nothing(self.connections)),
            ("sources_max", self.sources_max == 0),
            ("requests", is_nothing(self.requests)),
            ("spawns", is_nothing(self.spawns)),
            ("opens", is_nothing(self.opens)),
            ("cancels", is_nothing(self.cancels)),
            ("bytes", is_nothing(self.bytes)),
        ] {
            if is_zero {
                return Err(AdmissionLimitsError { field });
            }
        }
        Ok(())
    }
}
