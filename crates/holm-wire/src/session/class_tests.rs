//! The classes against each other: nobody starves, and who sends little does not wait.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::tests::write;
use super::*;
use crate::{Class, FrameHead, Kind, Limits, Violation};

const CHUNK: usize = 64 * 1024;
const KINDS: [Kind; 4] = [Kind::Send, Kind::Item, Kind::Membership, Kind::Bulk];

/// When each frame began to arrive, in bytes of the stream.
fn arrivals(stream: &[u8]) -> Vec<(Kind, usize, usize)> {
    let mut at = 0;
    let mut frames = Vec::new();
    while at < stream.len() {
        let (length, width) = crate::varint::decode(&stream[at..]).unwrap();
        let kind = Kind::from_u8(stream[at + width]).unwrap();
        frames.push((kind, at, width + length as usize));
        at += width + length as usize;
    }
    frames
}

fn fill(outbound: &mut Outbound, kind: Kind, large: bool, bytes: usize) {
    let head = FrameHead::new(kind);
    let size = if large { 10 * CHUNK } else { 1000 };
    for _ in 0..bytes / size {
        outbound.push_bytes(head, Order::Free, &vec![0; size].into()).unwrap();
    }
}

#[test]
fn classes_share_by_weight_whether_small_or_large() {
    for large in [[true; 4], [false; 4], [true, false, true, false], [false, true, false, true]] {
        let mut outbound = Outbound::new(Limits::default());
        for (kind, large) in KINDS.into_iter().zip(large) {
            fill(&mut outbound, kind, large, 8 * 1024 * 1024);
        }
        let mut stream = Vec::new();
        while stream.len() < 11 * 1024 * 1024 {
            write(&mut outbound, 16, 200_000, &mut stream);
        }
        let mut sent = [0_usize; 4];
        // The last frame is perhaps cut.
        let mut at = 0;
        while let Ok((length, width)) = crate::varint::decode(&stream[at..])
            && let Some(&kind) = stream.get(at + width)
        {
            let kind = Kind::from_u8(kind).unwrap();
            sent[kind.class() as usize - 1] += length as usize;
            at = (at + width + length as usize).min(stream.len());
        }
        for (sent, weight) in sent.into_iter().zip([4, 4, 2, 1]) {
            let due = weight * 1024 * 1024;
            assert!(sent.abs_diff(due) < 512 * 1024, "{sent} of {due}, {large:?}");
        }
    }
}

#[test]
fn a_small_frame_of_actors_waits_for_one_chunk_at_most() {
    let limits = Limits::default();
    for written in [0, 1, 1000, CHUNK + 5, 3 * CHUNK, 10 * CHUNK] {
        let mut outbound = Outbound::new(limits);
        for (kind, large) in [(Kind::Item, true), (Kind::Membership, false), (Kind::Bulk, true)] {
            fill(&mut outbound, kind, large, 4 * 1024 * 1024);
        }
        let mut stream = Vec::new();
        while stream.len() < written {
            let left = written - stream.len();
            write(&mut outbound, 8, left, &mut stream);
        }
        let before = stream.len();
        let head = FrameHead::new(Kind::Send);
        outbound.push(head, Order::Free, |out| out.push(1)).unwrap();
        while !outbound.is_empty() {
            write(&mut outbound, 8, usize::MAX, &mut stream);
        }
        let frames = arrivals(&stream);
        let (_, at, _) = frames.iter().find(|(kind, ..)| *kind == Kind::Send).unwrap();
        assert!(*at <= before + CHUNK + 32, "{at} after {before}");
    }
}

/// Numbers of chunked messages count within a class, so every interleaving is read.
#[test]
fn chunks_of_all_classes_interleave() {
    struct Count([usize; 4]);
    impl Sink for Count {
        fn frame(&mut self, head: FrameHead, payload: Payload<'_>) -> Result<(), Violation> {
            assert_eq!(payload.as_slice().len(), 10 * CHUNK);
            self.0[head.kind.class() as usize - 1] += 1;
            Ok(())
        }
    }
    for open_max in [1, 2, 5, 32] {
        let limits = Limits {
            open_max,
            message_max: 10 * CHUNK,
            reassembly_max: 15 * CHUNK,
            ..Limits::default()
        };
        let mut outbound = Outbound::new(limits);
        for kind in KINDS {
            fill(&mut outbound, kind, true, 40 * CHUNK);
        }
        let mut stream = Vec::new();
        while write(&mut outbound, 7, 30_000, &mut stream) > 0 {}
        let mut inbound = Inbound::new(limits, &[]);
        let mut count = Count([0; 4]);
        let mut rest = &stream[..];
        while !rest.is_empty() {
            let buffer = inbound.buffer();
            let n = rest.len().min(buffer.len());
            buffer[..n].copy_from_slice(&rest[..n]);
            rest = &rest[n..];
            inbound.handle_read(n, &mut count).unwrap();
        }
        assert_eq!(count.0, [4; 4], "{open_max}");
    }
}

#[test]
fn each_class_counts_its_bytes() {
    let mut outbound = Outbound::new(Limits::default());
    fill(&mut outbound, Kind::Bulk, true, 10 * CHUNK);
    outbound.push(FrameHead::new(Kind::Tick), Order::Free, |_| {}).unwrap();
    assert_eq!(outbound.queued_bytes_of(Class::Bulk), 10 * CHUNK);
    assert_eq!(outbound.queued_bytes_of(Class::Control), 4);
    assert_eq!(outbound.queued_bytes_of(Class::Actors), 0);
    assert_eq!(outbound.queued_bytes(), 10 * CHUNK + 4);
}
