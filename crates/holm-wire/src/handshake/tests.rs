//! Handshakes between two sides, and with what is no other side.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::{
    AttemptNo, Code, FrameHead, Incarnation, Kind, Limits, Secret, Side, frame::write_frame,
};
use proptest::{collection::vec, prelude::*};

fn introduction(node: &str) -> Introduction {
    let mut it = Introduction::new(
        "test".parse().unwrap(),
        node.parse().unwrap(),
        Incarnation(1_700_000_000_000),
    );
    it.build = "holm 0.1".to_owned();
    it.endpoints = vec!["tcp:127.0.0.1:4000".to_owned(), "unix:/tmp/holm".to_owned()];
    it.shards = [0, 700, u32::MAX].map(crate::ShardId).into();
    it
}

fn attempt(n: u64) -> AttemptNo {
    AttemptNo(n.try_into().unwrap())
}

fn hello(node: &str) -> Hello {
    Hello {
        dial: Dial { attempt: attempt(3), gone: Some(attempt(2)), is_blind: false },
        from: introduction(node),
    }
}

/// Reads the one frame in `bytes`, given in pieces of `piece` bytes.
fn frame_in_pieces(bytes: &[u8], piece: usize) -> Result<HandshakeFrame, HandshakeError> {
    let mut reader = HandshakeReader::new();
    for (at, piece) in bytes.chunks(piece).enumerate() {
        if let Some(frame) = reader.poll_frame()? {
            panic!("{frame:?} is complete after {at} pieces of {}", bytes.len());
        }
        let mut rest = piece;
        while !rest.is_empty() {
            let buffer = reader.buffer();
            let n = rest.len().min(buffer.len());
            buffer[..n].copy_from_slice(&rest[..n]);
            rest = &rest[n..];
            reader.handle_read(n);
        }
    }
    Ok(reader.poll_frame()?.expect("the frame is complete"))
}

fn frame(bytes: &[u8]) -> Result<HandshakeFrame, HandshakeError> {
    frame_in_pieces(bytes, usize::MAX)
}

/// Both sides up to the point where the arbiter commits.
fn introduce(dialler: Hello, acceptor: Introduction) -> (Introduced, Introduced) {
    let mut wire = Vec::new();
    let waiting = dial(dialler, &mut wire);
    let greeted = AwaitHello.handle_frame(frame(&wire).unwrap()).unwrap();
    let mut wire = Vec::new();
    let accepted = greeted.welcome(acceptor, &mut wire).unwrap();
    (waiting.handle_frame(frame(&wire).unwrap()).unwrap(), accepted)
}

fn finish(arbiter: Introduced, other: Introduced) -> (Established, Established) {
    let (Introduced::Committing(arbiter), Introduced::AwaitCommit(other)) = (arbiter, other) else {
        panic!("the greater name is the arbiter");
    };
    let mut wire = Vec::new();
    let arbiter = arbiter.commit(&mut wire);
    (arbiter, other.handle_frame(frame(&wire).unwrap()).unwrap())
}

#[test]
fn the_greater_name_commits_whoever_dialled() {
    let (dialler, acceptor) = introduce(hello("b@h"), introduction("a@h"));
    let (dialler, acceptor) = finish(dialler, acceptor);
    assert_eq!((dialler.side, acceptor.side), (Side::Dialled, Side::Accepted));
    assert_eq!(dialler.peer, introduction("a@h"));
    assert_eq!(acceptor.peer, introduction("b@h"));
    assert_eq!(acceptor.dial, hello("b@h").dial);
    assert_eq!((dialler.version, dialler.limits), (acceptor.version, acceptor.limits));

    let (dialler, acceptor) = introduce(hello("a@h"), introduction("b@h"));
    let (acceptor, dialler) = finish(acceptor, dialler);
    assert_eq!((dialler.side, acceptor.side), (Side::Dialled, Side::Accepted));
}

#[test]
fn limits_and_features_are_what_both_have() {
    let mut ours = hello("b@h");
    ours.from.limits = Limits { requests_max: 5, ..Limits::default() };
    ours.from.features = Features(0b0110);
    let mut theirs = introduction("a@h");
    theirs.features = Features(0b1100);
    let (dialler, acceptor) = introduce(ours, theirs);
    let (dialler, acceptor) = finish(dialler, acceptor);
    assert_eq!((dialler.limits.requests_max, acceptor.limits.requests_max), (5, 5));
    assert_eq!((dialler.features, acceptor.features), (Features(0b0100), Features(0b0100)));
}

