//! Signals there and back.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::{Code, Violation, frame::write_frame};
use proptest::{collection::vec, prelude::*};

fn id() -> impl Strategy<Value = RequestId> {
    (1..u64::MAX).prop_map(|id| RequestId::from_u64(id).unwrap())
}

fn serial() -> impl Strategy<Value = Serial> {
    (0..64_u32, 1..u64::MAX).prop_map(|(shift, n)| Serial::from_u64((n >> shift).max(1)).unwrap())
}

fn target() -> impl Strategy<Value = Target<'static>> {
    prop_oneof![
        serial().prop_map(Target::Serial),
        prop_oneof![Just(""), Just("counter")].prop_map(Target::Name),
    ]
}

fn watch() -> impl Strategy<Value = Watch> {
    (any::<u64>(), proptest::option::of(serial()))
        .prop_map(|(monitor, watcher)| Watch { monitor: MonitorId(monitor), watcher })
}

fn links() -> impl Strategy<Value = LinkedBy> {
    let id = || any::<u64>().prop_map(LinkId);
    prop_oneof![
        id().prop_map(LinkedBy::Sender),
        id().prop_map(LinkedBy::Receiver),
        (id(), id()).prop_map(|(sender, receiver)| LinkedBy::Both { sender, receiver }),
    ]
}

fn parent() -> impl Strategy<Value = Parent> {
    (any::<u64>(), serial()).prop_map(|(link, serial)| Parent { link: LinkId(link), serial })
}

fn reason() -> impl Strategy<Value = ExitReason> {
    prop_oneof![
        Just(ExitReason::Normal),
        Just(ExitReason::Killed),
        Just(ExitReason::Noproc),
        Just(ExitReason::Noconnection),
        ".{0,40}".prop_map(|text| ExitReason::Shutdown(text.into())),
        ".{0,40}".prop_map(|text| ExitReason::Failed(text.into())),
    ]
}

fn codec() -> impl Strategy<Value = BodyCodec> {
    prop_oneof![
        Just(BodyCodec::Positional),
        Just(BodyCodec::Raw),
        Just(BodyCodec::Named),
        Just(BodyCodec::Both)
    ]
}

fn error() -> impl Strategy<Value = WireError> {
    (any::<u16>(), ".{0,40}", any::<bool>(), proptest::option::of(".{0,40}")).prop_map(
        |(code, message, retryable, details)| WireError {
            code: Code::from_u16(code),
            message: message.into(),
            retryable,
            details: details.map(Into::into),
        },
    )
}

/// Bodies borrow; leaking them is the least trouble in a test.
fn body() -> impl Strategy<Value = &'static [u8]> {
    vec(any::<u8>(), 0..60).prop_map(|bytes| &*bytes.leak())
}

fn linking() -> impl Strategy<Value = Signal<'static>> {
    prop_oneof![
        (any::<u64>(), serial(), serial()).prop_map(|(link, from, to)| Signal::Link {
            link: LinkId(link),
            from,
            to
        }),
        (links(), serial(), serial()).prop_map(|(links, from, to)| Signal::Unlink {
            links,
            from,
            to
        }),
        (links(), serial(), serial(), reason())
            .prop_map(|(links, from, to, reason)| Signal::LinkExit { links, from, to, reason }),
    ]
}

fn signal() -> impl Strategy<Value = Signal<'static>> {
    let method = any::<u32>().prop_map(MethodId);
    let asked = prop_oneof![
        (id(), target(), method.clone(), codec(), any::<Option<u64>>(), body()).prop_map(
            |(id, to, method, codec, deadline_ms, body)| Signal::Call {
                id,
                to,
                method,
                codec,
                deadline_ms,
                body
            }
        ),
        (id(), codec(), body()).prop_map(|(id, codec, body)| Signal::Reply { id, codec, body }),
        (id(), error(), proptest::option::of(reason()))
            .prop_map(|(id, error, reason)| Signal::ReplyError { id, error, reason }),
        id().prop_map(|id| Signal::Cancel { id }),
        (
            id(),
            any::<u64>(),
            codec(),
            proptest::option::of(watch()),
            proptest::option::of(parent()),
            body()
        )
            .prop_map(|(id, fingerprint, codec, monitored, linked, args)| {
                let fingerprint = Fingerprint::from_u64(fingerprint);
                let actor_type = "index.Shard";
                Signal::Spawn { id, actor_type, fingerprint, codec, monitored, linked, args }
            }),
        (id(), serial()).prop_map(|(id, serial)| Signal::SpawnReply { id, serial }),
    ];
    let unasked =
        prop_oneof![
            (method.clone(), any::<u64>()).prop_map(|(method, fingerprint)| Signal::Define {
                method,
                actor_type: "Counter",
                tag: "add",
                fingerprint: Fingerprint::from_u64(fingerprint),
            }),
            (any::<u64>(), 0..4_usize).prop_map(|(incarnation, count)| Signal::Node {
                name: "c@h".parse().unwrap(),
                incarnation: Incarnation(incarnation),
                endpoints: vec!["tcp:h:1"; count],
            }),
            (target(), method, codec(), body())
                .prop_map(|(to, method, codec, body)| Signal::Send { to, method, codec, body }),
            (watch(), target()).prop_map(|(watch, to)| Signal::Monitor { watch, to }),
            (watch(), target()).prop_map(|(watch, to)| Signal::Demonitor { watch, to }),
            (watch(), reason()).prop_map(|(watch, reason)| Signal::Down { watch, reason }),
            (proptest::option::of(serial()), serial(), reason())
                .prop_map(|(from, to, reason)| Signal::Exit { from, to, reason }),
            (proptest::option::of(serial()), serial())
                .prop_map(|(from, to)| Signal::Kill { from, to }),
        ];
    let known = (any::<u32>(), any::<u64>()).prop_map(|(method, fingerprint)| Signal::Known {
        method: MethodId(method),
        fingerprint: Fingerprint::from_u64(fingerprint),
    });
    prop_oneof![asked, unasked, linking(), known]
}

