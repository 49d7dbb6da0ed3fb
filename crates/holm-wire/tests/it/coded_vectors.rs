//! The vectors of what features add: streams, credit, traces, compression, checksums.

use crate::{
    Log, feed,
    signals::{messages, named, request, spawns},
    vectors::{Vectors, limits, written},
};
use bytes::Bytes;
use holm_wire::{
    Class, Code, Compression, FrameHead, Kind, Side, Traceparent, WireError,
    handshake::Features,
    session::{
        Credit, Inbound, Order, Outbound, Terms,
        streams::{CreditFrame, Open, StreamFrame},
    },
    signal::Signal,
};

fn terms(features: Features, compression: Option<Compression>) -> Terms {
    Terms { side: Side::Dialled, limits: limits(), features, compression }
}

/// The frame as it travels on these terms, which is read again.
fn frame(terms: Terms, head: FrameHead, payload: &[u8]) -> Vec<u8> {
    let mut outbound = Outbound::new(terms);
    outbound.push(head, Order::Free, |out| out.extend_from_slice(payload)).unwrap();
    let bytes = written(&mut outbound);
    assert_eq!(read(terms, &bytes), (head, payload.to_vec()));
    bytes
}

fn read(terms: Terms, bytes: &[u8]) -> (FrameHead, Vec<u8>) {
    let mut log = Log::default();
    feed(&mut Inbound::new(terms, &[]), bytes, &mut log).unwrap();
    assert_eq!(log.0.len(), 1);
    log.0.remove(0)
}

fn trace() -> Traceparent {
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse().unwrap()
}

#[test]
fn streams_and_credit() {
    let mut vectors = Vectors::of(include_str!("../../testdata/streams.hex"));
    let plain = terms(Features::STREAMS, None);
    let id = request(7);
    let open = Open { body: b"demo", ..Open::default() };
    let full = Open { deadline_ms: Some(5000), trace: Some(trace()), ended: true, body: b"demo" };
    for (name, stream, item) in [
        ("open", StreamFrame::Open(id, open), &b""[..]),
        ("open_full", StreamFrame::Open(id, full), b""),
        ("item", StreamFrame::Item { id, last: false }, b"one"),
        ("last_item", StreamFrame::Item { id, last: true }, b"two"),
        ("end", StreamFrame::End(id), b""),
        ("reset", StreamFrame::Reset(id, WireError::new(Code::Cancelled, "no")), b""),
        ("stop", StreamFrame::Stop(id), b""),
    ] {
        let mut payload = Vec::new();
        stream.encode(&mut payload);
        payload.extend_from_slice(item);
        vectors.check(name, &frame(plain, stream.head(), &payload));
        assert_eq!(StreamFrame::decode(stream.head(), &payload), Ok(stream), "{name}");
    }
    let credit = Credit { bytes: 300, items: 2 };
    for (name, grant) in [
        ("credit", CreditFrame::Stream(id, credit)),
        ("class_credit", CreditFrame::Class(Class::Bulk, credit)),
    ] {
        let mut payload = Vec::new();
        grant.encode(&mut payload);
        vectors.check(name, &frame(plain, grant.head(), &payload));
        assert_eq!(CreditFrame::decode(grant.head(), &payload), Ok(grant), "{name}");
    }
    for kind in [Kind::Membership, Kind::Bulk] {
        vectors.check(kind.name(), &frame(plain, FrameHead::new(kind), b"any"));
    }
}

#[test]
fn traced_signals() {
    let mut vectors = Vectors::of(include_str!("../../testdata/traced.hex"));
    let traced = ["send", "call", "call_deadline", "spawn", "spawn_monitored", "spawn_bound"];
    for (name, signal) in messages().into_iter().chain(spawns()) {
        let mut payload = Vec::new();
        signal.encode_traced(Some(trace()), &mut payload);
        let read = Signal::decode_traced(signal.head(), &payload).unwrap();
        if traced.contains(&name) {
            assert_eq!(read, (signal.clone(), Some(trace())), "{name}");
            vectors.check(name, &frame(terms(Features::TRACE, None), signal.head(), &payload));
        } else if name != "send_by_name" && name != "spawn_linked" {
            assert_eq!(read, (signal, None), "{name} has none");
        }
    }
}

#[test]
fn named_signals() {
    let mut vectors = Vectors::of(include_str!("../../testdata/named.hex"));
    for (name, signal) in named() {
        let mut payload = Vec::new();
        signal.encode(&mut payload);
        vectors.check(name, &frame(terms(Features::NAMED, None), signal.head(), &payload));
        assert_eq!(Signal::decode(signal.head(), &payload), Ok(signal), "{name}");
    }
}

#[test]
fn compressed_frames_and_checksums() {
    let mut vectors = Vectors::of(include_str!("../../testdata/coded.hex"));
    let payload = [0x61; 2000];
    let head = FrameHead::of_request(Kind::Reply, request(7));
    let (none, lz4) = (Features::default(), Some(Compression::Lz4));
    vectors.check("lz4", &frame(terms(none, lz4), head, &payload));
    vectors.check("checksum", &frame(terms(Features::CHECKSUM, None), head, b"any"));
    vectors.check("lz4_checksum", &frame(terms(Features::CHECKSUM, lz4), head, &payload));
    // Other encoders find other forms of the same: this one is only read.
    let zstd = vectors.take("zstd");
    if Compression::SUPPORTED.contains(&Compression::Zstd) {
        let read = read(terms(none, Some(Compression::Zstd)), &zstd);
        assert_eq!(read, (head, payload.to_vec()));
    }
    // A chunk of 64 KiB that compresses, and one that does not.
    let mut outbound = Outbound::new(terms(Features::CHECKSUM, lz4));
    let mut large = vec![0x61; 64 * 1024];
    large.extend_from_slice(b"tail");
    outbound.push_bytes(head, Order::Free, &Bytes::from(large.clone())).unwrap();
    let bytes = written(&mut outbound);
    assert_eq!(read(terms(Features::CHECKSUM, lz4), &bytes), (head, large));
    vectors.check("lz4_chunks", &bytes);
}
