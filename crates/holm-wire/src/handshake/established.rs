//! The end of a handshake: who commits, and what was agreed on.

use super::{Dial, Features, HandshakeError, HandshakeFrame, Introduction, Reject};
use crate::{FrameHead, Kind, Limits, NodeName, Side, frame::write_frame};

/// Whether `ours` is the arbiter of its pair with `theirs`: the greater name, by bytes,
/// whoever dialled (`docs/semantics.md`, rule 15).
pub fn is_arbiter(ours: &NodeName, theirs: &NodeName) -> bool {
    ours > theirs
}

/// An agreed session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Established {
    /// Who dialled.
    pub side: Side,
    /// The dial it came from.
    pub dial: Dial,
    /// The version to speak.
    pub version: u16,
    /// The limits that hold, in both directions.
    pub limits: Limits,
    /// The abilities of both.
    pub features: Features,
    /// What this node said of itself, but for the token.
    pub ours: Introduction,
    /// What the peer said of itself, but for the token.
    pub peer: Introduction,
}

impl Established {
    /// Checks that the two can talk at all, and agrees on how.
    pub(crate) fn agree(
        side: Side,
        dial: Dial,
        mut ours: Introduction,
        mut peer: Introduction,
    ) -> Result<Self, HandshakeError> {
        let version = ours
            .versions
            .common(peer.versions)
            .ok_or(HandshakeError::Version { theirs: peer.versions })?;
        if ours.cluster != peer.cluster {
            return Err(HandshakeError::Cluster { ours: ours.cluster, theirs: peer.cluster });
        }
        if ours.node == peer.node {
            return Err(HandshakeError::SameName(ours.node));
        }
        if ours.envelope != peer.envelope {
            return Err(HandshakeError::Envelope);
        }
        (ours.nonce, peer.nonce) = (None, None);
        ours.token = None;
        peer.token = None;
        Ok(Self {
            side,
            dial,
            version,
            limits: Limits::negotiate(&ours.limits, &peer.limits),
            features: ours.features.common(peer.features),
            ours,
            peer,
        })
    }
}

/// Both sides are introduced; what is left is the arbiter's Commit.
#[derive(Debug)]
pub enum Introduced {
    /// It is ours to send.
    Committing(Committing),
    /// It is the peer's.
    AwaitCommit(AwaitCommit),
}

impl From<Established> for Introduced {
    fn from(agreed: Established) -> Self {
        if is_arbiter(&agreed.ours.node, &agreed.peer.node) {
            Self::Committing(Committing(agreed))
        } else {
            Self::AwaitCommit(AwaitCommit(agreed))
        }
    }
}

/// This node is the arbiter and decides now: [`commit`](Self::commit), or send a
/// [`Reject`] with the code `duplicate` and close.
#[derive(Debug)]
pub struct Committing(Established);

impl Committing {
    /// What the session would be.
    pub fn agreed(&self) -> &Established {
        &self.0
    }

    /// Appends Commit. The session's frames may follow it at once.
    pub fn commit(self, out: &mut Vec<u8>) -> Established {
        write_frame(out, FrameHead::new(Kind::Commit), |_| {});
        self.0
    }

    /// Appends a refusal.
    pub fn reject(self, reject: &Reject, out: &mut Vec<u8>) {
        reject.send(out);
    }
}

/// The peer is the arbiter; until its Commit nothing may be sent.
#[derive(Debug)]
pub struct AwaitCommit(Established);

impl AwaitCommit {
    /// What the session would be.
    pub fn agreed(&self) -> &Established {
        &self.0
    }

    /// The arbiter has decided.
    ///
    /// # Errors
    /// It refused, or sent something else.
    pub fn handle_frame(self, frame: HandshakeFrame) -> Result<Established, HandshakeError> {
        match frame {
            HandshakeFrame::Commit => Ok(self.0),
            other => Err(unexpected(Kind::Commit, other)),
        }
    }
}

/// The error about a frame that is not the one due.
pub(crate) fn unexpected(expected: Kind, found: HandshakeFrame) -> HandshakeError {
    match found {
        HandshakeFrame::Reject(reject) => HandshakeError::Rejected(reject),
        HandshakeFrame::Hello(_)
        | HandshakeFrame::Noise(_)
        | HandshakeFrame::Challenge(_)
        | HandshakeFrame::Proof(_)
        | HandshakeFrame::Welcome(_)
        | HandshakeFrame::Commit => HandshakeError::Unexpected { expected, found: found.kind() },
    }
}
