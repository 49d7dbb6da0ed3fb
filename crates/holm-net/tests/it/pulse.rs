//! Ticks, silence and stalls, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use holm_env::{Connection, Env};
use holm_net::{End, Session};
use holm_wire::handshake::Features;
use holm_wire::session::{Order, Terms};
use holm_wire::{FrameHead, Kind, Limits, Side};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{Event, Recorder, streams, write};

const TICK: [u8; 4] = [3, Kind::Tick as u8, 0, 0];

fn start(connection: Connection, features: Features) -> (Arc<Session<()>>, mpsc::Receiver<Event>) {
    let terms = Terms { side: Side::Dialled, features, ..Limits::default().into() };
    let (sender, events) = mpsc::channel(100);
    let session = Arc::new(Session::new(connection.writer, terms, ()));
    let env = Env::tokio().unwrap();
    session.start(&env, connection.reader, &[], Recorder::new(sender));
    (session, events)
}

/// How the session ended, and how long that took.
async fn end(events: &mut mpsc::Receiver<Event>) -> (End, Duration) {
    let start = Instant::now();
    match events.recv().await.unwrap() {
        Event::End(end) => (end, start.elapsed()),
        other => panic!("{other:?}"),
    }
}

/// Queues far more than the kernel takes.
fn fill(session: &Session<()>) {
    session.append(|out| {
        for _ in 0..100 {
            let write = |bytes: &mut Vec<u8>| bytes.resize(bytes.len() + 60_000, 0);
            out.push(FrameHead::new(Kind::Send), Order::Free, write).unwrap();
        }
    });
    session.flush();
}

#[tokio::test(start_paused = true)]
async fn two_quiet_sides_stay_up() {
    let (near, far) = streams().await;
    let (_near, mut events) = start(near, Features::TICKS);
    let (_far, _events) = start(far, Features::TICKS);
    let ended = timeout(Duration::from_secs(3600), events.recv()).await;
    assert!(ended.is_err(), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_session_within_its_time() {
    let (near, _far) = streams().await;
    let (_session, mut events) = start(near, Features::TICKS);
    let (end, took) = end(&mut events).await;
    assert!(matches!(end, End::Silent(_)), "{end:?}");
    assert!((8..=10).contains(&took.as_secs()), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_ticks_may_be_silent() {
    let (near, _far) = streams().await;
    let (_session, mut events) = start(near, Features::default());
    let ended = timeout(Duration::from_secs(3600), events.recv()).await;
    assert!(ended.is_err(), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_ticks_but_does_not_read_stays() {
    let (near, far) = streams().await;
    let (session, mut events) = start(near, Features::TICKS);
    fill(&session);
    for _ in 0..100 {
        sleep(Duration::from_secs(3)).await;
        write(&far, &TICK).await;
    }
    assert!(events.try_recv().is_err());
    let (end, _) = end(&mut events).await;
    assert!(matches!(end, End::Silent(_)), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn no_progress_in_silence_ends_a_session() {
    let (near, _far) = streams().await;
    let (session, mut events) = start(near, Features::default());
    fill(&session);
    let (end, took) = end(&mut events).await;
    assert!(matches!(end, End::Stalled(_)), "{end:?}");
    assert!((30..=34).contains(&took.as_secs()), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn ticks_only_when_nothing_else_is_sent() {
    let (near, mut far) = streams().await;
    let (session, _events) = start(near, Features::TICKS);
    let mut seen = Vec::new();
    for busy in [true, false] {
        for _ in 0..20 {
            if busy {
                session.append(|out| {
                    out.push(FrameHead::new(Kind::Send), Order::Free, |_| {}).unwrap();
                });
                session.flush();
            }
            sleep(Duration::from_millis(500)).await;
            write(&far, &TICK).await;
        }
        let mut buffer = [0; 4096];
        let n = std::future::poll_fn(|cx| far.reader.poll_read(cx, &mut buffer)).await.unwrap();
        let (frames, rest) = buffer[..n].as_chunks::<4>();
        assert_eq!(rest, []);
        seen.push(frames.iter().filter(|frame| **frame == TICK).count());
    }
    assert_eq!(seen[0], 0, "beside other frames");
    assert!((3..=5).contains(&seen[1]), "in 10 s, one at every other look: {seen:?}");
}
