//! Who is told what a session brings.

use std::io;
use std::time::Duration;

use holm_wire::control::Control;
use holm_wire::session::Payload;
use holm_wire::session::streams::Open;
use holm_wire::{Code, FrameHead, RequestId, Violation, WireError};

/// Delivers what a session brings. Used by the session's reader alone.
pub trait Handler: Send + 'static {
    /// What one read brought is about to be delivered.
    fn begin_read(&mut self) {}

    /// All of it was, or the rest never will.
    fn end_read(&mut self) {}

    /// A complete message of the classes actors, membership and bulk. Those of the latter two are
    /// paid for with credit, which [`Session::consumed`](super::Session::consumed) gives back.
    ///
    /// # Errors
    /// What it says breaks the protocol; the session ends.
    fn handle_frame(&mut self, head: FrameHead, payload: Payload<'_>) -> Result<(), Violation>;

    /// The peer opened a stream, which [`Session::take_stream`](super::Session::take_stream) hands
    /// out, now or later.
    ///
    /// # Errors
    /// What to refuse it with; by default there is nothing to open.
    fn handle_open(&mut self, id: RequestId, open: Open<'_>) -> Result<(), WireError> {
        let _ = (id, open);
        Err(WireError::new(Code::NotFound, "nothing here serves streams"))
    }

    /// A control frame that is not the driver's own business.
    fn handle_control(&mut self, control: Control<'_>);

    /// The last call: nothing can be appended any more and nothing else will arrive.
    fn handle_end(self, end: End);
}

/// Why a session ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum End {
    /// The stream ended or broke.
    Lost(Option<io::Error>),
    /// The peer closed the session.
    ClosedByPeer {
        /// Its code.
        code: Code,
        /// Its words.
        message: String,
    },
    /// The peer broke the protocol.
    Violation(Violation),
    /// The handler panicked: a bug on this side.
    Panicked,
    /// Nothing was heard of the peer for about this long.
    Silent(Duration),
    /// Nothing was heard of the peer for so long, nor did it take what is queued.
    Stalled(Duration),
}
