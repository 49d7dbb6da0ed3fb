//! Strangers and peers that ask for too much: others are served all the same.

use std::net::SocketAddr;

use holm::env::Endpoint;
use holm::{CallError, Code, ConnectError, Node, RemoteSpawnError};
use holm_node::access::Access;
use holm_node::{AdmissionLimits, Rate};
use holm_wire::RequestId;
use holm_wire::signal::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::actors::Log;
use crate::raw::Raw;
use crate::support::*;

/// A node that listens on loopback.
async fn server(limits: AdmissionLimits, access: Access) -> Node {
    let at = "tcp:127.0.0.1:0".parse().unwrap();
    let node = Node::builder("s@x").listen(at).spawnable::<Log>().admission(limits).access(access);
    node.start().await.unwrap()
}

fn address(node: &Node) -> SocketAddr {
    match &node.endpoints()[0] {
        Endpoint::Tcp { host, port } => format!("{host}:{port}").parse().unwrap(),
        other => panic!("{other}"),
    }
}

/// A connection from an address of this machine.
async fn stranger(from: [u8; 4], to: &Node) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((from, 0))).unwrap();
    socket.connect(address(to)).await.unwrap()
}

async fn client(name: &str) -> Node {
    Node::builder(name).start().await.unwrap()
}

/// Returns when the counters are as wanted.
async fn count(node: &Node, wanted: impl Fn(&holm_node::AdmissionCounters) -> bool) {
    while !wanted(&node.admission_counters()) {
        tokio::task::yield_now().await;
    }
}

/// Holds so many connections: silent ones, slow ones, and some that send garbage.
async fn bad_clients(to: &Node, many: usize, from: impl Fn(usize) -> [u8; 4]) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for n in 0..many {
        let mut stream = stranger(from(n), to).await;
        // Whoever was closed at once already cannot send.
        let _ = match n % 3 {
            0 => Ok(()),
            // The beginning of a frame that never comes.
            1 => stream.write_all(&[20]).await,
            _ => stream.write_all(&[0xff; 64]).await,
        };
        held.push(stream);
    }
    held
}

/// While 200 connections are held by strangers, a peer gets in, and not because their time is up.
async fn is_admitted_among(from: impl Fn(usize) -> [u8; 4]) -> holm_node::AdmissionCounters {
    const BAD: usize = 200;
    let server = server(AdmissionLimits::default(), Access::default()).await;
    let held = bad_clients(&server, BAD, from).await;
    let peer = client("p@x").await;
    connect(&peer, &server).await;
    let counters = server.admission_counters();
    // Garbage fails by itself; nothing else has failed yet.
    assert!(counters.broken <= BAD.div_ceil(3) as u64, "{counters:?}");
    drop(held);
    server.stop().await;
    counters
}

#[tokio::test]
async fn a_peer_gets_in_among_bad_clients_of_one_source() {
    let counters = is_admitted_among(|_| [127, 0, 0, 2]).await;
    assert!(counters.over_share > 0 && counters.displaced == 0, "{counters:?}");
}

#[tokio::test]
async fn a_peer_gets_in_among_bad_clients_of_many_sources() {
    let counters = is_admitted_among(|n| [127, 0, 1, n as u8]).await;
    assert_eq!((counters.over_share, counters.over_rate), (0, 0), "{counters:?}");
}

/// As many as there are places, all silent, each from a source of its own: the oldest gives way.
#[tokio::test]
async fn a_silent_client_gives_way() {
    const PLACES: usize = 4;
    let limits = AdmissionLimits { pending_max: PLACES, ..AdmissionLimits::default() };
    let server = server(limits, Access::default()).await;
    let mut held = Vec::new();
    for n in 0..PLACES {
        held.push(stranger([127, 0, 1, n as u8], &server).await);
    }
    count(&server, |counters| counters.connections == PLACES as u64).await;
    let peer = client("p@x").await;
    connect(&peer, &server).await;
    let counters = server.admission_counters();
    assert_eq!((counters.displaced, counters.broken), (1, 0), "{counters:?}");
    assert_eq!(held[0].read(&mut [0]).await.unwrap(), 0, "the oldest was closed");
}

/// The same from the peer's own source: its share is taken, and the oldest of it gives way.
#[tokio::test]
async fn a_source_that_holds_its_share_loses_its_own_oldest() {
    const SHARE: usize = 2;
    let limits = AdmissionLimits {
        pending_share: SHARE,
        pending_grace: std::time::Duration::ZERO,
        ..AdmissionLimits::default()
    };
    let server = server(limits, Access::default()).await;
    let mut other = stranger([127, 0, 0, 2], &server).await;
    let mut held = Vec::new();
    for _ in 0..SHARE {
        held.push(stranger([127, 0, 0, 1], &server).await);
    }
    count(&server, |counters| counters.connections == SHARE as u64 + 1).await;
    let peer = client("p@x").await;
    connect(&peer, &server).await;
    assert_eq!(held[0].read(&mut [0]).await.unwrap(), 0, "the oldest was closed");
    assert_eq!(server.admission_counters().displaced, 1);
    other.write_all(&[20]).await.unwrap();
}

