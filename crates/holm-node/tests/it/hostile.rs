//! Peers that speak the protocol and mean harm.

use std::future::poll_fn;

use holm::{Code, ExitReason};
use holm_wire::body::encode_positional;
use holm_wire::control::Control;
use holm_wire::session::{Inbound, Payload, Sink};
use holm_wire::signal::{Signal, Target, Watch};
use holm_wire::{
    BodyCodec, Fingerprint, FrameHead, Limits, MethodId, MonitorId, Serial, Violation,
};

use crate::actors::{Log, Probe};
use crate::pressure::room_for;
use crate::raw::{Heard, Raw};
use crate::support::*;

/// Counts the answers.
#[derive(Default)]
struct Answers {
    replies: usize,
    overloaded: usize,
    other: usize,
}

impl Sink for Answers {
    fn frame(&mut self, head: FrameHead, payload: Payload<'_>) -> Result<(), Violation> {
        match Signal::decode(head, payload.as_slice()) {
            Ok(Signal::Reply { .. }) => self.replies += 1,
            Ok(Signal::ReplyError { error, .. }) if error.code == Code::Overloaded => {
                self.overloaded += 1;
            }
            _ => self.other += 1,
        }
        Ok(())
    }
}

/// Calls for large replies that it does not read: some of them are refused, and when it does
/// read, every request was answered one way or the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_that_nobody_reads_are_bounded() {
    const CALLS: usize = 6_000;
    const LENGTH: usize = 8 << 10;
    let net = Net::default();
    let server = net.start("s@x").await;
    let log = server.spawn(Log { entries: vec![u64::MAX / 2; LENGTH] });
    let mut raw = Raw::connect(&net, &server).await;
    let entries = raw.define::<Log>(0, "entries");
    let hold = raw.define::<Probe>(1, "hold");
    let probe = Probe::default();
    let last = server.spawn(probe.clone());
    for _ in 0..CALLS {
        raw.call(log.pid(), entries);
    }
    raw.call(last.pid(), hold);
    assert!(raw.write().await);
    // All were delivered, and this call comes behind them.
    probe.entered.notified().await;
    assert_eq!(log.count().await, Ok(LENGTH as u64));
    let mut inbound = Inbound::new(Limits::default(), &raw.peering.already_read);
    let mut answers = Answers::default();
    let reader = &mut raw.peering.connection.reader;
    while answers.replies + answers.overloaded < CALLS {
        let n = poll_fn(|cx| reader.poll_read(cx, inbound.buffer())).await.unwrap();
        assert_ne!(n, 0, "the session ended");
        inbound.handle_read(n, &mut answers).unwrap();
    }
    assert!(answers.overloaded > 0, "{} replies were queued", answers.replies);
    assert!(answers.replies * LENGTH > holm_net::QUEUE_BYTES_MAX / 10, "{}", answers.replies);
    assert_eq!(server.nodes().len(), 1, "the session lives");
}

#[tokio::test]
async fn garbage_ends_its_own_session_alone() {
    let net = Net::default();
    let (server, good) = (net.start("s@x").await, net.start("good@x").await);
    connect(&good, &server).await;
    let there = reach(&good, &server.spawn(Log::default()));
    let mut raw = Raw::connect(&net, &server).await;
    let end = server.monitor_node(&name("evil@x"));
    raw.write_bytes(&[0xff; 100]).await;
    end.await;
    there.note(1).await.unwrap();
    assert_eq!(server.nodes(), [good.name().clone()]);
}

#[tokio::test]
async fn an_undefined_method_ends_the_session() {
    let net = Net::default();
    let server = net.start("s@x").await;
    let log = server.spawn(Log::default());
    let mut raw = Raw::connect(&net, &server).await;
    let end = server.monitor_node(&name("evil@x"));
    let to = Target::Serial(log.pid().serial);
    raw.push(&Signal::Send { to, method: MethodId(7), codec: BodyCodec::Positional, body: &[] });
    raw.write().await;
    end.await;
    assert_eq!(log.count().await, Ok(0));
}

fn watch(monitor: u64) -> Watch {
    Watch { monitor: MonitorId(monitor), watcher: None }
}

#[tokio::test]
async fn a_monitor_number_is_used_once() {
    let net = Net::default();
    let server = net.start("s@x").await;
    let [one, two] = [0; 2].map(|_| server.spawn(Log::default()));
    let mut raw = Raw::connect(&net, &server).await;
    for log in [&one, &two] {
        let to = Target::Serial(log.pid().serial);
        raw.push(&Signal::Monitor { watch: watch(1), to });
    }
    raw.write().await;
    let (code, message) = raw.closed().await;
    assert_eq!(code, Code::InvalidRequest, "{message}");
}

/// What is one too many is told so, and the session lives.
#[tokio::test]
async fn monitors_of_one_peer_are_bounded() {
    const MAX: u64 = 65_536;
    let net = Net::default();
    let server = net.start("s@x").await;
    let log = server.spawn(Log::default());
    let mut raw = Raw::connect(&net, &server).await;
    let to = Target::Serial(log.pid().serial);
    for monitor in 0..=MAX {
        raw.push(&Signal::Monitor { watch: watch(monitor), to });
    }
    raw.write().await;
    raw.read(|heard| match heard {
        Heard::Signal(Signal::Down { watch, reason }) => {
            assert_eq!((watch.monitor, reason), (MonitorId(MAX), ExitReason::Noconnection));
            true
        }
        _ => false,
    })
    .await;
    // One is given back, and there is room for one.
    raw.push(&Signal::Demonitor { watch: watch(0), to });
    raw.push(&Signal::Monitor { watch: watch(MAX), to });
    raw.write().await;
    log.count().await.unwrap();
    assert_eq!(server.admission_counters().overloaded, 1);
    assert_eq!(server.nodes().len(), 1);
}

