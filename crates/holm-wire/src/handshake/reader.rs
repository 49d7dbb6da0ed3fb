//! Reading handshake frames, and handing on what was read behind the last one.

use super::{
    Foreign, HandshakeError, Hello, Introduction, Proof, Prover, Reject, cookie::take_proof,
    hello::decode_introduction,
};
use crate::{
    Kind, Violation,
    cursor::malformed,
    frame::{HANDSHAKE_FRAME_MAX, RawHead},
};
use zeroize::Zeroize;

/// First size of the buffer, in bytes; nearly every Hello fits. It doubles when full.
const BUFFER_MIN: usize = 1024;

/// Longest message of a Noise handshake, in bytes: XX's second one. A longer one is refused.
const NOISE_MESSAGE_MAX: usize = 96;

/// A frame of the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandshakeFrame {
    /// The dialler introduces itself.
    Hello(Hello),
    /// A message of a Noise handshake, which precedes what is encrypted.
    Noise(Vec<u8>),
    /// The dialler is to prove that it knows the cookie.
    Challenge(Prover),
    /// One side does.
    Proof(Proof),
    /// The acceptor answers.
    Welcome(Introduction),
    /// No session.
    Reject(Reject),
    /// The arbiter makes it a session.
    Commit,
}

impl HandshakeFrame {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Hello(_) => Kind::Hello,
            Self::Noise(_) => Kind::Noise,
            Self::Challenge(_) => Kind::Challenge,
            Self::Proof(_) => Kind::Proof,
            Self::Welcome(_) => Kind::Welcome,
            Self::Reject(_) => Kind::Reject,
            Self::Commit => Kind::Commit,
        }
    }

    fn decode(kind: Kind, payload: &[u8]) -> Result<Self, HandshakeError> {
        match kind {
            Kind::Hello => Hello::decode(payload).map(Self::Hello),
            Kind::Welcome => decode_introduction(kind, payload, |_, _| Ok(())).map(Self::Welcome),
            Kind::Noise if payload.len() <= NOISE_MESSAGE_MAX => Ok(Self::Noise(payload.to_vec())),
            Kind::Noise => {
                Err(HandshakeError::Malformed { kind, fault: malformed("payload", "is too long") })
            }
            Kind::Challenge => Prover::decode(payload).map(Self::Challenge),
            Kind::Proof => take_proof(payload).map(Self::Proof),
            Kind::Reject => Reject::decode(payload).map(Self::Reject),
            Kind::Commit if payload.is_empty() => Ok(Self::Commit),
            Kind::Commit => {
                Err(HandshakeError::Malformed { kind, fault: malformed("payload", "is not empty") })
            }
            other => Err(Violation::Unexpected(other).into()),
        }
    }
}

/// Reads the frames of a handshake. It holds at most one frame of 1 MiB and what was
/// read behind it, in memory that grows with what arrives; zeroed when dropped, as it
/// may hold a token.
#[derive(Debug)]
pub struct HandshakeReader {
    buffer: Vec<u8>,
    /// Where the last frame began.
    last: usize,
    start: usize,
    end: usize,
    /// No frame has been read yet.
    first: bool,
}

impl Default for HandshakeReader {
    fn default() -> Self {
        Self { buffer: vec![0; BUFFER_MIN], last: 0, start: 0, end: 0, first: true }
    }
}

impl HandshakeReader {
    /// For a fresh connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where to read to; never empty.
    pub fn buffer(&mut self) -> &mut [u8] {
        if self.end == self.buffer.len() {
            let mut larger = vec![0; 2 * self.buffer.len()];
            larger[..self.end].copy_from_slice(&self.buffer);
            self.buffer.zeroize();
            self.buffer = larger;
        }
        &mut self.buffer[self.end..]
    }

    /// `n` bytes were read into what [`buffer`](Self::buffer) lent.
    ///
    /// # Panics
    /// If `n` is more than was lent.
    pub fn handle_read(&mut self, n: usize) {
        assert!(n <= self.buffer.len() - self.end, "more was read than was lent");
        self.end += n;
    }

    /// The next complete frame, if it is here. Not to be called after Commit: what
    /// follows belongs to the session.
    ///
    /// # Errors
    /// What the peer sent is no handshake frame; judged by its first bytes, before all
    /// of it is here.
    pub fn poll_frame(&mut self) -> Result<Option<HandshakeFrame>, HandshakeError> {
        let here = &self.buffer[self.start..self.end];
        let refuse = |violation: Violation| {
            if self.first { HandshakeError::Foreign(Foreign::of(here)) } else { violation.into() }
        };
        let Some(raw) = RawHead::decode(here, HANDSHAKE_FRAME_MAX).map_err(refuse)? else {
            return Ok(None);
        };
        let Some(head) = RawHead::known(raw.kind, raw.id) else {
            return Err(refuse(Violation::UnknownKind(raw.kind)));
        };
        if head.id.is_some() {
            return Err(HandshakeError::Malformed {
                kind: head.kind,
                fault: malformed("id", "is not 0"),
            });
        }
        let frame = raw.header + raw.payload;
        if here.len() < frame {
            return Ok(None);
        }
        let decoded = HandshakeFrame::decode(head.kind, &here[raw.header..frame])?;
        self.first = false;
        self.last = self.start;
        self.start += frame;
        Ok(Some(decoded))
    }

    /// The bytes of the last frame, its head included.
    pub fn last_frame(&self) -> &[u8] {
        &self.buffer[self.last..self.start]
    }

    /// What was read behind the last frame, for [`crate::session::Inbound::new`].
    pub fn rest(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }
}

impl Drop for HandshakeReader {
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}
