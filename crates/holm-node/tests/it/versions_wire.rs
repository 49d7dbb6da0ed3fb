//! How it becomes known which bodies a peer reads, frame by frame.

use holm::prelude::*;
use holm::{Node, Pid, Remote};
use holm_wire::handshake::Features;
use holm_wire::signal::{Signal, Target};
use holm_wire::value::Value;
use holm_wire::{
    BodyCodec, Code, Fingerprint, Incarnation, MethodId, NodeId, RequestId, RequestIds, Serial,
    Side, body,
};

use crate::raw::{Heard, Raw};
use crate::support::*;

struct Till(u64);

#[actor(name = "wire.till")]
impl Till {
    async fn add(&mut self, by: u64) -> u64 {
        self.0 += by;
        self.0
    }
}

struct Vault;

#[actor(name = "wire.vault", strict)]
impl Vault {
    async fn open(&mut self, code: u8) -> bool {
        code == 1
    }
}

fn fingerprint<A: Remote>() -> Fingerprint {
    (A::TABLE.methods[0].info.fingerprint)()
}

/// An actor of the raw peer.
fn theirs() -> Pid {
    let node = NodeId::of(&"evil@x".parse().unwrap(), Incarnation(1));
    Pid { node, serial: Serial::from_u64(5).unwrap() }
}

/// The codec of what the node sends next, and the fingerprint that it defined before, if it did.
async fn sent(raw: &mut Raw) -> (BodyCodec, Option<Fingerprint>) {
    let (mut codec, mut defined) = (None, None);
    raw.read(|heard| {
        match heard {
            Heard::Signal(Signal::Define { fingerprint, .. }) => defined = Some(fingerprint),
            Heard::Signal(Signal::Send { codec: of, .. }) => codec = Some(of),
            Heard::Signal(_) | Heard::Control(_) => {}
        }
        codec.is_some()
    })
    .await;
    (codec.unwrap(), defined)
}

async fn peer(features: Features) -> (Node, Raw) {
    let net = Net::default();
    let node = net.start("a@x").await;
    let events = node.events();
    let raw = Raw::with_features(&net, &node, features).await;
    until(events, &holm::NodeEvent::Up(name("evil@x"))).await;
    (node, raw)
}

/// Answers the definition of the first method, and waits until the node knows that.
async fn tell_known(node: &Node, raw: &mut Raw, fingerprint: Fingerprint) {
    raw.push(&Signal::Known { method: MethodId(0), fingerprint });
    // An answer to this comes after that was read.
    let watch = holm_wire::signal::Watch { monitor: holm_wire::MonitorId(1), watcher: None };
    raw.push(&Signal::Monitor { watch, to: Target::Name("nobody") });
    assert!(raw.write().await);
    raw.read(|heard| matches!(heard, Heard::Signal(Signal::Down { .. }))).await;
    assert_eq!(node.nodes().len(), 1);
}

#[tokio::test]
async fn bodies_go_in_both_ways_until_the_peer_says_what_it_holds() {
    for (theirs_is, then) in [
        (fingerprint::<Till>(), BodyCodec::Positional),
        (Fingerprint::from_u64(7), BodyCodec::Named),
    ] {
        let (node, mut raw) = peer(Features::NAMED).await;
        let till = node.system().reference::<Till>(theirs());
        till.cast().add(300).unwrap();
        assert_eq!(sent(&mut raw).await, (BodyCodec::Both, Some(fingerprint::<Till>())));
        till.cast().add(300).unwrap();
        assert_eq!(sent(&mut raw).await, (BodyCodec::Both, None));
        tell_known(&node, &mut raw, theirs_is).await;
        till.cast().add(300).unwrap();
        assert_eq!(sent(&mut raw).await, (then, None));
        // The first word holds.
        raw.push(&Signal::Known { method: MethodId(0), fingerprint: fingerprint::<Till>() });
        till.cast().add(300).unwrap();
        assert_eq!(sent(&mut raw).await, (then, None));
    }
}

#[tokio::test]
async fn peers_of_earlier_versions_and_strict_types_get_positional_bodies() {
    let (node, mut raw) = peer(Features::default()).await;
    node.system().reference::<Till>(theirs()).cast().add(300).unwrap();
    assert_eq!(sent(&mut raw).await.0, BodyCodec::Positional);
    let refused = node.send_dyn(theirs(), "add", Value::Null).unwrap_err();
    assert!(refused.to_string().contains("reads no messages by name"), "{refused}");
    let spawn = node.spawn_dyn(&name("evil@x"), "wire.till", &Value::Null).await.unwrap_err();
    assert!(spawn.to_string().contains("reads no messages by name"), "{spawn}");

    let (node, mut raw) = peer(Features::NAMED).await;
    let vault = node.system().reference::<Vault>(theirs());
    vault.cast().open(1).unwrap();
    assert_eq!(sent(&mut raw).await.0, BodyCodec::Positional);
    tell_known(&node, &mut raw, Fingerprint::from_u64(7)).await;
    vault.cast().open(1).unwrap();
    assert_eq!(sent(&mut raw).await.0, BodyCodec::Positional);
}

