//! Ticks, silence and stalls, in virtual time; and in real time, without a runtime that runs.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use holm_env::{Connection, Endpoint, Env, TokioTransport, Transport};
use holm_net::{End, Pulse, Session};
use holm_wire::handshake::Features;
use holm_wire::session::{Order, Patience, Terms};
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
    session.start(&env, None, connection.reader, &[], Recorder::new(sender));
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

/// A tick waits to be read all the time, and ticks are written for many times what is silence.
#[test]
fn a_blocked_runtime_neither_looks_dead_nor_takes_others_for_dead() {
    const STUCK: Duration = Duration::from_secs(20);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at: Endpoint = format!("tcp:{}", listener.local_addr().unwrap()).parse().unwrap();
    let (release, released) = std::sync::mpsc::sync_channel(1);
    let peer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(STUCK)).unwrap();
        stream.write_all(&TICK).unwrap();
        let mut ticks = [TICK; 20];
        stream.read_exact(ticks.as_flattened_mut()).unwrap();
        assert_eq!(ticks, [TICK; 20]);
        release.send(()).unwrap();
        stream
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let connection = TokioTransport.dial(&at).await.unwrap();
        let limits = Limits { tick_ms: 10, ..Limits::default() };
        let terms = Terms { features: Features::TICKS, ..limits.into() };
        let patience = Patience { silence: Duration::from_millis(40), ..Patience::default() };
        let session = Session::new(connection.writer, terms, ()).patience(patience);
        let (sender, mut events) = mpsc::channel(100);
        let (pulse, env) = (Pulse::start().unwrap(), Env::tokio().unwrap());
        let recorder = Recorder::new(sender);
        Arc::new(session).start(&env, Some(&pulse), connection.reader, &[], recorder);
        released.recv_timeout(STUCK).unwrap();
        assert!(events.try_recv().is_err(), "it has ended");
        // Now it is read, and nothing follows.
        let (end, _) = end(&mut events).await;
        assert!(matches!(end, End::Silent(_)), "{end:?}");
    });
    drop(peer.join().unwrap());
}
