//! The side that accepted.

use super::{
    Established, HandshakeError, HandshakeFrame, Hello, Introduced, Introduction, Reject,
    established::unexpected,
};
use crate::{FrameHead, Kind, Side, frame::write_frame};

/// The connection is fresh; Hello is due.
#[derive(Debug, Default)]
pub struct AwaitHello;

impl AwaitHello {
    /// The dialler has spoken.
    ///
    /// # Errors
    /// It sent something else.
    pub fn handle_frame(self, frame: HandshakeFrame) -> Result<Greeted, HandshakeError> {
        match frame {
            HandshakeFrame::Hello(hello) => Ok(Greeted { hello, proven: false }),
            other => Err(unexpected(Kind::Hello, other)),
        }
    }
}

/// Hello is read; the driver decides whether its sender is welcome.
#[derive(Debug)]
pub struct Greeted {
    hello: Hello,
    /// Both sides have proven that they know the cookie.
    proven: bool,
}

impl Greeted {
    /// Who wants to come in.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Appends Welcome, if the two can talk at all.
    ///
    /// # Errors
    /// They cannot, or the dialler waits for a proof of a cookie; nothing was appended.
    pub fn welcome(
        self,
        ours: Introduction,
        out: &mut Vec<u8>,
    ) -> Result<Introduced, HandshakeError> {
        if self.hello.from.nonce.is_some() && !self.proven {
            return Err(HandshakeError::CookieAsked);
        }
        let Hello { dial, from } = self.hello;
        let welcome = ours.clone();
        let agreed = Established::agree(Side::Accepted, dial, ours, from)?;
        write_frame(out, FrameHead::new(Kind::Welcome), |out| {
            welcome.versions.encode(out);
            welcome.encode_fields(out);
        });
        Ok(agreed.into())
    }

    pub(crate) fn with_proof(self) -> Self {
        Self { proven: true, ..self }
    }

    /// Appends a refusal.
    pub fn reject(self, reject: &Reject, out: &mut Vec<u8>) {
        reject.send(out);
    }
}
