//! Peers that speak the protocol and mean harm.

use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice};

use holm::{Code, Node, Pid, Remote};
use holm_env::Transport as _;
use holm_net::handshake::{Peering, dial};
use holm_wire::handshake::{Dial, Hello, Introduction};
use holm_wire::session::{Inbound, Order, Outbound, Payload, Sink};
use holm_wire::signal::{Signal, Target};
use holm_wire::{
    AttemptNo, BodyCodec, FrameHead, Incarnation, Limits, MethodId, RequestIds, Side, Violation,
};

use crate::actors::{Log, Probe};
use crate::support::*;

/// The raw end of a session with `node`.
struct Raw {
    peering: Peering,
    out: Outbound,
    ids: RequestIds,
}

impl Raw {
    async fn connect(net: &Net, node: &Node) -> Self {
        let to = &node.endpoints()[0];
        let connection = net.transport().dial(to).await.unwrap();
        let attempt = AttemptNo(1.try_into().unwrap());
        let from =
            Introduction::new("holm".parse().unwrap(), "evil@x".parse().unwrap(), Incarnation(1));
        let hello = Hello { dial: Dial { attempt, gone: None }, from };
        let peering = dial(connection, hello, |_| Ok(())).await.unwrap();
        let (out, ids) = (Outbound::new(Limits::default()), RequestIds::new(Side::Dialled));
        Self { peering, out, ids }
    }

    fn push(&mut self, signal: &Signal<'_>) {
        self.out.push(signal.head(), Order::Free, |bytes| signal.encode(bytes)).unwrap();
    }

    /// Defines the next method.
    fn define<A: Remote>(&mut self, id: u32, tag: &str) -> MethodId {
        let info = &A::TABLE.methods.iter().find(|method| method.info.tag == tag).unwrap().info;
        let (actor_type, fingerprint) = (info.actor_type, (info.fingerprint)());
        self.push(&Signal::Define { method: MethodId(id), actor_type, tag, fingerprint });
        MethodId(id)
    }

    /// Calls a method without arguments.
    fn call(&mut self, pid: Pid, method: MethodId) {
        let (id, to) = (self.ids.allocate(), Target::Serial(pid.serial));
        let codec = BodyCodec::Positional;
        self.push(&Signal::Call { id, to, method, codec, deadline_ms: None, body: &[] });
    }

    /// Writes what was pushed. `false` if the session has ended.
    async fn write(&mut self) -> bool {
        let writer = &self.peering.connection.writer;
        while !self.out.is_empty() {
            let mut segments = [IoSlice::new(&[]); 8];
            let used = self.out.segments(&mut segments);
            match writer.try_write_vectored(&segments[..used]) {
                Ok(n) => self.out.consumed(n),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    poll_fn(|cx| writer.poll_writable(cx)).await.unwrap();
                }
                Err(_) => return false,
            }
        }
        true
    }

    async fn write_bytes(&mut self, bytes: &[u8]) {
        self.peering.connection.writer.try_write_vectored(&[IoSlice::new(bytes)]).unwrap();
    }
}

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