#[test]
fn a_token_arrives_and_goes_no_further() {
    let mut ours = hello("b@h");
    ours.from.token = Some(Secret::new(b"open sesame".to_vec()));
    assert!(!format!("{ours:?}").contains("sesame"));
    let mut wire = Vec::new();
    let waiting = dial(ours, &mut wire);
    let greeted = AwaitHello.handle_frame(frame(&wire).unwrap()).unwrap();
    assert_eq!(greeted.hello().from.token.as_ref().unwrap().expose(), b"open sesame");
    let mut wire = Vec::new();
    let accepted = greeted.welcome(introduction("a@h"), &mut wire).unwrap();
    let dialled = waiting.handle_frame(frame(&wire).unwrap()).unwrap();
    let (dialler, acceptor) = finish(dialled, accepted);
    assert_eq!((dialler.ours.token, acceptor.peer.token), (None, None));
}

#[test]
fn bytes_behind_commit_are_the_sessions() {
    let (dialler, acceptor) = introduce(hello("b@h"), introduction("a@h"));
    let mut wire = Vec::new();
    let Introduced::Committing(dialler) = dialler else { panic!() };
    dialler.commit(&mut wire);
    wire.extend_from_slice(b"session");
    let mut reader = HandshakeReader::new();
    reader.buffer()[..wire.len()].copy_from_slice(&wire);
    reader.handle_read(wire.len());
    let commit = reader.poll_frame().unwrap().unwrap();
    let Introduced::AwaitCommit(acceptor) = acceptor else { panic!() };
    acceptor.handle_frame(commit).unwrap();
    assert_eq!(reader.rest(), b"session");
}

#[test]
fn two_that_cannot_talk() {
    let refused = |change: fn(&mut Introduction)| {
        let mut wire = Vec::new();
        let mut theirs = hello("b@h");
        change(&mut theirs.from);
        dial(theirs, &mut wire);
        let greeted = AwaitHello.handle_frame(frame(&wire).unwrap()).unwrap();
        let mut answer = Vec::new();
        let error = greeted.welcome(introduction("a@h"), &mut answer).unwrap_err();
        assert_eq!(answer, [], "no Welcome");
        error.reject().unwrap().code
    };
    assert_eq!(refused(|it| it.cluster = "other".parse().unwrap()), Code::Forbidden);
    assert_eq!(refused(|it| it.node = "a@h".parse().unwrap()), Code::Duplicate);
    assert_eq!(refused(|it| it.envelope = crate::Fingerprint::from_u64(1)), Code::SchemaMismatch);
}

#[test]
fn another_version_is_refused_before_its_fields_are_read() {
    let mut wire = Vec::new();
    write_frame(&mut wire, FrameHead::new(Kind::Hello), |out| {
        VersionRange { min: 2, max: 9 }.encode(out);
        out.extend_from_slice(b"\xff whatever version 2 has here");
    });
    let error = frame(&wire).unwrap_err();
    assert_eq!(error, HandshakeError::Version { theirs: VersionRange { min: 2, max: 9 } });
    let reject = error.reject().unwrap();
    assert_eq!(reject.code, Code::UnsupportedVersion);
    let mut wire = Vec::new();
    reject.send(&mut wire);
    assert_eq!(frame(&wire).unwrap(), HandshakeFrame::Reject(reject));
}

#[test]
fn a_refusal_reaches_every_state() {
    let reject = Reject::new(Code::Duplicate, "another dial of this pair is committed");
    let mut wire = Vec::new();
    reject.send(&mut wire);
    let refused = HandshakeError::Rejected(reject);
    assert_eq!(refused.reject(), None, "no answer to a refusal");
    let waiting = dial(hello("b@h"), &mut Vec::new());
    assert_eq!(waiting.handle_frame(frame(&wire).unwrap()).unwrap_err(), refused);
    let (_, acceptor) = introduce(hello("b@h"), introduction("a@h"));
    let Introduced::AwaitCommit(acceptor) = acceptor else { panic!() };
    assert_eq!(acceptor.handle_frame(frame(&wire).unwrap()).unwrap_err(), refused);
}

