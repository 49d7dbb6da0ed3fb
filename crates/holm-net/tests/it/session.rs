//! Sessions: order, large frames, and every way to end.

use holm_net::End;
use holm_wire::session::{Order, ReceiverKey};
use holm_wire::{Code, Violation};

use crate::support::*;

const MIB: usize = 1 << 20;

#[tokio::test]
async fn frames_arrive_in_order_and_behind_the_handshake_first() {
    let (near, far) = streams().await;
    let near = Side::start(near, &[]);
    for number in 0..1_000_u32 {
        near.send(Order::Free, &number.to_le_bytes()).unwrap();
    }
    let mut far = Side::start(far, &[]);
    for number in 0..1_000_u32 {
        assert_eq!(far.frame().await, number.to_le_bytes());
    }
}

#[tokio::test]
async fn what_came_behind_the_handshake_is_delivered_without_another_byte() {
    let (near, mut far) = streams().await;
    let near = Side::start(near, &[]);
    near.send(Order::Free, b"early").unwrap();
    let mut early = [0; 64];
    let n = std::future::poll_fn(|cx| far.reader.poll_read(cx, &mut early)).await.unwrap();
    let mut far = Side::start(far, &early[..n]);
    assert_eq!(far.frame().await, b"early");
}

#[tokio::test]
async fn large_frames_arrive_whole_and_let_others_by() {
    let (near, mut far) = sessions().await;
    let large: Vec<u8> = (0..8 * MIB).map(|n| (n / 7) as u8).collect();
    let to = |key| Order::To(ReceiverKey(key));
    near.send(to(1), &large).unwrap();
    near.send(to(1), b"behind").unwrap();
    near.send(to(2), b"beside").unwrap();
    assert_eq!(far.frame().await, b"beside");
    assert!(far.frame().await == large, "the large frame was damaged");
    assert_eq!(far.frame().await, b"behind");
}

#[tokio::test]
async fn a_close_is_told_with_its_code() {
    let (mut near, mut far) = sessions().await;
    near.send(Order::Free, b"last").unwrap();
    near.session.close(Code::Left, "bye");
    assert_eq!(far.frame().await, b"last");
    let End::ClosedByPeer { code, message } = far.end().await else { panic!("not closed") };
    assert_eq!((code, message.as_str()), (Code::Left, "bye"));
    assert!(matches!(near.end().await, End::Lost(None)));
    assert!(near.send(Order::Free, b"more").is_none());
    assert!(far.send(Order::Free, b"more").is_none());
    near.session.close(Code::Left, "again");
}

#[tokio::test]
async fn nothing_is_accepted_behind_a_close() {
    let (near, _far) = sessions().await;
    near.session.close(Code::Left, "bye");
    assert!(near.send(Order::Free, b"more").is_none());
}

#[tokio::test]
async fn a_lost_stream_ends_the_session() {
    let (near, far) = streams().await;
    let mut near = Side::start(near, &[]);
    far.writer.shutdown();
    assert!(matches!(near.end().await, End::Lost(_)));
    assert_eq!(near.session.with_state(|state| *state), 0, "the state outlives the session");
}

#[tokio::test]
async fn a_violation_ends_this_session_alone() {
    let (mut good, mut other) = sessions().await;
    let (near, mut far) = streams().await;
    let mut near = Side::start(near, &[]);
    write(&far, &[0xff; 64]).await;
    let End::Violation(violation) = near.end().await else { panic!("no violation") };
    let told = read_all(&mut far).await;
    let told = String::from_utf8_lossy(&told).into_owned();
    assert!(told.contains(&violation.to_string()), "{told}");
    good.send(Order::Free, b"well").unwrap();
    assert_eq!(other.frame().await, b"well");
    other.send(Order::Free, b"too").unwrap();
    assert_eq!(good.frame().await, b"too");
}

#[tokio::test]
async fn a_handshake_frame_in_a_session_is_a_violation() {
    let (near, far) = streams().await;
    let mut near = Side::start(near, &[]);
    let mut bytes = Vec::new();
    let _awaiting = holm_wire::handshake::dial(hello("a@x"), &mut bytes);
    write(&far, &bytes).await;
    assert!(matches!(near.end().await, End::Violation(Violation::Unexpected(_))));
}

/// A panic under the handler is somebody's bug; the session is torn down all the same.
#[tokio::test]
async fn a_panic_of_the_handler_ends_the_session() {
    let (near, mut far) = sessions().await;
    near.send(Order::Free, b"panic").unwrap();
    assert!(matches!(far.end().await, End::Panicked));
    assert!(far.send(Order::Free, b"more").is_none());
}
