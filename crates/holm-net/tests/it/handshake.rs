//! Handshakes: agreeing, refusing, and peers that say nothing or something else.

use std::io::ErrorKind;

use holm_env::Connection;
use holm_net::Secured;
use holm_net::handshake::{HANDSHAKE_DEADLINE, HandshakeFailure, Peering};
use holm_wire::handshake::{
    Established, Foreign, HandshakeError, HandshakeFrame, HandshakeReader, Hello, Introduction,
    Reject,
};
use holm_wire::{Code, Limits};
use tokio::time::Instant;

use crate::support::*;

type Outcome = Result<Peering, HandshakeFailure>;

fn agree(_: &Established) -> Result<(), Reject> {
    Ok(())
}

async fn dial(
    connection: Connection,
    hello: Hello,
    decide: impl FnOnce(&Established) -> Result<(), Reject>,
) -> Outcome {
    Secured::unchecked(connection).dial(hello, |_, agreed| decide(agreed)).await
}

async fn accept(
    connection: Connection,
    ours: Introduction,
    decide: impl FnOnce(&Established) -> Result<(), Reject>,
) -> Outcome {
    let decide = |_: &_, agreed: &Established| decide(agreed);
    Secured::unchecked(connection).accept(ours, |_, _| Ok(()), decide).await
}

async fn shake(
    near: Connection,
    far: Connection,
    dialler: &str,
    acceptor: &str,
) -> (Outcome, Outcome) {
    let ours = introduction(acceptor);
    tokio::join!(dial(near, hello(dialler), agree), accept(far, ours, agree))
}

fn failure(outcome: Outcome) -> HandshakeFailure {
    match outcome {
        Ok(_) => panic!("a session"),
        Err(failure) => failure,
    }
}

/// The refusal in what a peer was sent.
fn refusal(bytes: &[u8]) -> Reject {
    let mut reader = HandshakeReader::new();
    reader.buffer()[..bytes.len()].copy_from_slice(bytes);
    reader.handle_read(bytes.len());
    loop {
        match reader.poll_frame().unwrap().expect("a refusal") {
            HandshakeFrame::Reject(reject) => return reject,
            HandshakeFrame::Hello(_)
            | HandshakeFrame::Noise(_)
            | HandshakeFrame::Challenge(_)
            | HandshakeFrame::Proof(_)
            | HandshakeFrame::Welcome(_)
            | HandshakeFrame::Commit => {}
        }
    }
}

#[tokio::test]
async fn both_sides_agree_whoever_is_the_arbiter() {
    for (dialler, acceptor) in [("a@x", "b@x"), ("b@x", "a@x")] {
        let (near, far) = streams().await;
        let (near, far) = shake(near, far, dialler, acceptor).await;
        let (near, far) = (near.ok().unwrap(), far.ok().unwrap());
        assert_eq!(near.established.peer.node.as_str(), acceptor);
        assert_eq!(far.established.peer.node.as_str(), dialler);
        let (mut near, mut far) = (
            Side::start(near.connection, &near.already_read),
            Side::start(far.connection, &far.already_read),
        );
        near.send(holm_wire::session::Order::Free, b"ping").unwrap();
        far.send(holm_wire::session::Order::Free, b"pong").unwrap();
        assert_eq!((near.frame().await, far.frame().await), (b"pong".to_vec(), b"ping".to_vec()));
    }
}

#[tokio::test]
async fn the_smaller_limits_hold() {
    let (near, far) = streams().await;
    let mut ours = introduction("b@x");
    ours.limits = Limits { message_max: 1 << 20, ..Limits::default() };
    let (near, far) = tokio::join!(dial(near, hello("a@x"), agree), accept(far, ours, agree));
    for peering in [near, far] {
        assert_eq!(peering.ok().unwrap().established.limits.message_max, 1 << 20);
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_given_up_at_the_deadline() {
    let start = Instant::now();
    let (near, far) = streams().await;
    let outcome = accept(far, introduction("b@x"), agree).await;
    assert!(matches!(failure(outcome), HandshakeFailure::Timeout));
    assert_eq!(start.elapsed(), HANDSHAKE_DEADLINE);
    let outcome = dial(near, hello("a@x"), agree).await;
    assert!(matches!(failure(outcome), HandshakeFailure::Handshake(_) | HandshakeFailure::Io(_)));

    let start = Instant::now();
    let (near, _far) = streams().await;
    let outcome = dial(near, hello("a@x"), agree).await;
    assert!(matches!(failure(outcome), HandshakeFailure::Timeout));
    assert_eq!(start.elapsed(), HANDSHAKE_DEADLINE);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_for_the_whole_handshake() {
    let (near, far) = streams().await;
    let start = Instant::now();
    let mut bytes = Vec::new();
    let _awaiting = holm_wire::handshake::dial(hello("a@x"), &mut bytes);
    let trickle = async {
        for byte in bytes {
            tokio::time::sleep(HANDSHAKE_DEADLINE / 4).await;
            if near.writer.try_write_vectored(&[std::io::IoSlice::new(&[byte])]).is_err() {
                return;
            }
        }
    };
    let (outcome, ()) = tokio::join!(accept(far, introduction("b@x"), agree), trickle);
    assert!(matches!(failure(outcome), HandshakeFailure::Timeout));
    assert!(start.elapsed() < HANDSHAKE_DEADLINE * 2);
}

#[tokio::test]
async fn another_protocol_gets_a_readable_refusal() {
    for (words, foreign) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], Foreign::Http),
        (&b"SSH-2.0-OpenSSH_9.6\r\n"[..], Foreign::Ssh),
        (&[0x16, 0x03, 0x01, 0x02, 0x00][..], Foreign::Tls),
    ] {
        let (mut near, far) = streams().await;
        write(&near, words).await;
        let outcome = Secured::unchecked(far)
            .accept(introduction("b@x"), |_, hello| panic!("{hello:?}"), |_, _| Ok(()))
            .await;
        let HandshakeFailure::Handshake(HandshakeError::Foreign(found)) = failure(outcome) else {
            panic!("not foreign");
        };
        assert_eq!(found, foreign);
        let reject = refusal(&read_all(&mut near).await);
        assert_eq!(reject.code, Code::InvalidRequest);
        assert!(reject.message.contains("Holm"), "{reject}");
    }
}

