//! Messages of the classes that have one credit as a whole: membership and bulk.

use bytes::Bytes;
use holm_wire::session::streams::CreditFrame;
use holm_wire::session::{Order, TooLarge};
use holm_wire::{Class, FrameHead};

use super::Session;

/// Why a message was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The session has ended.
    #[error("the session with the peer has ended")]
    Disconnected,
    /// The peer, or this side, does without these classes.
    #[error("the peer takes no messages of this class")]
    Unsupported,
    /// The message is larger than the peer takes.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

impl<S: Send + 'static> Session<S> {
    /// Sends a message of the class membership or bulk, once there is credit for it.
    ///
    /// # Errors
    /// [`MessageError`]; nothing was sent. Cancel safe.
    ///
    /// # Panics
    /// If the kind is of another class.
    pub async fn send_message(&self, head: FrameHead, payload: Bytes) -> Result<(), MessageError> {
        let class = head.kind.class();
        assert!(matches!(class, Class::Membership | Class::Bulk), "{class:?} has no such credit");
        if !self.has_streams {
            return Err(MessageError::Unsupported);
        }
        loop {
            let credited = self.credited.notified();
            let sent = self.with_out(|out| {
                let (length, max) = (payload.len(), out.outbound.limits().message_max);
                if length > max {
                    return Err(TooLarge { length, max });
                }
                let credit = out.credits.take(class, length);
                if credit {
                    out.outbound.push_bytes(head, Order::Every, &payload)?;
                }
                Ok(credit)
            });
            match sent {
                None => return Err(MessageError::Disconnected),
                Some(Err(too_large)) => return Err(too_large.into()),
                Some(Ok(true)) => return Ok(()),
                Some(Ok(false)) => credited.await,
            }
        }
    }

    /// A message of the class membership or bulk, of this length, was dealt with: its sender may
    /// send another.
    pub fn consumed(&self, class: Class, length: usize) {
        self.with_out(|out| {
            if let Some(credit) = out.credits.consumed(class, length) {
                out.grant(CreditFrame::Class(class, credit));
            }
        });
    }
}
