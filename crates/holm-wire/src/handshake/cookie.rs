//! Both sides prove, between Hello and Welcome, that they know one secret: the cookie.
//!
//! ```text
//! dialler                                           acceptor
//! dial_with_cookie       Hello with a nonce ->      Greeted::challenge
//! AwaitChallenge      <- Challenge with a nonce
//!                        Proof ->                   Challenged
//! AwaitAnswer         <- Proof, then Welcome        Greeted::welcome
//! ```
//! A proof is the MAC, under the cookie, of the channel's binding, of which side proves, and of
//! both sides' versions, names, incarnations, roles and nonces. So it is worth nothing on another
//! channel (a relay has two), in the other direction, or another time.

#[cfg(test)]
mod tests;

use super::{
    AwaitWelcome, Greeted, HandshakeError, HandshakeFrame, Hello, Introduction, Role, VersionRange,
    established::unexpected,
    introduction::{missing, tag, take_name},
    tlv::{Fields, put_field},
};
use crate::{
    FrameHead, Incarnation, Kind, Malformed, NodeName, Side,
    cursor::{Cursor, malformed},
    frame::write_frame,
    varint,
};

/// What a proof is the first words of, so that the cookie's MACs mean nothing elsewhere.
const CONTEXT: &[u8] = b"holm cookie proof 1";

/// Random bytes that the other side's proof covers, for one handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce(pub [u8; 32]);

/// What nobody but the two ends of this channel can know or choose alone: TLS's exporter, or the
/// hash of a Noise handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding(pub [u8; 32]);

/// A proof as it crosses the wire.
#[derive(Clone, Copy, Debug)]
pub struct Proof(pub [u8; 32]);

/// Takes the same time wherever the first difference is.
impl PartialEq for Proof {
    fn eq(&self, other: &Self) -> bool {
        let differing = self.0.iter().zip(&other.0).fold(0, |all, (a, b)| all | (a ^ b));
        std::hint::black_box(differing) == 0
    }
}

impl Eq for Proof {}

/// What a proof says of each side; the acceptor's is its Challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prover {
    versions: VersionRange,
    node: NodeName,
    incarnation: Incarnation,
    role: Role,
    nonce: Nonce,
}

impl Prover {
    fn new(it: &Introduction, nonce: Nonce) -> Self {
        Self {
            versions: it.versions,
            node: it.node.clone(),
            incarnation: it.incarnation,
            role: it.role,
            nonce,
        }
    }

    /// Whether this is what `it` says.
    pub(crate) fn is(&self, it: &Introduction) -> bool {
        *self == Self::new(it, self.nonce)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.versions.encode(out);
        put_field(tag::NODE, out, |out| out.extend_from_slice(self.node.as_str().as_bytes()));
        put_field(tag::INCARNATION, out, |out| varint::encode(self.incarnation.0, out));
        put_field(tag::ROLE, out, |out| out.push(self.role.as_u8()));
        put_field(tag::NONCE, out, |out| out.extend_from_slice(&self.nonce.0));
    }

    pub(crate) fn decode(payload: &[u8]) -> Result<Self, HandshakeError> {
        Self::read(payload)
            .map_err(|fault| HandshakeError::Malformed { kind: Kind::Challenge, fault })
    }

    fn read(payload: &[u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(payload);
        let versions = VersionRange::decode(&mut cursor)?;
        let mut fields = Fields::new(cursor);
        let (mut node, mut incarnation, mut role, mut nonce) = (None, None, None, None);
        while let Some((tag, mut value)) = fields.next()? {
            match tag {
                tag::NODE => node = Some(take_name("node", &mut value)?),
                tag::INCARNATION => incarnation = Some(Incarnation(value.varint("incarnation")?)),
                tag::ROLE => role = Some(Role::from_u8(value.u8("role")?)?),
                tag::NONCE => nonce = Some(Nonce(value.array("nonce")?)),
                // A field of a later version.
                _ => continue,
            }
            value.finish()?;
        }
        Ok(Self {
            versions,
            node: node.ok_or(missing("node"))?,
            incarnation: incarnation.ok_or(missing("incarnation"))?,
            role: role.ok_or(missing("role"))?,
            nonce: nonce.ok_or(missing("nonce"))?,
        })
    }
}

/// Both sides, and the channel between them.
#[derive(Debug)]
struct Exchange {
    binding: Binding,
    dialler: Prover,
    acceptor: Prover,
}

impl Exchange {
    /// The proof of one side. The encoding of a prover is prefixed by its length.
    fn proof(&self, by: Side, mac: impl FnOnce(&[u8]) -> [u8; 32]) -> Proof {
        let mut message = CONTEXT.to_vec();
        message.push(match by {
            Side::Dialled => 0,
            Side::Accepted => 1,
        });
        message.extend_from_slice(&self.binding.0);
        for prover in [&self.dialler, &self.acceptor] {
            let mut encoded = Vec::new();
            prover.encode(&mut encoded);
            varint::encode(encoded.len() as u64, &mut message);
            message.append(&mut encoded);
        }
        Proof(mac(&message))
    }

