//! The handlers of one session that wait to hear of a cancel.

use std::collections::BTreeMap;
use std::task::Waker;

use holm_wire::RequestId;
use parking_lot::Mutex;

/// Whom to wake when the peer cancels a call; at most one for each request under way.
#[derive(Debug, Default)]
pub(crate) struct Cancels(Mutex<BTreeMap<RequestId, Waker>>);

impl Cancels {
    /// Wakes this task from now on, and no other, when the call is cancelled.
    pub(crate) fn listen(&self, id: RequestId, waker: &Waker) {
        // A waker is dropped outside of the lock: foreign code.
        let renewed = self.0.lock().insert(id, waker.clone());
        drop(renewed);
    }

    /// Wakes nobody for this call any more.
    pub(crate) fn forget(&self, id: RequestId) {
        let forgotten = self.0.lock().remove(&id);
        drop(forgotten);
    }

    /// The peer has cancelled this call.
    pub(crate) fn wake(&self, id: RequestId) {
        let waker = self.0.lock().remove(&id);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The session has ended, which cancels all.
    pub(crate) fn wake_all(&self) {
        let wakers = std::mem::take(&mut *self.0.lock());
        wakers.into_values().for_each(Waker::wake);
    }
}