/// What is too large in both ways, and not in one, is sent by position.
#[tokio::test]
async fn a_first_message_that_is_too_large_in_both_ways_goes_by_position() {
    struct Sink;

    #[actor(name = "wire.sink")]
    impl Sink {
        async fn take(&mut self, bytes: Vec<u8>) -> u64 {
            bytes.len() as u64
        }
    }
    let net = Net::default();
    let limits = holm::Limits { message_max: 256 * 1024, ..holm::Limits::default() };
    let (a, b) = (net.builder("a@x").limits(limits).start(), net.start("b@x"));
    let (a, b) = (a.await.unwrap(), b.await);
    connect(&a, &b).await;
    let sink = reach(&a, &b.spawn(Sink));
    let size = 200 * 1024;
    assert_eq!(sink.take(vec![1; size]).await, Ok(size as u64));
}

#[tokio::test]
async fn a_known_of_an_undefined_method_ends_the_session() {
    let (_node, mut raw) = peer(Features::NAMED).await;
    raw.push(&Signal::Known { method: MethodId(0), fingerprint: Fingerprint::from_u64(1) });
    assert!(raw.write().await);
    assert_eq!(raw.closed().await.0, Code::InvalidRequest);
}

/// What a call with this body is answered with.
async fn answer(
    raw: &mut Raw,
    ids: &mut RequestIds,
    to: Pid,
    (method, codec, body): (MethodId, BodyCodec, &[u8]),
) -> Result<(BodyCodec, Vec<u8>), (Code, String)> {
    let id: RequestId = ids.allocate();
    let to = Target::Serial(to.serial);
    raw.push(&Signal::Call { id, to, method, codec, deadline_ms: None, body });
    assert!(raw.write().await);
    let mut answer = None;
    raw.read(|heard| {
        match heard {
            Heard::Signal(Signal::Reply { id: of, codec, body }) if of == id => {
                answer = Some(Ok((codec, body.to_vec())));
            }
            Heard::Signal(Signal::ReplyError { id: of, error, .. }) if of == id => {
                answer = Some(Err((error.code, error.message.to_string())));
            }
            Heard::Signal(_) | Heard::Control(_) => {}
        }
        answer.is_some()
    })
    .await;
    answer.unwrap()
}

/// No body is read by the wrong layout, whatever a peer says that it is.
#[tokio::test]
async fn a_body_is_read_as_both_sides_hold_it_or_not_at_all() {
    let (node, mut raw) = peer(Features::NAMED).await;
    let till = node.spawn(Till(0)).pid();
    let mut ids = RequestIds::new(Side::Dialled);
    let (same, other, untyped) = (MethodId(0), MethodId(1), MethodId(2));
    for (method, fingerprint) in [(same, fingerprint::<Till>()), (other, Fingerprint::from_u64(7))]
    {
        let (actor_type, tag) = ("wire.till", "add");
        raw.push(&Signal::Define { method, actor_type, tag, fingerprint });
    }
    let fingerprint = Fingerprint::from_u64(0);
    raw.push(&Signal::Define { method: untyped, actor_type: "", tag: "", fingerprint });
    let (positional, named): (&[u8], &[u8]) = (&[1], &[0x81, 0xa2, b'b', b'y', 2]);
    let mut both = Vec::new();
    body::join_both(positional, named, &mut both);
    let mut by_name = Vec::new();
    body::join_untyped("add", &Value::from(vec![Value::from(4)]), &mut by_name).unwrap();
    use BodyCodec::{Both, Named, Positional, Raw as Bytes};
    for (method, codec, body, outcome) in [
        (same, Positional, positional, Ok((Positional, vec![1]))),
        (same, Both, &both, Ok((Positional, vec![2]))),
        (same, Named, named, Ok((Named, vec![4]))),
        (other, Named, named, Ok((Named, vec![6]))),
        (other, Both, &both, Ok((Named, vec![8]))),
        (other, Positional, positional, Err(Code::SchemaMismatch)),
        (untyped, Named, &by_name, Ok((Named, vec![12]))),
        (untyped, Positional, &by_name, Err(Code::InvalidRequest)),
        (untyped, Named, named, Err(Code::InvalidRequest)),
        (untyped, Named, &[0x92, 0xa1], Err(Code::InvalidRequest)),
        (same, Bytes, positional, Err(Code::InvalidRequest)),
        (same, Both, &[9, 1], Err(Code::InvalidRequest)),
        (other, Named, &[0xdd, 0xff, 0xff, 0xff, 0xff, 1], Err(Code::InvalidRequest)),
        (other, Named, &[0x91; 100_000], Err(Code::InvalidRequest)),
    ] {
        let answered = answer(&mut raw, &mut ids, till, (method, codec, body)).await;
        let answered = answered.map_err(|(code, text)| {
            assert!(!text.is_empty());
            code
        });
        assert_eq!(answered, outcome, "{method:?} {codec:?} {body:?}");
    }
}
