//! How often something happened lately.

use std::{collections::VecDeque, time::Duration};

use super::Moment;

/// The moments within a sliding window. Its users stop or clear it at a limit, so it
/// holds at most that many and one.
#[derive(Debug, Default)]
pub(super) struct Window(VecDeque<Moment>);

impl Window {
    /// Notes one at `now` and counts those of the last `length`, with this one; one
    /// exactly that old counts, as in OTP.
    pub(super) fn count(&mut self, now: Moment, length: Duration) -> usize {
        while self.0.front().is_some_and(|moment| now.since(*moment) > length) {
            self.0.pop_front();
        }
        self.0.push_back(now);
        self.0.len()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