#[tokio::test]
async fn paused_actors_of_one_peer_are_bounded() {
    let net = Net::default();
    let server = net.start("s@x").await;
    let mut raw = Raw::connect(&net, &server).await;
    for serial in 1..=65_537 {
        raw.push_control(&Control::Pause(Serial::from_u64(serial)));
    }
    raw.write().await;
    assert_eq!(raw.closed().await.0, Code::Overloaded);
    assert_eq!(server.admission_counters().floods, 1);
}

/// It sends on to an actor that handles nothing, as fast as it can.
async fn ignore_pauses(length: usize) {
    const BYTES: usize = 160 << 20;
    /// Messages of one write.
    const WRITTEN: usize = 16;
    let net = Net::default();
    let server = net.start("s@x").await;
    let mut raw = Raw::connect(&net, &server).await;
    let method = raw.define::<Probe>(0, "take");
    let probe = Probe::default();
    let held = server.spawn_with(probe.clone(), room_for(4));
    let mut hold = Box::pin(held.hold());
    begin(&mut hold).await;
    probe.entered.notified().await;
    let mut body = Vec::new();
    encode_positional(&(0_u64, vec![0_u8; length]), &mut body).unwrap();
    let (to, codec) = (Target::Serial(held.pid().serial), BodyCodec::Positional);
    for _ in 0..BYTES / length / WRITTEN {
        for _ in 0..WRITTEN {
            raw.push(&Signal::Send { to, method, codec, body: &body });
        }
        if !raw.write().await {
            break;
        }
    }
    assert_eq!(raw.closed().await.0, Code::Overloaded);
    assert_eq!(server.admission_counters().floods, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_ignores_pauses_loses_the_session() {
    ignore_pauses(32 << 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_ignores_pauses_of_small_messages_loses_the_session() {
    ignore_pauses(8 << 10).await;
}

/// Of one write, and so of one read.
#[tokio::test]
async fn messages_that_follow_each_other_go_to_their_own_receivers() {
    let net = Net::default();
    let server = net.start("s@x").await;
    let mut raw = Raw::connect(&net, &server).await;
    let note = raw.define::<Log>(0, "note");
    let [first, second, ended] = std::array::from_fn(|_| server.spawn(Log::default()));
    ended.kill();
    server.monitor(ended.pid()).await;
    let codec = BodyCodec::Positional;
    let logs = [&first, &first, &second, &ended, &second, &first, &ended, &first];
    for (n, log) in logs.into_iter().enumerate() {
        let mut body = Vec::new();
        encode_positional(&(n as u64,), &mut body).unwrap();
        let to = Target::Serial(log.pid().serial);
        raw.push(&Signal::Send { to, method: note, codec, body: &body });
    }
    raw.call(first.pid(), note);
    raw.write().await;
    // The call, which lacks its argument, came last.
    raw.read(|heard| matches!(heard, Heard::Signal(Signal::ReplyError { .. }))).await;
    assert_eq!(first.entries().await.unwrap(), [0, 1, 5, 7]);
    assert_eq!(second.entries().await.unwrap(), [2, 4]);
    assert_eq!(server.dead_letters().noproc, 2);
}

/// Too large for the reader to look at: the receiver finds that they are damaged.
#[tokio::test]
async fn large_messages_that_do_not_decode_are_refused() {
    let net = Net::default();
    let server = net.start("s@x").await;
    let mut raw = Raw::connect(&net, &server).await;
    let method = raw.define::<Probe>(0, "echo");
    let probe = server.spawn(Probe::default());
    let mut body = Vec::new();
    encode_positional(&(vec![0_u8; 200 << 10],), &mut body).unwrap();
    body.pop();
    let (to, codec) = (Target::Serial(probe.pid().serial), BodyCodec::Positional);
    raw.push(&Signal::Send { to, method, codec, body: &body });
    raw.call_with(probe.pid(), method, &body);
    assert!(raw.write().await);
    raw.read(|heard| match heard {
        Heard::Signal(Signal::ReplyError { error, .. }) => {
            assert_eq!(error.code, Code::InvalidRequest);
            true
        }
        Heard::Signal(_) | Heard::Control(_) => false,
    })
    .await;
    assert_eq!(server.dead_letters().refused, 1);
    assert_eq!(probe.echo(vec![1]).await, Ok(vec![1]));
}

#[tokio::test]
async fn names_of_methods_of_one_peer_are_bounded() {
    let net = Net::default();
    let server = net.start("s@x").await;
    let mut raw = Raw::connect(&net, &server).await;
    let (long, fingerprint) = ("m".repeat(1024), Fingerprint::from_u64(0));
    for method in (0..1025).map(MethodId) {
        raw.push(&Signal::Define { method, actor_type: &long, tag: &long, fingerprint });
    }
    raw.write().await;
    let (code, message) = raw.closed().await;
    assert_eq!(code, Code::InvalidRequest);
    assert!(message.contains("method 1024"), "{message}");
}
