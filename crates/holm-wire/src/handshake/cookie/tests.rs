//! The cookie's exchange, without any cryptography but a stand-in for the MAC.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::{
    AttemptNo, Code, Incarnation, Kind,
    handshake::{AwaitHello, Dial, HandshakeReader, Introduced},
};

const BINDING: Binding = Binding([9; 32]);
const NEAR: Nonce = Nonce([1; 32]);
const FAR: Nonce = Nonce([2; 32]);

/// Depends on every byte and its place, and on the key.
fn mac(key: u8) -> impl Fn(&[u8]) -> [u8; 32] + Copy {
    move |message| {
        let mut sum = [key; 32];
        for (at, byte) in message.iter().enumerate() {
            let place = &mut sum[at % 32];
            *place = place.wrapping_mul(31).wrapping_add(*byte).rotate_left(3);
        }
        sum
    }
}

fn introduction(node: &str) -> Introduction {
    Introduction::new("test".parse().unwrap(), node.parse().unwrap(), Incarnation(7))
}

fn hello() -> Hello {
    let attempt = AttemptNo(1.try_into().unwrap());
    Hello { dial: Dial { attempt, gone: None, is_blind: false }, from: introduction("b@h") }
}

/// The frames in `bytes`.
fn frames(bytes: &[u8]) -> Vec<HandshakeFrame> {
    let mut reader = HandshakeReader::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let n = rest.len().min(reader.buffer().len());
        reader.buffer()[..n].copy_from_slice(&rest[..n]);
        reader.handle_read(n);
        rest = &rest[n..];
    }
    std::iter::from_fn(|| reader.poll_frame().unwrap()).collect()
}

fn frame(bytes: &[u8]) -> HandshakeFrame {
    let [frame] = <[_; 1]>::try_from(frames(bytes)).unwrap();
    frame
}

/// The acceptor's states up to its challenge, and what both sides have said.
fn challenged(binding: Binding, nonce: Nonce) -> (AwaitChallenge, Challenged, HandshakeFrame) {
    let mut wire = Vec::new();
    let dialler = dial_with_cookie(hello(), NEAR, BINDING, &mut wire);
    let greeted = AwaitHello.handle_frame(frame(&wire)).unwrap();
    wire.clear();
    let acceptor = greeted.challenge(&introduction("a@h"), nonce, binding, &mut wire).unwrap();
    (dialler, acceptor, frame(&wire))
}

#[test]
fn both_prove_and_are_welcome() {
    let (dialler, acceptor, challenge) = challenged(BINDING, FAR);
    let mut wire = Vec::new();
    let dialler = dialler.handle_frame(challenge, mac(5), &mut wire).unwrap();
    let proof = frame(&wire);
    wire.clear();
    let greeted = acceptor.handle_frame(proof, mac(5), &mut wire).unwrap();
    let accepted = greeted.welcome(introduction("a@h"), &mut wire).unwrap();
    let [answer, welcome] = <[_; 2]>::try_from(frames(&wire)).unwrap();
    let introduced = dialler.handle_frame(answer, mac(5)).unwrap().handle_frame(welcome).unwrap();
    // The nonces are of the exchange alone.
    let Introduced::Committing(dialler) = introduced else { panic!() };
    let Introduced::AwaitCommit(acceptor) = accepted else { panic!() };
    assert_eq!((dialler.agreed().ours.nonce, acceptor.agreed().peer.nonce), (None, None));
}

#[test]
fn a_dialler_with_another_cookie_or_channel_is_refused() {
    for (key, binding) in [(6, BINDING), (5, Binding([8; 32]))] {
        let (dialler, acceptor, challenge) = challenged(binding, FAR);
        let mut wire = Vec::new();
        dialler.handle_frame(challenge, mac(key), &mut wire).unwrap();
        let mut out = Vec::new();
        let error = acceptor.handle_frame(frame(&wire), mac(5), &mut out).unwrap_err();
        assert_eq!(error, HandshakeError::WrongCookie);
        assert_eq!(out, [], "nothing is proven to a stranger");
        assert_eq!(error.reject().unwrap().code, Code::Unauthorized);
    }
}

#[test]
fn an_acceptor_with_another_cookie_is_refused() {
    let (dialler, _, challenge) = challenged(BINDING, FAR);
    let mut wire = Vec::new();
    let dialler = dialler.handle_frame(challenge, mac(5), &mut wire).unwrap();
    // Its own proof, reflected.
    let error = dialler.handle_frame(frame(&wire), mac(5)).unwrap_err();
    assert_eq!(error, HandshakeError::WrongCookie);
}

