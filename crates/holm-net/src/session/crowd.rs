//! Whether so much is queued of a class that more is refused.

use holm_wire::Class;
use holm_wire::session::Outbound;

/// Bytes queued in a class beyond which more is refused: what a fast network carries in some 10 ms,
/// and all that a peer which reads nothing costs, beside what large messages do.
pub const QUEUE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The fullness of one class. Messages larger than a chunk count for themselves: small ones overtake
/// them, and are not refused because of them.
#[derive(Debug)]
pub(super) struct Crowd {
    class: Class,
    /// Small ones were refused, and not half of those before them are written.
    small: bool,
    /// The same of large ones.
    large: bool,
}

impl Crowd {
    pub(super) fn new(class: Class) -> Self {
        Self { class, small: false, large: false }
    }

    fn queued(&self, outbound: &Outbound) -> (usize, usize) {
        let large = outbound.queued_large_of(self.class);
        (outbound.queued_bytes_of(self.class) - large, large)
    }

    /// Whether a message of about this length is refused.
    #[inline]
    pub(super) fn refuses(&mut self, outbound: &Outbound, length: usize) -> bool {
        if outbound.queued_bytes() < QUEUE_BYTES_MAX && !(self.small || self.large) {
            return false;
        }
        let (small, large) = self.queued(outbound);
        let is_large = length > outbound.limits().chunk_max;
        self.small |= small >= QUEUE_BYTES_MAX;
        if is_large {
            self.large |= large >= QUEUE_BYTES_MAX;
        }
        self.small || is_large && self.large
    }

    /// Whether some that were refused are worth another try, now that something was written.
    #[inline]
    pub(super) fn has_drained(&mut self, outbound: &Outbound) -> bool {
        if !(self.small || self.large) {
            return false;
        }
        let before = self.refused();
        let (small, large) = self.queued(outbound);
        self.small &= small > QUEUE_BYTES_MAX / 2;
        self.large &= large > QUEUE_BYTES_MAX / 2;
        self.refused() != before
    }

    /// Which were refused: small ones, large ones.
    pub(super) fn refused(&self) -> (bool, bool) {
        (self.small, self.large)
    }
}
