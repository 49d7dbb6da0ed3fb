//! Who the other end of a connection was proven to be, as lists name it.

use holm_env::PeerAddr;
use holm_net::identity::{Method, PeerIdentity};
use holm_proto::access::{Identity, Proof};

/// The identity that was proven over a connection from `address`.
pub(crate) fn of(peer: &PeerIdentity, address: &PeerAddr) -> Identity {
    Identity {
        proof: proof(peer, address),
        key: peer.key,
        spki: peer.spki,
        spiffe: peer.spiffe.clone(),
    }
}

fn proof(peer: &PeerIdentity, address: &PeerAddr) -> Proof {
    match (peer.method, address) {
        (Method::Local, PeerAddr::Unix { uid: Some(uid), .. }) => Proof::User(*uid),
        (Method::Local, PeerAddr::Memory(_)) => Proof::Process,
        (Method::Token, _) => Proof::Token,
        // Over a connection that both sides allow to be insecure.
        (Method::Nothing, _) if peer.token.is_some() => Proof::Token,
        (Method::Cookie, _) => Proof::Cookie,
        (Method::Authority, _) => Proof::Authority,
        (Method::SelfSigned, _) => Proof::SelfSigned,
        (Method::Noise, _) => Proof::Noise,
        // A method of a later version proves nothing here.
        _ => Proof::Nothing,
    }
}