/// Whoever guesses tokens is closed at once after a few; other addresses are heard.
#[tokio::test]
async fn a_source_that_fails_too_often_is_refused_at_once() {
    let limits = AdmissionLimits {
        failures_free: 2,
        refusal_min: std::time::Duration::from_secs(600),
        refusal_max: std::time::Duration::from_secs(600),
        ..AdmissionLimits::default()
    };
    let server = Node::builder("s@x")
        .listen("tcp:127.0.0.1:0".parse().unwrap())
        .security(crate::secured::insecure())
        .token(crate::secured::secret("right"))
        .admission(limits);
    let server = server.start().await.unwrap();
    let peer = Node::builder("p@x")
        .security(crate::secured::insecure())
        .token(crate::secured::secret("wrong"));
    let peer = peer.start().await.unwrap();
    for n in 1..=3 {
        let why = peer.connect(&server.endpoints()[0]).await.unwrap_err().to_string();
        assert!(why.contains("token is wrong"), "{why}");
        count(&server, |counters| counters.unproven == n).await;
    }
    for n in 1..=3 {
        assert!(peer.connect(&server.endpoints()[0]).await.is_err());
        count(&server, |counters| counters.after_failures == n).await;
    }
    // A source of its own fails by itself.
    let mut other = stranger([127, 0, 0, 2], &server).await;
    other.write_all(&[0xff; 64]).await.unwrap();
    count(&server, |counters| counters.broken == 1).await;
    assert_eq!(server.admission_counters().unproven, 3);
}

#[tokio::test]
async fn a_source_that_connects_too_often_is_told_and_closed() {
    let limits =
        AdmissionLimits { connections: Rate::per_second(1).burst(3), ..AdmissionLimits::default() };
    let server = server(limits, Access::default()).await;
    let mut said = Vec::new();
    for _ in 0..10 {
        let mut stream = stranger([127, 0, 0, 2], &server).await;
        let mut buffer = Vec::new();
        // What is refused is told why and closed; of the others nothing comes yet.
        let admitted = server.admission_counters();
        count(&server, |counters| counters.connections > admitted.connections).await;
        if server.admission_counters().over_rate > admitted.over_rate {
            stream.read_to_end(&mut buffer).await.unwrap();
            said.push(String::from_utf8_lossy(&buffer).into_owned());
        }
    }
    assert!(said.len() >= 5, "{said:?}");
    assert!(said.iter().all(|words| words.contains("too many connections")), "{said:?}");
    let peer = client("p@x").await;
    connect(&peer, &server).await;
}

#[tokio::test]
async fn there_are_only_so_many_sessions() {
    let net = Net::default();
    let limits = AdmissionLimits { sessions_max: 1, ..AdmissionLimits::default() };
    for server in ["a@x", "z@x"] {
        let server = net.builder(server).admission(limits).start().await.unwrap();
        let (one, two) = (net.start("m1@x").await, net.start("m2@x").await);
        connect(&one, &server).await;
        let Err(ConnectError::Handshake { source, .. }) = two.connect(&server.endpoints()[0]).await
        else {
            panic!("it was let in");
        };
        assert!(source.to_string().contains("overloaded"), "{source}");
        assert_eq!(server.admission_counters().no_seat, 1);
        // Also for those whom it dials.
        let why = server.connect(&two.endpoints()[0]).await.unwrap_err().to_string();
        assert!(why.contains("as many sessions as it may"), "{why}");
        let end = server.monitor_node(one.name());
        one.disconnect(server.name());
        end.await;
        connect(&two, &server).await;
        for node in [server, one, two] {
            node.stop().await;
        }
    }
}