#[tokio::test]
async fn a_peer_that_is_not_admitted_hears_why() {
    let (near, far) = streams().await;
    let reject = Reject::new(Code::Unauthorized, "the token is wrong");
    let (near, far) = tokio::join!(
        dial(near, hello("a@x"), agree),
        Secured::unchecked(far).accept(introduction("b@x"), |_, _| Err(reject), |_, _| Ok(())),
    );
    assert!(
        matches!(failure(far), HandshakeFailure::Refused(reject) if reject.code == Code::Unauthorized)
    );
    let HandshakeFailure::Handshake(HandshakeError::Rejected(reject)) = failure(near) else {
        panic!("not rejected");
    };
    assert_eq!((reject.code, &*reject.message), (Code::Unauthorized, "the token is wrong"));
}

#[tokio::test]
async fn clusters_and_names_must_fit() {
    let (near, far) = streams().await;
    let mut ours = introduction("b@x");
    ours.cluster = "other".parse().unwrap();
    let (near, _) = tokio::join!(dial(near, hello("a@x"), agree), accept(far, ours, agree));
    assert!(matches!(
        failure(near),
        HandshakeFailure::Handshake(HandshakeError::Rejected(reject)) if reject.code == Code::Forbidden
    ));
    let (near, far) = streams().await;
    let (near, far) = shake(near, far, "a@x", "a@x").await;
    assert!(matches!(failure(far), HandshakeFailure::Handshake(HandshakeError::SameName(_))));
    assert!(matches!(
        failure(near),
        HandshakeFailure::Handshake(HandshakeError::Rejected(reject)) if reject.code == Code::Duplicate
    ));
}

/// Whoever decides, the dialler learns whom it reached, and both learn the reason.
#[tokio::test]
async fn a_refused_session_is_known_to_both() {
    for (dialler, acceptor) in [("a@x", "b@x"), ("b@x", "a@x")] {
        let (near, far) = streams().await;
        let arbiter = dialler.max(acceptor);
        let refuse = |agreed: &Established| {
            if agreed.ours.node.as_str() == arbiter {
                Err(Reject::new(Code::Duplicate, "there is one"))
            } else {
                Ok(())
            }
        };
        let mut reached = None;
        let (near, far) = tokio::join!(
            dial(near, hello(dialler), |agreed| {
                reached = Some(agreed.peer.node.to_string());
                refuse(agreed)
            }),
            accept(far, introduction(acceptor), refuse),
        );
        assert_eq!(reached.as_deref(), Some(acceptor));
        let code = |outcome: Outcome| match failure(outcome) {
            HandshakeFailure::Refused(reject)
            | HandshakeFailure::Handshake(HandshakeError::Rejected(reject)) => reject.code,
            other => panic!("{other}"),
        };
        assert_eq!((code(near), code(far)), (Code::Duplicate, Code::Duplicate));
    }
}

#[tokio::test]
async fn a_peer_that_hangs_up_is_an_io_error() {
    let (near, far) = streams().await;
    near.writer.shutdown();
    let outcome = accept(far, introduction("b@x"), agree).await;
    assert!(matches!(
        failure(outcome),
        HandshakeFailure::Io(error) if error.kind() == ErrorKind::UnexpectedEof
    ));
}

#[tokio::test]
async fn a_dropped_handshake_closes_the_connection() {
    let (mut near, far) = streams().await;
    let mut accepting = Box::pin(accept(far, introduction("b@x"), agree));
    tokio::select! {
        biased;
        _ = &mut accepting => panic!("nobody spoke"),
        () = std::future::ready(()) => {}
    }
    drop(accepting);
    assert_eq!(read_all(&mut near).await, []);
}
