//! The side that dialled.

use super::{
    Dial, Established, HandshakeError, HandshakeFrame, Hello, Introduced, Introduction,
    established::unexpected,
};
use crate::{FrameHead, Kind, Side, frame::write_frame};

/// Appends Hello, the first frame of the connection.
pub fn dial(hello: Hello, out: &mut Vec<u8>) -> AwaitWelcome {
    write_frame(out, FrameHead::new(Kind::Hello), |out| hello.encode(out));
    AwaitWelcome { dial: hello.dial, ours: hello.from }
}

/// Hello is sent; Welcome or Reject is due.
#[derive(Debug)]
pub struct AwaitWelcome {
    dial: Dial,
    ours: Introduction,
}

impl AwaitWelcome {
    /// The acceptor has answered. Whether the peer is who was dialled is for the
    /// driver to check.
    ///
    /// # Errors
    /// It refused, cannot be talked to, or sent something else.
    pub fn handle_frame(self, frame: HandshakeFrame) -> Result<Introduced, HandshakeError> {
        match frame {
            HandshakeFrame::Welcome(peer) => {
                Established::agree(Side::Dialled, self.dial, self.ours, peer).map(Into::into)
            }
            other => Err(unexpected(Kind::Welcome, other)),
        }
    }
}