    fn check(
        &self,
        by: Side,
        frame: HandshakeFrame,
        mac: impl FnOnce(&[u8]) -> [u8; 32],
    ) -> Result<(), HandshakeError> {
        match frame {
            HandshakeFrame::Proof(proof) if proof == self.proof(by, mac) => Ok(()),
            HandshakeFrame::Proof(_) => Err(HandshakeError::WrongCookie),
            other => Err(unexpected(Kind::Proof, other)),
        }
    }
}

pub(crate) fn take_proof(payload: &[u8]) -> Result<Proof, HandshakeError> {
    let proof = payload.try_into().map(Proof);
    let fault = malformed("proof", "is not 32 bytes long");
    proof.map_err(|_| HandshakeError::Malformed { kind: Kind::Proof, fault })
}

fn put_proof(proof: Proof, out: &mut Vec<u8>) {
    write_frame(out, FrameHead::new(Kind::Proof), |out| out.extend_from_slice(&proof.0));
}

/// As [`dial`](super::dial), where both sides are to prove that they know the cookie.
/// `nonce` is random.
pub fn dial_with_cookie(
    mut hello: Hello,
    nonce: Nonce,
    binding: Binding,
    out: &mut Vec<u8>,
) -> AwaitChallenge {
    hello.from.nonce = Some(nonce);
    let dialler = Prover::new(&hello.from, nonce);
    AwaitChallenge { dialler, binding, next: super::dial(hello, out) }
}

/// Hello is sent; Challenge or Reject is due.
#[derive(Debug)]
pub struct AwaitChallenge {
    dialler: Prover,
    binding: Binding,
    next: AwaitWelcome,
}

impl AwaitChallenge {
    /// The acceptor has answered; appends this side's proof. `mac` is HMAC-SHA256 under the
    /// cookie, here and below.
    ///
    /// # Errors
    /// It refused, or sent something else: Welcome, if it knows of no cookie.
    pub fn handle_frame(
        self,
        frame: HandshakeFrame,
        mac: impl FnOnce(&[u8]) -> [u8; 32],
        out: &mut Vec<u8>,
    ) -> Result<AwaitAnswer, HandshakeError> {
        let acceptor = match frame {
            HandshakeFrame::Challenge(acceptor) => acceptor,
            HandshakeFrame::Welcome(_) => return Err(HandshakeError::NoCookie),
            other => return Err(unexpected(Kind::Challenge, other)),
        };
        let exchange = Exchange { binding: self.binding, dialler: self.dialler, acceptor };
        put_proof(exchange.proof(Side::Dialled, mac), out);
        Ok(AwaitAnswer { exchange, next: self.next })
    }
}

/// The dialler has proven itself; the acceptor's proof or Reject is due.
#[derive(Debug)]
pub struct AwaitAnswer {
    exchange: Exchange,
    next: AwaitWelcome,
}

impl AwaitAnswer {
    /// The acceptor has answered.
    ///
    /// # Errors
    /// It refused, does not know the cookie, or sent something else.
    pub fn handle_frame(
        self,
        frame: HandshakeFrame,
        mac: impl FnOnce(&[u8]) -> [u8; 32],
    ) -> Result<AwaitWelcome, HandshakeError> {
        self.exchange.check(Side::Accepted, frame, mac)?;
        Ok(self.next.proven_by(self.exchange.acceptor))
    }
}

impl Greeted {
    /// Appends Challenge: the dialler is to prove itself first. `ours` is what Welcome will say,
    /// `nonce` is random.
    ///
    /// # Errors
    /// The dialler does not offer to.
    pub fn challenge(
        self,
        ours: &Introduction,
        nonce: Nonce,
        binding: Binding,
        out: &mut Vec<u8>,
    ) -> Result<Challenged, HandshakeError> {
        let theirs = self.hello().from.nonce.ok_or(HandshakeError::NoCookie)?;
        let dialler = Prover::new(&self.hello().from, theirs);
        let acceptor = Prover::new(ours, nonce);
        write_frame(out, FrameHead::new(Kind::Challenge), |out| acceptor.encode(out));
        Ok(Challenged { exchange: Exchange { binding, dialler, acceptor }, greeted: self })
    }
}

/// Challenge is sent; the dialler's proof is due.
#[derive(Debug)]
pub struct Challenged {
    exchange: Exchange,
    greeted: Greeted,
}

impl Challenged {
    /// The dialler has answered; appends this side's proof, which Welcome may follow.
    ///
    /// # Errors
    /// It does not know the cookie, refused, or sent something else.
    pub fn handle_frame(
        self,
        frame: HandshakeFrame,
        mac: impl Fn(&[u8]) -> [u8; 32],
        out: &mut Vec<u8>,
    ) -> Result<Greeted, HandshakeError> {
        self.exchange.check(Side::Dialled, frame, &mac)?;
        put_proof(self.exchange.proof(Side::Accepted, mac), out);
        Ok(self.greeted.with_proof())
    }
}
