//! The deadlines of streams.

use std::collections::BTreeSet;
use std::task::Waker;
use std::time::Duration;

use holm_wire::session::streams::{Open, StreamFrame};
use holm_wire::{Code, RequestId, WireError};
use tokio::time::Instant;

use super::{Out, Session};

/// When which streams are over, however far they are by then.
#[derive(Debug, Default)]
pub(super) struct Deadlines(BTreeSet<(Instant, RequestId)>);

impl Deadlines {
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.first().map(|&(at, _)| at)
    }

    fn pop(&mut self, now: Instant) -> Option<RequestId> {
        if self.next()? > now {
            return None;
        }
        self.0.pop_first().map(|(_, id)| id)
    }
}

impl<S> Out<S> {
    /// Notes the deadline of a stream just opened. True if none comes before it.
    pub(super) fn set_deadline(&mut self, id: RequestId, open: &Open<'_>) -> bool {
        let after = open.deadline_ms.map(Duration::from_millis);
        // One too far off for the clock is none.
        let Some(at) = after.and_then(|after| Instant::now().checked_add(after)) else {
            return false;
        };
        if let Some(local) = self.streams.local(id) {
            local.deadline = Some(at);
            self.deadlines.0.insert((at, id));
        }
        self.deadlines.next() == Some(at)
    }

    /// A stream is over otherwise.
    pub(super) fn forget_deadline(&mut self, id: RequestId, deadline: Option<Instant>) {
        if let Some(at) = deadline {
            self.deadlines.0.remove(&(at, id));
        }
    }
}

impl<S: Send + 'static> Session<S> {
    /// Ends the streams whose deadline has come, for this side's user and for the peer.
    pub(super) fn expire(&self, now: Instant) {
        let mut wake = Vec::new();
        self.with_out(|out| {
            while let Some(id) = out.deadlines.pop(now) {
                let error = WireError::new(Code::DeadlineExceeded, "its deadline has passed");
                if let Some(local) = out.streams.abort(id) {
                    local.reset = Some(error.clone());
                    wake.extend(local.wakers().into_iter().flatten());
                    out.push_small(id, &StreamFrame::Reset(id, error));
                }
            }
        });
        wake.into_iter().for_each(Waker::wake);
    }
}
