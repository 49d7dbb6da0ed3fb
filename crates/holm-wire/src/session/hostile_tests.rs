//! Streams that no honest peer sends, and the typed end each one comes to.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::{
    ChunkFault, FrameHead, Kind, Limits, RequestId, Violation,
    frame::{ChunkHeader, ChunkMark, write_frame},
    varint,
};

const CHUNK: usize = 65 * 1024;

struct Ignore;

impl Sink for Ignore {
    fn frame(&mut self, _: FrameHead, _: Payload<'_>) -> Result<(), Violation> {
        Ok(())
    }
}

/// One chunk of zeroes.
#[derive(Clone, Copy)]
struct Piece {
    kind: Kind,
    message: u64,
    sequence: u64,
    total: usize,
    data: usize,
    last: bool,
}

/// The first chunk of message `message`, which has `total` bytes.
fn first(message: u64, total: usize) -> Piece {
    Piece { kind: Kind::Send, message, sequence: 0, total, data: CHUNK, last: false }
}

/// A later chunk.
fn next(message: u64, sequence: u64) -> Piece {
    Piece { sequence, ..first(message, 0) }
}

fn last(piece: Piece) -> Piece {
    Piece { last: true, ..piece }
}

fn bytes_of(piece: Piece) -> Vec<u8> {
    let mark = ChunkMark {
        message: piece.message,
        sequence: piece.sequence,
        total: (piece.sequence == 0).then_some(piece.total as u64),
        raw: None,
        last: piece.last,
    };
    let data = vec![0; piece.data];
    let header = ChunkHeader::new(FrameHead::new(piece.kind), mark, &data, false);
    [header.as_slice(), &data].concat()
}

fn read(limits: Limits, stream: &[u8]) -> Result<(), Violation> {
    let mut inbound = Inbound::new(limits, &[]);
    let mut rest = stream;
    while !rest.is_empty() {
        let buffer = inbound.buffer();
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        rest = &rest[n..];
        inbound.handle_read(n, &mut Ignore)?;
    }
    Ok(())
}

