//! The vectors of the cookie's exchange and of Noise's frames.

use std::cell::RefCell;

use holm_wire::AttemptNo;
use holm_wire::handshake::{
    AwaitHello, Binding, Dial, HandshakeFrame, Hello, Nonce, Proof, dial_with_cookie, put_noise,
};

use crate::vectors::{Vectors, handshake_frame, introduction};

#[test]
fn cookie_frames() {
    let mut vectors = Vectors::of(include_str!("../../testdata/cookie.hex"));
    let attempt = AttemptNo(1.try_into().unwrap());
    let hello =
        Hello { dial: Dial { attempt, gone: None, is_blind: false }, from: introduction("b@h:2") };
    let binding = Binding([0x33; 32]);
    let mut bytes = Vec::new();
    let waiting = dial_with_cookie(hello, Nonce([0x11; 32]), binding, &mut bytes);
    vectors.check("hello", &bytes);
    let greeted = AwaitHello.handle_frame(handshake_frame(&bytes)).unwrap();
    bytes.clear();
    let ours = introduction("a@h:1");
    let _challenged = greeted.challenge(&ours, Nonce([0x22; 32]), binding, &mut bytes).unwrap();
    vectors.check("challenge", &bytes);

    let message = RefCell::new(Vec::new());
    let mac = |covered: &[u8]| {
        *message.borrow_mut() = covered.to_vec();
        [0x44; 32]
    };
    let challenge = handshake_frame(&bytes);
    bytes.clear();
    let _waiting = waiting.handle_frame(challenge, mac, &mut bytes).unwrap();
    vectors.check("covered", &message.borrow());
    vectors.check("proof", &bytes);
    assert_eq!(handshake_frame(&bytes), HandshakeFrame::Proof(Proof([0x44; 32])));

    bytes.clear();
    put_noise(&[0x55; 32], &mut bytes);
    vectors.check("noise", &bytes);
    assert_eq!(handshake_frame(&bytes), HandshakeFrame::Noise(vec![0x55; 32]));
}
