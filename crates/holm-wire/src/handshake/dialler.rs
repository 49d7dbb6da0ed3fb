//! The side that dialled.

use super::{
    Dial, Established, HandshakeError, HandshakeFrame, Hello, Introduced, Introduction, Prover,
    established::unexpected,
};
use crate::{FrameHead, Kind, Side, frame::write_frame};

/// Appends Hello, the first frame of the connection.
pub fn dial(hello: Hello, out: &mut Vec<u8>) -> AwaitWelcome {
    write_frame(out, FrameHead::new(Kind::Hello), |out| hello.encode(out));
    AwaitWelcome { dial: hello.dial, ours: hello.from, proven: None }
}

/// Hello is sent; Welcome or Reject is due.
#[derive(Debug)]
pub struct AwaitWelcome {
    dial: Dial,
    ours: Introduction,
    /// What the acceptor proved to be, if it had to.
    proven: Option<Prover>,
}

impl AwaitWelcome {
    pub(crate) fn proven_by(self, acceptor: Prover) -> Self {
        Self { proven: Some(acceptor), ..self }
    }

    /// The acceptor has answered. Whether the peer is who was dialled is for the
    /// driver to check.
    ///
    /// # Errors
    /// It refused, cannot be talked to, or sent something else.
    pub fn handle_frame(self, frame: HandshakeFrame) -> Result<Introduced, HandshakeError> {
        match frame {
            HandshakeFrame::Welcome(peer) => {
                if self.proven.is_some_and(|proven| !proven.is(&peer)) {
                    return Err(HandshakeError::Changed);
                }
                Established::agree(Side::Dialled, self.dial, self.ours, peer).map(Into::into)
            }
            other => Err(unexpected(Kind::Welcome, other)),
        }
    }
}
