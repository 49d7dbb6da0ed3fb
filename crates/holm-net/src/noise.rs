//! Noise XX: both sides prove a static key, and a Hello in clear is bound to the channel.
//!
//! ```text
//! dialler                                          acceptor
//! Hello with the feature NOISE, Noise(e)    ->
//!                                           <-     Noise(e, ee, s, es)
//! Noise(s, se)                              ->
//! ```
//! The frame of that Hello is the prologue: a bit of it changed on the way, and the two do not come
//! together. It lets the acceptor refuse in clear whom it could not talk to, and carries no token; the
//! handshake proper follows inside the channel, with a Hello of its own. Either side may send Reject
//! instead of a message.

mod key;
mod records;
#[cfg(test)]
mod tests;

use holm_env::Connection;
use holm_proto::access::Fingerprint;
use holm_wire::Kind;
use holm_wire::handshake::{
    AwaitHello, Binding, Features, HandshakeError, HandshakeFrame, Hello, dial as say_hello,
    put_noise,
};
use snow::HandshakeState;

pub use key::NoiseKey;
use records::{KeyLife, Records};

use crate::failure::HandshakeFailure;
use crate::identity::{Method, PeerIdentity};
use crate::stream::{self, Received};
use crate::talk::Talk;

const PARAMS: &str = "Noise_XX_25519_ChaChaPoly_BLAKE2s";

/// Longest message of the handshake, in bytes: the second one, of two keys and two tags.
const MESSAGE_MAX: usize = 96;

/// What the dialler gets.
pub(crate) async fn dial(
    talk: &mut Talk,
    key: &NoiseKey,
    hello: &Hello,
) -> Result<Opened, HandshakeFailure> {
    let mut clear = hello.clone();
    (clear.from.token, clear.from.nonce) = (None, None);
    clear.from.features = clear.from.features.with(Features::NOISE);
    let mut out = Vec::new();
    let _inside = say_hello(clear, &mut out);
    let mut noise = begin(key, &out, true)?;
    say(&mut noise, &mut out)?;
    talk.write(&out).await?;
    hear(&mut noise, talk.read().await?)?;
    let mut out = Vec::new();
    say(&mut noise, &mut out)?;
    talk.write(&out).await?;
    open(noise)
}

/// What the acceptor gets.
pub(crate) async fn accept(talk: &mut Talk, key: &NoiseKey) -> Result<Opened, HandshakeFailure> {
    let greeted = AwaitHello.handle_frame(talk.read().await?)?;
    if !greeted.hello().from.features.contains(Features::NOISE) {
        return Err(HandshakeFailure::Channel { spoken: "nothing", due: "Noise" });
    }
    let mut noise = begin(key, talk.last_frame(), false)?;
    hear(&mut noise, talk.read().await?)?;
    let mut out = Vec::new();
    say(&mut noise, &mut out)?;
    talk.write(&out).await?;
    hear(&mut noise, talk.read().await?)?;
    open(noise)
}

fn begin(key: &NoiseKey, prologue: &[u8], dials: bool) -> Result<HandshakeState, HandshakeFailure> {
    let params = PARAMS.parse().expect("well-formed");
    let build = |builder: snow::Builder<'_>| {
        let builder = builder.local_private_key(key.private())?.prologue(prologue)?;
        if dials { builder.build_initiator() } else { builder.build_responder() }
    };
    build(snow::Builder::new(params)).map_err(|_| HandshakeFailure::Noise)
}

fn say(noise: &mut HandshakeState, out: &mut Vec<u8>) -> Result<(), HandshakeFailure> {
    let mut message = [0; MESSAGE_MAX];
    let n = noise.write_message(&[], &mut message).map_err(|_| HandshakeFailure::Noise)?;
    put_noise(&message[..n], out);
    Ok(())
}

fn hear(noise: &mut HandshakeState, frame: HandshakeFrame) -> Result<(), HandshakeFailure> {
    let message = match frame {
        HandshakeFrame::Noise(message) => message,
        HandshakeFrame::Reject(reject) => return Err(HandshakeError::Rejected(reject).into()),
        other @ (HandshakeFrame::Hello(_)
        | HandshakeFrame::Challenge(_)
        | HandshakeFrame::Proof(_)
        | HandshakeFrame::Welcome(_)
        | HandshakeFrame::Commit) => {
            let (expected, found) = (Kind::Noise, other.kind());
            return Err(HandshakeError::Unexpected { expected, found }.into());
        }
    };
    noise
        .read_message(&message, &mut [0; MESSAGE_MAX])
        .map(drop)
        .map_err(|_| HandshakeFailure::Noise)
}

/// A channel whose other end is known.
pub(crate) struct Opened {
    records: Records,
    pub(crate) identity: PeerIdentity,
    pub(crate) binding: Binding,
}

fn open(noise: HandshakeState) -> Result<Opened, HandshakeFailure> {
    let binding = Binding(noise.get_handshake_hash().try_into().expect("BLAKE2s has 32 bytes"));
    let public = noise.get_remote_static().expect("XX transmits it");
    let public = Fingerprint::from_bytes(public.try_into().expect("32 bytes"));
    let noise = noise.into_transport_mode().map_err(|_| HandshakeFailure::Noise)?;
    let mut identity = PeerIdentity::new(Method::Noise);
    identity.key = Some(public);
    Ok(Opened { records: Records::new(noise, KeyLife::default()), identity, binding })
}

impl Opened {
    /// The connection through the channel.
    pub(crate) fn connection(self, talk: Talk) -> Connection {
        let (beneath, rest) = talk.into_parts();
        stream::connection(self.records, beneath, Received::new(&rest))
    }
}