fn fault(limits: Limits, pieces: &[Piece]) -> ChunkFault {
    let (bad, good) = pieces.split_last().unwrap();
    let mut stream: Vec<u8> = good.iter().copied().flat_map(bytes_of).collect();
    assert_eq!(read(limits, &stream), Ok(()), "only the last chunk is bad");
    stream.extend(bytes_of(*bad));
    match read(limits, &stream) {
        Err(Violation::Chunk { message, fault }) => {
            assert_eq!(message, bad.message);
            fault
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn chunks_in_order_are_fine() {
    let pieces = [
        first(0, 3 * CHUNK),
        next(0, 1),
        first(1, 2 * CHUNK),
        last(next(1, 1)),
        last(next(0, 2)),
        first(2, 2 * CHUNK),
    ];
    let stream: Vec<u8> = pieces.into_iter().flat_map(bytes_of).collect();
    assert_eq!(read(Limits::default(), &stream), Ok(()));
}

#[test]
fn chunks_out_of_order() {
    let limits = Limits::default();
    let open = first(0, 4 * CHUNK);
    assert_eq!(fault(limits, &[open, next(0, 2)]), ChunkFault::Sequence, "one is skipped");
    assert_eq!(fault(limits, &[open, next(0, 1), next(0, 1)]), ChunkFault::Sequence, "repeated");
    assert_eq!(fault(limits, &[open, open]), ChunkFault::Sequence, "first one repeated");
    assert_eq!(fault(limits, &[next(0, 1)]), ChunkFault::MessageNumber, "never opened");
    assert_eq!(fault(limits, &[first(1, 2 * CHUNK)]), ChunkFault::MessageNumber, "number skipped");
    let done = [first(0, 2 * CHUNK), last(next(0, 1))];
    assert_eq!(fault(limits, &[done[0], done[1], next(0, 2)]), ChunkFault::MessageNumber, "ended");
    assert_eq!(fault(limits, &[done[0], done[1], done[0]]), ChunkFault::MessageNumber, "reused");
    let other = Piece { kind: Kind::Call, ..next(0, 1) };
    assert_eq!(fault(limits, &[open, other]), ChunkFault::HeadChanged);
}

#[test]
fn chunks_that_do_not_add_up() {
    let limits = Limits::default();
    let open = first(0, 2 * CHUNK);
    let small = |data, piece| Piece { data, ..piece };
    assert_eq!(fault(limits, &[open, next(0, 1)]), ChunkFault::Length, "full and not last");
    assert_eq!(fault(limits, &[open, small(100, last(next(0, 1)))]), ChunkFault::Length, "short");
    assert_eq!(fault(limits, &[first(0, CHUNK + 1), last(next(0, 1))]), ChunkFault::Length, "over");
    assert_eq!(fault(limits, &[open, small(0, next(0, 1))]), ChunkFault::TooShort);
    assert_eq!(fault(limits, &[open, small(0, last(next(0, 1)))]), ChunkFault::TooShort);
    assert_eq!(fault(limits, &[open, small(100, next(0, 1))]), ChunkFault::TooShort, "dust");
    assert_eq!(fault(limits, &[small(0, last(first(0, 0)))]), ChunkFault::TooShort, "empty");
    assert_eq!(fault(limits, &[small(CHUNK + 1, open)]), ChunkFault::TooLong);
}

#[test]
fn chunks_over_the_limits() {
    let limits = Limits::default();
    let too_large = first(0, limits.message_max + 1);
    assert_eq!(fault(limits, &[too_large]), ChunkFault::MessageTooLarge);
    assert_eq!(fault(limits, &[first(0, usize::MAX)]), ChunkFault::MessageTooLarge);
    let many: Vec<_> = (0..=limits.open_max as u64).map(|n| first(n, 2 * CHUNK)).collect();
    assert_eq!(many.len(), 33);
    assert_eq!(fault(limits, &many), ChunkFault::TooManyOpen);
    let large: Vec<_> = (0..5).map(|n| first(n, limits.message_max)).collect();
    assert_eq!(fault(limits, &large), ChunkFault::ReassemblyFull);
}

#[test]
fn frames_over_the_limits() {
    let limits = Limits::default();
    let mut stream = Vec::new();
    varint::encode(0xffff_ffff, &mut stream);
    assert!(matches!(read(limits, &stream), Err(Violation::FrameTooLong { .. })));

    let mut stream = Vec::new();
    let head = FrameHead::new(Kind::Send);
    write_frame(&mut stream, head, |out| out.resize(out.len() + CHUNK, 0));
    assert_eq!(read(limits, &stream), Ok(()));
    let mut stream = Vec::new();
    write_frame(&mut stream, head, |out| {
        out.resize(out.len() + CHUNK + 1, 0);
    });
    assert_eq!(
        read(limits, &stream),
        Err(Violation::FrameTooLong { length: CHUNK + 1, max: CHUNK })
    );
}

#[test]
fn a_sinks_violation_ends_the_read() {
    struct Refuse(usize);
    impl Sink for Refuse {
        fn frame(&mut self, head: FrameHead, _: Payload<'_>) -> Result<(), Violation> {
            self.0 += 1;
            Err(Violation::Unexpected(head.kind))
        }
    }
    let mut stream = Vec::new();
    for id in [1, 3] {
        let head = FrameHead::of_request(Kind::Cancel, RequestId::from_u64(id).unwrap());
        write_frame(&mut stream, head, |_| {});
    }
    let mut inbound = Inbound::new(Limits::default(), &stream);
    let mut sink = Refuse(0);
    assert_eq!(inbound.handle_read(0, &mut sink), Err(Violation::Unexpected(Kind::Cancel)));
    assert_eq!(sink.0, 1);
}