/// A flood is refused with when to try again; another peer's calls are answered meanwhile.
#[tokio::test]
async fn a_flood_of_requests_is_throttled_and_others_are_answered() {
    const CALLS: usize = 3_000;
    let net = Net::default();
    let limits = AdmissionLimits { requests: Rate::per_second(200), ..AdmissionLimits::default() };
    let server = net.builder("s@x").admission(limits).start().await.unwrap();
    let (bad, good) = (net.start("bad@x").await, net.start("good@x").await);
    for peer in [&bad, &good] {
        connect(peer, &server).await;
    }
    let log = server.spawn(Log::default());
    let (flooded, calm) = (reach(&bad, &log), reach(&good, &log));
    let mut flood = Vec::new();
    for _ in 0..CALLS {
        let mut call = Box::pin(flooded.count().into_future());
        begin(&mut call).await;
        flood.push(call);
    }
    for _ in 0..100 {
        calm.count().await.unwrap();
    }
    let (mut answered, mut refused) = (0, 0);
    for call in flood {
        match call.await {
            Ok(_) => answered += 1,
            Err(CallError::Refused(error)) => {
                assert_eq!(error.code, Code::Overloaded);
                assert!(error.retryable && error.retry_after().is_some(), "{error}");
                refused += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(answered >= 180 && refused > CALLS / 2, "{answered} answered, {refused} refused");
    let counters = server.admission_counters();
    assert!(counters.overloaded >= refused as u64 && counters.paced > 0, "{counters:?}");
    assert_eq!(server.nodes().len(), 2, "the session lives");
}

/// Messages cannot be refused: their session is read at the rate, and nothing is lost.
#[tokio::test(start_paused = true)]
async fn a_flood_of_messages_is_slowed_down() {
    const MESSAGES: u64 = 3_000;
    let net = Net::default();
    let limits = AdmissionLimits {
        requests: Rate::per_second(1_000).burst(100),
        ..AdmissionLimits::default()
    };
    let server = net.builder("s@x").admission(limits).start().await.unwrap();
    let bad = net.start("bad@x").await;
    connect(&bad, &server).await;
    let log = server.spawn(Log::default());
    let there = reach(&bad, &log);
    let begun = tokio::time::Instant::now();
    for n in 0..MESSAGES {
        there.send().note(n).await.unwrap();
    }
    // A call comes behind them, but may be refused.
    let entries = loop {
        match there.entries().await {
            Ok(entries) => break entries,
            Err(CallError::Refused(error)) => {
                tokio::time::sleep(error.retry_after().unwrap()).await;
            }
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(entries, (0..MESSAGES).collect::<Vec<_>>());
    assert!(server.admission_counters().paced > 0);
    // Of virtual time. What is read in one go may be forgiven in part.
    assert!(begun.elapsed().as_millis() >= 500, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn bytes_are_read_at_the_rate() {
    const BYTES: usize = 1 << 20;
    let net = Net::default();
    let limits = AdmissionLimits {
        bytes: Rate::per_second(BYTES as u64).burst(64 << 10),
        ..AdmissionLimits::default()
    };
    let server = net.builder("s@x").admission(limits).start().await.unwrap();
    let bad = net.start("bad@x").await;
    connect(&bad, &server).await;
    let (_probe, there) = probe(&bad, &server);
    let begun = tokio::time::Instant::now();
    for _ in 0..4 {
        assert_eq!(there.echo(vec![7; BYTES]).await.unwrap().len(), BYTES);
    }
    let elapsed = begun.elapsed().as_secs_f64();
    assert!((3.5..5.0).contains(&elapsed), "of virtual time: {elapsed}");
}

#[tokio::test]
async fn spawns_have_a_rate_of_their_own() {
    let net = Net::default();
    let limits =
        AdmissionLimits { spawns: Rate::per_second(1).burst(5), ..AdmissionLimits::default() };
    let server = net.builder("s@x").admission(limits).start().await.unwrap();
    let bad = net.start("bad@x").await;
    connect(&bad, &server).await;
    let mut refused = 0;
    for _ in 0..50 {
        match bad.spawn_on::<Log>(server.name(), Log::default()).await {
            Ok(_) => {}
            Err(RemoteSpawnError::Refused(error)) => {
                assert!(error.code == Code::Overloaded && error.retry_after().is_some(), "{error}");
                refused += 1;
                if refused == 1 {
                    // Calls are not touched.
                    reach(&bad, &server.spawn(Log::default())).count().await.unwrap();
                }
            }
            Err(other) => panic!("{other}"),
        }
        if refused == 3 {
            return;
        }
    }
    panic!("50 were spawned");
}

#[tokio::test]
async fn a_flood_of_cancels_ends_the_session() {
    let net = Net::default();
    let limits =
        AdmissionLimits { cancels: Rate::per_second(1).burst(10), ..AdmissionLimits::default() };
    let server = net.builder("s@x").admission(limits).start().await.unwrap();
    let good = net.start("good@x").await;
    connect(&good, &server).await;
    let mut raw = Raw::connect(&net, &server).await;
    for id in 0..100 {
        raw.push(&Signal::Cancel { id: RequestId::from_u64(2 * id + 1).unwrap() });
    }
    raw.write().await;
    let (code, message) = raw.closed().await;
    assert_eq!((code, message.as_str()), (Code::Overloaded, "too many cancels"));
    assert_eq!(server.admission_counters().floods, 1);
    reach(&good, &server.spawn(Log::default())).count().await.unwrap();
}
