//! The vectors under `testdata/`: read to the value they stand for, and written again.

use crate::{
    Log, feed,
    signals::{answers, ends, links, messages, request, serial, spawns},
};
use bytes::Bytes;
use holm_wire::{
    AttemptNo, Class, Code, ExitReason, Fingerprint, FrameHead, Incarnation, Kind, Limits, NodeId,
    Pid, Schema, Secret,
    body::{decode_positional, encode_positional},
    control::Control,
    handshake::{
        AwaitHello, Dial, Features, HandshakeFrame, HandshakeReader, Hello, Introduced,
        Introduction, Reject, Role, dial,
    },
    schema::SchemaHasher,
    session::{Inbound, Order, Outbound},
    signal::{ENVELOPE, Signal},
};
use std::{collections::BTreeMap, io::IoSlice};

/// The lines `name = bytes in hexadecimal` of a file, each to be asked for once.
pub(crate) struct Vectors(BTreeMap<&'static str, Vec<u8>>);

impl Vectors {
    pub(crate) fn of(file: &'static str) -> Self {
        let lines = file.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let vectors = lines.map(|line| {
            let (name, hex) = line.split_once(" = ").expect(line);
            let digits: String = hex.split_whitespace().collect();
            let bytes = (0..digits.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect(line))
                .collect();
            (name, bytes)
        });
        Self(vectors.collect())
    }

    /// The vector of this name, which `written` must be.
    #[track_caller]
    pub(crate) fn check(&mut self, name: &str, written: &[u8]) {
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let vector = self.0.remove(name).unwrap_or_default();
        assert_eq!(hex(&vector), hex(written), "{name} = {}", hex(written));
    }

    /// The vector of this name.
    pub(crate) fn take(&mut self, name: &str) -> Vec<u8> {
        self.0.remove(name).unwrap()
    }
}

impl Drop for Vectors {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.0.is_empty(), "not checked: {:?}", self.0.keys());
        }
    }
}

pub(crate) fn written(outbound: &mut Outbound) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !outbound.is_empty() {
        let mut iov = [IoSlice::new(&[]); 8];
        let used = outbound.segments(&mut iov);
        let lent: usize = iov[..used].iter().map(|slice| slice.len()).sum();
        iov[..used].iter().for_each(|slice| bytes.extend_from_slice(slice));
        outbound.consumed(lent);
    }
    bytes
}

fn frame(head: FrameHead, payload: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut outbound = Outbound::new(Limits::default());
    outbound.push(head, Order::Free, payload).unwrap();
    written(&mut outbound)
}

fn read(bytes: &[u8]) -> (FrameHead, Vec<u8>) {
    let mut log = Log::default();
    feed(&mut Inbound::new(Limits::default(), &[]), bytes, &mut log).unwrap();
    assert_eq!(log.0.len(), 1);
    log.0.remove(0)
}

#[test]
fn session_frames() {
    let mut vectors = Vectors::of(include_str!("../../testdata/session.hex"));
    let all = [messages(), answers(), ends(), spawns(), links()];
    for (name, signal) in all.into_iter().flatten() {
        let bytes = frame(signal.head(), |out| signal.encode(out));
        vectors.check(name, &bytes);
        let (head, payload) = read(&bytes);
        assert_eq!(Signal::decode(head, &payload), Ok(signal), "{name}");
    }
    for (name, control) in [
        ("tick", Control::Tick),
        ("pause", Control::Pause(Some(serial(300)))),
        ("resume", Control::Resume(Some(serial(300)))),
        ("pause_all", Control::Pause(None)),
        ("resume_all", Control::Resume(None)),
        ("close", Control::Close { code: Code::Left, message: "node stops" }),
    ] {
        let bytes = frame(control.head(), |out| control.encode(out));
        vectors.check(name, &bytes);
        let (head, payload) = read(&bytes);
        assert_eq!(Control::decode(head, &payload), Ok(control), "{name}");
    }
    // A length of two bytes.
    let bytes = frame(FrameHead::new(Kind::Send), |out| {
        out.resize(out.len() + 125, 0xaa);
    });
    vectors.check("long_head", &bytes[..5]);
    assert_eq!(bytes.len(), 5 + 125);
}

/// Those of the first release.
pub(crate) fn limits() -> Limits {
    Limits { chunk_max: 64 * 1024, ..Limits::default() }
}

#[test]
fn chunks() {
    let mut vectors = Vectors::of(include_str!("../../testdata/chunks.hex"));
    let payload = Bytes::from(vec![0xaa; 2 * 64 * 1024 + 1]);
    let mut outbound = Outbound::new(limits());
    let head = FrameHead::of_request(Kind::Reply, request(7));
    outbound.push_bytes(head, Order::Free, &payload).unwrap();
    let bytes = written(&mut outbound);
    assert_eq!(read(&bytes), (head, payload.to_vec()));
    let mut heads = bytes.split(|&byte| byte == 0xaa).filter(|head| !head.is_empty());
    for name in ["first_head", "middle_head", "last_head"] {
        vectors.check(name, heads.next().unwrap());
    }
    assert_eq!(heads.next(), None);
}

pub(crate) fn introduction(node: &str) -> Introduction {
    let (cluster, node) = ("main".parse().unwrap(), node.parse().unwrap());
    let mut it = Introduction::new(cluster, node, Incarnation(1000));
    it.limits = limits();
    it
}

fn full_introduction() -> Introduction {
    let mut it = introduction("b@h:2");
    it.role = Role::Worker;
    it.features = Features(5);
    it.compression = vec![1, 2];
    it.build = "holm 0.1.0".to_owned();
    it.types = Some(Fingerprint::from_u64(0x0123_4567_89ab_cdef));
    it.token = Some(Secret::new(b"token".to_vec()));
    it.endpoints = vec!["tcp:h:2".to_owned(), "unix:/run/b".to_owned()];
    it
}