#[test]
fn frames_out_of_order() {
    let error = AwaitHello.handle_frame(HandshakeFrame::Commit).unwrap_err();
    let (expected, found) = (Kind::Hello, Kind::Commit);
    assert_eq!(error, HandshakeError::Unexpected { expected, found });
    let waiting = dial(hello("b@h"), &mut Vec::new());
    let error = waiting.handle_frame(HandshakeFrame::Hello(hello("a@h"))).unwrap_err();
    let (expected, found) = (Kind::Welcome, Kind::Hello);
    assert_eq!(error, HandshakeError::Unexpected { expected, found });
    // A handshake frame that is of a request.
    let error = frame(&[3, Kind::Commit as u8, 0, 1]).unwrap_err();
    assert!(error.to_string().contains("`id` is not 0"));
    // A session's frame before Commit.
    let mut wire = Vec::new();
    write_frame(&mut wire, FrameHead::new(Kind::Tick), |_| {});
    assert!(matches!(frame(&wire).unwrap_err(), HandshakeError::Violation(_)));
}

#[test]
fn another_protocol_is_named_at_its_first_bytes() {
    for (bytes, foreign) in [
        (&b"GET / HTTP/1.1\r\n"[..], Foreign::Http),
        (b"PRI * HTTP/2.0", Foreign::Http),
        (b"HTTP/1.1 400 Bad Request", Foreign::Http),
        (b"SSH-2.0-OpenSSH_9.6", Foreign::Ssh),
        (&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01], Foreign::Tls),
        (&[0x15, 0x03, 0x03, 0x00, 0x02, 0x02], Foreign::Tls),
        (&[0xff; 12], Foreign::Unknown),
        (&[0; 4], Foreign::Unknown),
    ] {
        let error = frame(bytes).unwrap_err();
        assert_eq!(error, HandshakeError::Foreign(foreign), "{bytes:?}");
        assert!(error.reject().unwrap().message.contains(&foreign.to_string()));
    }
    // Something with our framing and another magic.
    let mut wire = Vec::new();
    write_frame(&mut wire, FrameHead::new(Kind::Hello), |out| {
        out.extend_from_slice(b"OTHR\x01\0");
    });
    assert!(frame(&wire).unwrap_err().to_string().contains("magic"));
}

#[test]
fn fields_are_checked() {
    let with = |fields: &[u8]| {
        let mut wire = Vec::new();
        write_frame(&mut wire, FrameHead::new(Kind::Welcome), |out| {
            VERSIONS.encode(out);
            out.extend_from_slice(fields);
        });
        frame(&wire).unwrap_err().to_string()
    };
    assert!(with(&[]).contains("is missing"));
    assert!(with(&[5, 1, 7, 5, 1, 7]).contains("repeated"));
    assert!(with(&[5, 1, 7, 4, 3]).contains("out of order"));
    assert!(with(&[5, 2, 7, 7]).contains("after its last"));
    assert!(with(&[6, 1, 77]).contains("`role`"));
    assert!(with(&[3, 0xff, 0xff, 0xff, 0xff, 0x0f]).contains("cut short"));
    assert!(with(&[4, 3, b'a', b'b', b'c']).contains("`node`"));
    assert!(with(&[8, 5, 1, 1, 1, 1, 1]).contains("`message_max`"));
}

#[test]
fn unknown_fields_are_skipped() {
    let mut wire = Vec::new();
    write_frame(&mut wire, FrameHead::new(Kind::Welcome), |out| {
        VERSIONS.encode(out);
        introduction("a@h").encode_fields(out);
        tlv::put_field(1000, out, |out| {
            out.extend_from_slice(b"of a later version");
        });
    });
    assert_eq!(frame(&wire), Ok(HandshakeFrame::Welcome(introduction("a@h"))));
}

proptest! {
    #[test]
    fn pieces_do_not_matter(piece in 1..400_usize, gone in proptest::option::of(1..u64::MAX),
        compression in vec(any::<u8>(), 0..9), types: Option<u64>, features: u64)
    {
        let mut hello = hello("b@h");
        hello.dial.gone = gone.map(attempt);
        hello.dial.is_blind = features % 3 == 0;
        hello.from.compression = compression;
        hello.from.features = Features(features);
        hello.from.types = types.map(crate::Fingerprint::from_u64);
        hello.from.role = if features % 2 == 0 { Role::Worker } else { Role::Observer };
        let mut wire = Vec::new();
        dial(hello.clone(), &mut wire);
        prop_assert_eq!(frame_in_pieces(&wire, piece), Ok(HandshakeFrame::Hello(hello)));
    }

    #[test]
    fn random_payloads_never_panic(kind in 1..5_u8, payload in vec(any::<u8>(), 0..200)) {
        let mut wire = Vec::new();
        write_frame(&mut wire, FrameHead::new(Kind::from_u8(kind).unwrap()), |out| {
            if payload.len() % 2 == 0 {
                VERSIONS.encode(out);
            }
            out.extend_from_slice(&payload);
        });
        let _ = frame(&wire);
    }
}