/// The plain send that a frame is by [`Signal::decode_traced`].
fn plain(head: FrameHead, payload: &[u8]) -> Option<PlainSend<'_>> {
    match Signal::decode_traced(head, payload) {
        Ok((
            Signal::Send { to: Target::Serial(to), method, codec: BodyCodec::Positional, body },
            None,
        )) => Some(PlainSend { to, method, body }),
        _ => None,
    }
}

proptest! {
    #[test]
    fn round_trip(signal in signal()) {
        let mut payload = Vec::new();
        signal.encode(&mut payload);
        prop_assert_eq!(PlainSend::decode(signal.head(), &payload), plain(signal.head(), &payload));
        prop_assert_eq!(Signal::decode(signal.head(), &payload), Ok(signal));
    }

    #[test]
    fn a_plain_send_is_put_as_any_frame(
        to in serial(), method: u32, body in vec(any::<u8>(), 0..400), more in 0..20_000_usize,
    ) {
        let body = [body, vec![7; if more % 4 == 0 { more } else { 0 }]].concat();
        let send = PlainSend { to, method: MethodId(method), body: &body };
        let signal = Signal::Send {
            to: Target::Serial(to),
            method: send.method,
            codec: BodyCodec::Positional,
            body: &body,
        };
        let mut whole = vec![1];
        write_frame(&mut whole, signal.head(), |out| signal.encode(out));
        let mut out = vec![1];
        let added = send.put_frame(&mut out);
        prop_assert_eq!(added.is_some(), whole.len() < 16_387, "a length of two bytes");
        prop_assert_eq!(&out[..], &whole[..1 + added.unwrap_or(0)]);
    }

    #[test]
    fn any_send_is_plain_or_not(payload in vec(prop_oneof![0..4_u8, any::<u8>()], 0..20)) {
        let head = FrameHead::new(Kind::Send);
        prop_assert_eq!(PlainSend::decode(head, &payload), plain(head, &payload));
    }

    #[test]
    fn random_payloads_never_panic(
        kind in prop::sample::select(Kind::ALL), id: Option<u64>, payload in vec(any::<u8>(), 0..80),
    ) {
        let head = FrameHead { kind, id: id.and_then(RequestId::from_u64) };
        prop_assert_eq!(PlainSend::decode(head, &payload), plain(head, &payload));
        if let Ok((signal, trace)) = Signal::decode_traced(head, &payload) {
            let mut again = Vec::new();
            signal.encode_traced(trace, &mut again);
            prop_assert_eq!(again, payload, "there is one encoding of each signal");
        }
    }
}

fn fault(kind: Kind, id: u64, payload: &[u8]) -> String {
    let head = FrameHead { kind, id: RequestId::from_u64(id) };
    Signal::decode(head, payload).unwrap_err().to_string()
}

#[test]
fn what_is_refused() {
    assert!(fault(Kind::Call, 0, &[1, 1, 1]).contains("`id` is missing"));
    assert!(fault(Kind::Send, 3, &[1, 1, 1]).contains("`id` is not 0"));
    assert!(fault(Kind::Send, 0, &[1, 5, 1]).contains("unknown codec"));
    assert!(fault(Kind::Send, 0, &[1, 0x11, 1]).contains("unknown bits"));
    assert!(fault(Kind::Send, 0, &[1, 1]).contains("`method` is cut short"));
    assert!(fault(Kind::Cancel, 1, &[0]).contains("after its last field"));
    assert!(fault(Kind::SpawnReply, 2, &[0]).contains("`serial` is 0"));
    assert!(fault(Kind::Kill, 0, &[0, 0]).contains("`to` is 0"));
    assert!(fault(Kind::Link, 0, &[1, 0, 1]).contains("`from` is 0"), "only actors link");
    assert!(fault(Kind::Unlink, 0, &[0, 1, 1]).contains("`links` has unknown bits, or none"));
    assert!(fault(Kind::LinkExit, 0, &[4, 1, 1, 1, 0]).contains("`links` has unknown bits"));
    assert!(fault(Kind::LinkExit, 0, &[3, 1]).contains("`links` is cut short"));
    assert!(fault(Kind::Send, 0, &[0, 0xff, 0xff, 0xff, 0xff, 0x0f]).contains("too long"));
    let head = FrameHead::of_request(Kind::Tick, RequestId::from_u64(1).unwrap());
    assert!(crate::control::Control::decode(head, &[]).is_err(), "a tick of a request");
    let head = FrameHead::new(Kind::Tick);
    assert_eq!(Signal::decode(head, &[]), Err(Violation::Unexpected(Kind::Tick)));
}

#[test]
fn long_texts_are_cut_at_a_character() {
    let reason = ExitReason::Failed("ü".repeat(4000).into());
    let watch = Watch { monitor: MonitorId(1), watcher: None };
    let signal = Signal::Down { watch, reason };
    let mut payload = Vec::new();
    signal.encode(&mut payload);
    let read = Signal::decode(signal.head(), &payload).unwrap();
    assert_eq!(read, Signal::Down { watch, reason: ExitReason::Failed("ü".repeat(2048).into()) });
}