/// A change of anything that either side says changes both proofs.
#[test]
fn proofs_cover_both_sides_and_the_direction() {
    let prover = |node: &str, nonce| Prover::new(&introduction(node), nonce);
    let exchange = || Exchange {
        binding: BINDING,
        dialler: prover("b@h", NEAR),
        acceptor: prover("a@h", FAR),
    };
    let digest = |it: &Exchange| [Side::Dialled, Side::Accepted].map(|side| it.proof(side, mac(5)));
    let plain = digest(&exchange());
    assert_ne!(plain[0], plain[1]);
    let changes: [fn(&mut Prover); 5] = [
        |it| it.versions.max += 1,
        |it| it.node = "c@h".parse().unwrap(),
        |it| it.incarnation.0 += 1,
        |it| it.role = Role::Worker,
        |it| it.nonce.0[31] ^= 1,
    ];
    for change in changes {
        for of_dialler in [true, false] {
            let mut changed = exchange();
            let it = if of_dialler { &mut changed.dialler } else { &mut changed.acceptor };
            change(it);
            let changed = digest(&changed);
            assert!(changed[0] != plain[0] && changed[1] != plain[1]);
        }
    }
    let mut changed = exchange();
    changed.binding.0[0] ^= 1;
    assert_ne!(digest(&changed), plain);
    // The two sides are not interchangeable.
    let Exchange { binding, dialler, acceptor } = exchange();
    let swapped = Exchange { binding, dialler: acceptor, acceptor: dialler };
    assert!(digest(&swapped).iter().all(|proof| !plain.contains(proof)));
}

#[test]
fn who_knows_of_no_cookie_is_told() {
    let mut wire = Vec::new();
    let dialler = dial_with_cookie(hello(), NEAR, BINDING, &mut wire);
    let greeted = AwaitHello.handle_frame(frame(&wire)).unwrap();
    let mut out = Vec::new();
    let error = greeted.welcome(introduction("a@h"), &mut out).unwrap_err();
    assert_eq!((error, out.len()), (HandshakeError::CookieAsked, 0));
    let welcome = HandshakeFrame::Welcome(introduction("a@h"));
    let error = dialler.handle_frame(welcome, mac(5), &mut Vec::new()).unwrap_err();
    assert_eq!(error, HandshakeError::NoCookie);

    let mut wire = Vec::new();
    let _dialler = crate::handshake::dial(hello(), &mut wire);
    let greeted = AwaitHello.handle_frame(frame(&wire)).unwrap();
    let error = greeted.challenge(&introduction("a@h"), FAR, BINDING, &mut Vec::new()).unwrap_err();
    assert_eq!(error, HandshakeError::NoCookie);
}

#[test]
fn welcome_must_be_of_who_proved_itself() {
    let (dialler, acceptor, challenge) = challenged(BINDING, FAR);
    let mut wire = Vec::new();
    let dialler = dialler.handle_frame(challenge, mac(5), &mut wire).unwrap();
    let mut out = Vec::new();
    let _greeted = acceptor.handle_frame(frame(&wire), mac(5), &mut out).unwrap();
    let awaiting = dialler.handle_frame(frame(&out), mac(5)).unwrap();
    let other = HandshakeFrame::Welcome(introduction("c@h"));
    assert_eq!(awaiting.handle_frame(other).unwrap_err(), HandshakeError::Changed);
}

#[test]
fn frames_out_of_order_and_damaged() {
    let (dialler, acceptor, _) = challenged(BINDING, FAR);
    let error = dialler.handle_frame(HandshakeFrame::Commit, mac(5), &mut Vec::new()).unwrap_err();
    let (expected, found) = (Kind::Challenge, Kind::Commit);
    assert_eq!(error, HandshakeError::Unexpected { expected, found });
    let error = acceptor.handle_frame(HandshakeFrame::Commit, mac(5), &mut Vec::new()).unwrap_err();
    let (expected, found) = (Kind::Proof, Kind::Commit);
    assert_eq!(error, HandshakeError::Unexpected { expected, found });
    for length in [0, 31, 33] {
        assert!(take_proof(&vec![0; length]).is_err());
    }
    assert!(Prover::decode(b"HOLM\x01\0\x01\0").unwrap_err().to_string().contains("is missing"));
}