pub(crate) fn handshake_frame(bytes: &[u8]) -> HandshakeFrame {
    let mut reader = HandshakeReader::new();
    reader.buffer()[..bytes.len()].copy_from_slice(bytes);
    reader.handle_read(bytes.len());
    let frame = reader.poll_frame().unwrap().unwrap();
    assert_eq!(reader.rest(), []);
    frame
}

#[test]
fn handshake_frames() {
    let mut vectors = Vectors::of(include_str!("../../testdata/handshake.hex"));
    let attempt = |n: u64| AttemptNo(n.try_into().unwrap());
    let hello = Hello {
        dial: Dial { attempt: attempt(3), gone: Some(attempt(200)), is_blind: false },
        from: full_introduction(),
    };
    let mut bytes = Vec::new();
    let waiting = dial(hello.clone(), &mut bytes);
    vectors.check("hello", &bytes);
    assert_eq!(handshake_frame(&bytes), HandshakeFrame::Hello(hello));

    let greeted = AwaitHello.handle_frame(handshake_frame(&bytes)).unwrap();
    let mut bytes = Vec::new();
    greeted.welcome(introduction("a@h:1"), &mut bytes).unwrap();
    vectors.check("welcome", &bytes);
    let welcome = handshake_frame(&bytes);
    assert_eq!(welcome, HandshakeFrame::Welcome(introduction("a@h:1")));

    let Introduced::Committing(committing) = waiting.handle_frame(welcome).unwrap() else {
        panic!("b is greater than a");
    };
    let mut bytes = Vec::new();
    committing.commit(&mut bytes);
    vectors.check("commit", &bytes);
    assert_eq!(handshake_frame(&bytes), HandshakeFrame::Commit);

    let reject = Reject::new(Code::Duplicate, "a session is held");
    let mut bytes = Vec::new();
    reject.send(&mut bytes);
    vectors.check("reject", &bytes);
    assert_eq!(handshake_frame(&bytes), HandshakeFrame::Reject(reject));
}

/// What a peer of the first release says still means the same.
#[test]
fn the_first_release() {
    let mut vectors = Vectors::of(include_str!("../../testdata/first_release.hex"));
    let HandshakeFrame::Hello(hello) = handshake_frame(&vectors.take("hello")) else {
        panic!("no Hello")
    };
    assert_eq!(hello.from, full_introduction());
    let welcome = handshake_frame(&vectors.take("welcome"));
    assert_eq!(welcome, HandshakeFrame::Welcome(introduction("a@h:1")));
}

struct Point;

impl Schema for Point {
    fn describe(hasher: &mut SchemaHasher) {
        hasher.record::<Self>("Point", |fields| {
            fields.field::<i32>("x");
            fields.field::<Option<String>>("label");
        });
    }
}

struct Tree;

impl Schema for Tree {
    fn describe(hasher: &mut SchemaHasher) {
        hasher.choice::<Self>("Tree", |variants| {
            variants.unit("Leaf");
            variants.tuple("Branch", |elements| elements.element::<[Self]>());
        });
    }
}

#[test]
fn hashes() {
    let mut vectors = Vectors::of(include_str!("../../testdata/hashes.hex"));
    let name = "a@127.0.0.1:4000".parse().unwrap();
    let id = NodeId::of(&name, Incarnation(1000));
    vectors.check("node_id", &id.as_u64().to_le_bytes());
    for (name, fingerprint) in [
        ("fingerprint_unit", Fingerprint::of::<()>()),
        ("fingerprint_pair", Fingerprint::of::<(u8, Vec<String>)>()),
        ("fingerprint_record", Fingerprint::of::<Point>()),
        ("fingerprint_recursive", Fingerprint::of::<Tree>()),
        ("fingerprint_pid", Fingerprint::of::<Pid>()),
        ("fingerprint_exit_reason", Fingerprint::of::<ExitReason>()),
        ("envelope", ENVELOPE),
    ] {
        vectors.check(name, &fingerprint.as_u64().to_le_bytes());
    }
}

#[test]
fn bodies() {
    let mut vectors = Vectors::of(include_str!("../../testdata/bodies.hex"));
    let pid = Pid { node: NodeId::from_u64(0xab).unwrap(), serial: serial(300) };
    let value = (-5_i64, true, "hé".to_owned(), Some(vec![1_u16, 300]), pid, 0.5_f64);
    let mut bytes = Vec::new();
    encode_positional(&value, &mut bytes).unwrap();
    vectors.check("tuple", &bytes);
    assert_eq!(decode_positional(&bytes), Ok(value));
    let value = ExitReason::Shutdown("bye".into());
    let mut bytes = Vec::new();
    encode_positional(&value, &mut bytes).unwrap();
    vectors.check("exit_reason", &bytes);
    assert_eq!(decode_positional(&bytes), Ok(value));
}

/// The numbers that the vectors do not show.
#[test]
fn kinds_classes_and_codes() {
    let mut vectors = Vectors::of(include_str!("../../testdata/numbers.hex"));
    let kinds: Vec<u8> = Kind::ALL.iter().flat_map(|k| [*k as u8, k.class() as u8]).collect();
    vectors.check("kinds", &kinds);
    let codes: Vec<u8> = Code::ALL.iter().flat_map(|c| c.as_u16().to_le_bytes()).collect();
    vectors.check("codes", &codes);
    assert_eq!(Class::Bulk as u8, 4);
}
