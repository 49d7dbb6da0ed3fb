//! A peer that reads nothing: what it costs, and what still flows.

use holm_net::QUEUE_BYTES_MAX;
use holm_wire::session::Order;
use holm_wire::{Code, FrameHead, Kind, Serial};

use crate::support::*;

const FRAME: usize = 32 * 1024;

/// Appends frames until messages are to be refused; returns how many bytes that took.
fn fill(side: &Side) -> usize {
    let payload = vec![7; FRAME];
    let mut bytes = 0;
    loop {
        let crowded = side.session.append(|out| {
            out.is_crowded(FRAME) || {
                let write = |out: &mut Vec<u8>| out.extend_from_slice(&payload);
                out.push(FrameHead::new(Kind::Send), Order::Free, write).unwrap();
                false
            }
        });
        if crowded.unwrap() {
            return bytes;
        }
        bytes += FRAME;
        side.session.flush();
    }
}

#[tokio::test]
async fn its_queue_is_bounded_and_room_comes_when_half_is_written() {
    let (near, far) = streams().await;
    let near = Side::start(near, &[]);
    let filled = fill(&near);
    let kernel = holm_env::MEMORY_PIPE_CAPACITY;
    assert!(filled >= QUEUE_BYTES_MAX, "{filled}");
    assert!(filled <= QUEUE_BYTES_MAX + kernel + 2 * FRAME, "{filled}");
    let mut room = Box::pin(near.session.room());
    tokio::select! {
        biased;
        () = &mut room => panic!("room without a reader"),
        () = std::future::ready(()) => {}
    }
    let mut far = Side::start(far, &[]);
    room.await;
    let mut read = 0;
    while read < filled {
        read += far.frame().await.len();
    }
    assert_eq!(read, filled);
    near.session.room().await;
}

/// Large messages fill their own queue: small ones overtake them, and are not refused.
#[tokio::test]
async fn large_messages_do_not_hold_up_small_ones() {
    let (near, far) = streams().await;
    let near = Side::start(near, &[]);
    let large = vec![7; 1024 * 1024];
    let mut pushed = 0;
    while !near.session.append(|out| out.is_crowded(large.len())).unwrap() {
        near.session.append(|out| {
            let write = |out: &mut Vec<u8>| out.extend_from_slice(&large);
            out.push(FrameHead::new(Kind::Send), Order::Free, write).unwrap();
        });
        pushed += 1;
    }
    // The pipe took the beginning of the first.
    assert_eq!(pushed, QUEUE_BYTES_MAX / large.len() + 1);
    assert_eq!(near.session.append(|out| out.is_crowded(1)), Some(false));
    near.session.append(|out| {
        out.push(FrameHead::new(Kind::Send), Order::Free, |out| out.push(1)).unwrap();
    });
    near.session.flush();
    let mut far = Side::start(far, &[]);
    assert_eq!(far.frame().await, [1], "it came before all of them");
    near.session.room().await;
    assert_eq!(near.session.append(|out| out.is_crowded(large.len())), Some(false));
    for _ in 0..pushed {
        assert_eq!(far.frame().await.len(), large.len());
    }
}

#[tokio::test]
async fn it_is_still_heard_and_control_frames_go_ahead() {
    let (near, far) = streams().await;
    let mut near = Side::start(near, &[]);
    let filled = fill(&near);
    near.pause(Serial::from_u64(5).unwrap());
    let mut far = Side::start(far, &[]);
    far.send(Order::Free, b"hear me").unwrap();
    assert_eq!(near.frame().await, b"hear me");
    let mut before = 0;
    loop {
        match far.event().await {
            Event::Frame(frame) => before += frame.len(),
            Event::Pause(serial) => {
                assert_eq!(serial.as_u64(), 5);
                break;
            }
            Event::End(end) => panic!("{end:?}"),
        }
    }
    let ahead = holm_env::MEMORY_PIPE_CAPACITY + 2 * FRAME;
    assert!(before <= ahead, "{before} bytes of {filled} were ahead of a control frame");
}

#[tokio::test]
async fn the_end_of_the_session_lets_who_waits_for_room_go() {
    for by_us in [true, false] {
        let (near, far) = streams().await;
        let near = Side::start(near, &[]);
        fill(&near);
        let mut room = Box::pin(near.session.room());
        tokio::select! {
            biased;
            () = &mut room => panic!("room without a reader"),
            () = std::future::ready(()) => {}
        }
        if by_us {
            near.session.close(Code::Left, "bye");
        } else {
            far.writer.shutdown();
        }
        room.await;
        drop(far);
    }
}
