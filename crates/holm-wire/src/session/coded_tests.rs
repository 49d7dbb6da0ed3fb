//! Compression and checksums, and what no honest peer makes of them.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::tests::{payload, write_all};
use super::*;
use crate::{
    Class, Compression, CompressionFault, FrameHead, Kind, Limits, Side, Violation,
    frame::{ChunkHeader, ChunkMark, FLAG_COMPRESSED, write_frame},
    handshake::Features,
    varint,
};
use bytes::Bytes;
use proptest::{collection::vec, prelude::*};

fn terms(checksum: bool, compression: bool) -> Terms {
    Terms {
        side: Side::Dialled,
        limits: Limits { chunk_max: 16 * 1024, ..Limits::default() },
        features: if checksum { Features::CHECKSUM } else { Features::default() },
        compression: compression.then_some(Compression::Lz4),
    }
}

#[derive(Default)]
struct Log(Vec<(FrameHead, Vec<u8>)>);

impl Sink for Log {
    fn frame(&mut self, head: FrameHead, payload: Payload<'_>) -> Result<(), Violation> {
        self.0.push((head, payload.as_slice().to_vec()));
        Ok(())
    }
}

fn read(terms: Terms, stream: &[u8], piece: usize) -> (Log, Result<(), Violation>) {
    let mut inbound = Inbound::new(terms, &[]);
    let mut log = Log::default();
    let mut rest = stream;
    while !rest.is_empty() {
        let buffer = inbound.buffer();
        let n = rest.len().min(buffer.len()).min(piece);
        buffer[..n].copy_from_slice(&rest[..n]);
        rest = &rest[n..];
        if let Err(violation) = inbound.handle_read(n, &mut log) {
            return (log, Err(violation));
        }
    }
    (log, Ok(()))
}

/// Text-like or noise, so that some frames, and some chunks of a message, compress.
fn body(number: usize, length: usize, noise: bool) -> Vec<u8> {
    let mut body = payload(number, length);
    if !noise {
        body[8..].fill(b'a');
    } else if length > 20_000 {
        body[10_000..].fill(b'b');
    }
    body
}

fn push_all(terms: Terms, bodies: &[Vec<u8>]) -> Vec<u8> {
    let mut outbound = Outbound::new(terms);
    for (number, body) in bodies.iter().enumerate() {
        let head = FrameHead::new(Kind::Send);
        let order = Order::To(ReceiverKey(0));
        if number % 2 == 0 {
            outbound.push(head, order, |out| out.extend_from_slice(body)).unwrap();
        } else {
            outbound.push_bytes(head, order, &Bytes::copy_from_slice(body)).unwrap();
        }
    }
    write_all(&mut outbound)
}

proptest! {
    // Each case is some hundred KB.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn everything_arrives_as_it_was(
        sizes in vec((prop_oneof![8..3_000_usize, 8..80_000_usize], any::<bool>()), 1..12),
        piece in 1..30_000_usize,
        checksum: bool,
        compression: bool,
    ) {
        let terms = terms(checksum, compression);
        let bodies: Vec<_> = sizes
            .into_iter()
            .enumerate()
            .map(|(number, (length, noise))| body(number, length, noise))
            .collect();
        let (log, outcome) = read(terms, &push_all(terms, &bodies), piece);
        prop_assert_eq!(outcome, Ok(()));
        let arrived: Vec<_> = log.0.into_iter().map(|(_, body)| body).collect();
        prop_assert!(arrived == bodies);
    }

    /// A byte that changed on the way is noticed, whatever it hits: what is delivered is
    /// what was sent before it.
    #[test]
    fn a_damaged_byte_is_never_delivered(
        sizes in vec((8..40_000_usize, any::<bool>()), 1..5),
        at: prop::sample::Index,
        bit in 0..8_u8,
        compression: bool,
    ) {
        let terms = terms(true, compression);
        let bodies: Vec<_> = sizes
            .into_iter()
            .enumerate()
            .map(|(number, (length, noise))| body(number, length, noise))
            .collect();
        let mut stream = push_all(terms, &bodies);
        let at = at.index(stream.len());
        stream[at] ^= 1 << bit;
        let (log, outcome) = read(terms, &stream, usize::MAX);
        for ((_, arrived), sent) in log.0.iter().zip(&bodies) {
            prop_assert!(arrived == sent);
        }
        // A length that grew waits for bytes that the end of the stream cuts off.
        prop_assert!(outcome.is_err() || log.0.len() < bodies.len());
    }

    #[test]
    fn random_bytes_never_panic(
        stream in vec(any::<u8>(), 0..300),
        head in any::<bool>(),
        checksum: bool,
    ) {
        let mut bytes = if head { vec![0x80, 0x02, Kind::Send as u8, 0x21, 0] } else { Vec::new() };
        bytes.extend(stream);
        let _ = read(terms(checksum, true), &bytes, 7);
    }
}

#[test]
fn compression_saves_bytes() {
    let bodies = [body(0, 2_000, false), body(1, 100_000, false)];
    let (plain, packed) =
        (push_all(terms(false, false), &bodies), push_all(terms(false, true), &bodies));
    assert!(packed.len() * 50 < plain.len(), "{} of {}", packed.len(), plain.len());
    let noise = [body(0, 2_000, true)];
    assert_eq!(push_all(terms(false, true), &noise), push_all(terms(false, false), &noise));
}

/// A frame whose compressed payload says that it stands for `raw` bytes.
fn packed_frame(raw: u64, compressed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_frame(&mut bytes, FrameHead::new(Kind::Send), |out| {
        varint::encode(raw, out);
        out.extend_from_slice(compressed);
    });
    let flags = 1 + varint::decode(&bytes).unwrap().1;
    bytes[flags] |= FLAG_COMPRESSED;
    bytes
}

fn packed_fault(raw: u64, compressed: &[u8]) -> CompressionFault {
    match read(terms(false, true), &packed_frame(raw, compressed), usize::MAX).1 {
        Err(Violation::Compression(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

/// An LZ4 block that repeats one byte for as long as its bytes reach: 255 times its size.
fn bomb(size: usize) -> Vec<u8> {
    let mut block = vec![0x1f, 0x61, 1, 0];
    block.resize(size - 2, 0xff);
    block.extend([0, 0]);
    block
}

#[test]
fn compressed_frames_that_no_peer_sends() {
    assert_eq!(packed_fault(1023, &[0; 10]), CompressionFault::TooShort);
    assert_eq!(packed_fault(1100, &[0; 1100]), CompressionFault::NotSmaller);
    assert_eq!(packed_fault(0xffff_ffff, &bomb(4096)), CompressionFault::TooLong);
    assert_eq!(packed_fault(16 * 1024 + 1, &bomb(4096)), CompressionFault::TooLong);
    assert_eq!(packed_fault(16 * 1024, &bomb(4096)), CompressionFault::Corrupt, "a bomb");
    assert_eq!(packed_fault(2000, &[0; 10]), CompressionFault::Corrupt);
    let mut cut = Vec::new();
    write_frame(&mut cut, FrameHead::new(Kind::Send), |out| out.push(0x80));
    cut[2] |= FLAG_COMPRESSED;
    let fault = Violation::Compression(CompressionFault::Corrupt);
    assert_eq!(read(terms(false, true), &cut, usize::MAX).1, Err(fault));
}

#[test]
fn chunks_that_stand_for_too_much() {
    let chunk = |raw: u64, data: &[u8]| {
        let mark = ChunkMark {
            message: 0,
            sequence: 0,
            total: Some(100_000),
            raw: Some(raw),
            last: false,
        };
        let header = ChunkHeader::new(FrameHead::new(Kind::Send), mark, data, false);
        read(terms(false, true), &[header.as_slice(), data].concat(), usize::MAX).1
    };
    assert!(matches!(chunk(1 << 40, &bomb(4096)), Err(Violation::Chunk { .. })));
    assert!(matches!(chunk(16 * 1024 + 1, &bomb(100)), Err(Violation::Chunk { .. })));
    let corrupt = Err(Violation::Compression(CompressionFault::Corrupt));
    assert_eq!(chunk(16 * 1024, &bomb(4096)), corrupt);
    assert!(matches!(chunk(1024, &bomb(100)), Err(Violation::Chunk { .. })), "dust");
}

/// All chunks of a message have the flag, or none has.
#[test]
fn the_compression_of_a_message_does_not_change() {
    let mark = |sequence, raw| ChunkMark {
        message: 0,
        sequence,
        total: (sequence == 0).then_some(48 * 1024),
        raw,
        last: false,
    };
    let data = vec![0; 16 * 1024];
    let head = FrameHead::new(Kind::Send);
    for raw in [[Some(0), None], [None, Some(0)]] {
        let mut stream = Vec::new();
        for (sequence, raw) in raw.into_iter().enumerate() {
            let header = ChunkHeader::new(head, mark(sequence as u64, raw), &data, false);
            stream.extend_from_slice(header.as_slice());
            stream.extend_from_slice(&data);
        }
        let fault = crate::ChunkFault::HeadChanged;
        let expected = Err(Violation::Chunk { message: 0, fault });
        assert_eq!(read(terms(false, true), &stream, usize::MAX).1, expected);
    }
}

#[test]
fn what_was_not_agreed_on() {
    let packed = packed_frame(2000, &bomb(20));
    let flags = Class::Actors as u8 | FLAG_COMPRESSED;
    let outcome = read(terms(false, false), &packed, usize::MAX).1;
    assert_eq!(outcome, Err(Violation::Flags(flags)));
    let mut control = Vec::new();
    write_frame(&mut control, FrameHead::new(Kind::Tick), |_| {});
    assert_eq!(read(terms(true, false), &control, usize::MAX).1, Err(Violation::FrameTooShort));
    control[2] |= FLAG_COMPRESSED;
    let outcome = read(terms(false, true), &control, usize::MAX).1;
    assert_eq!(outcome, Err(Violation::Flags(FLAG_COMPRESSED)), "control frames never are");
}

#[test]
fn a_wrong_checksum() {
    let mut stream = push_all(terms(true, false), &[payload(0, 100)]);
    *stream.last_mut().unwrap() ^= 1;
    let violation = read(terms(true, false), &stream, usize::MAX).1.unwrap_err();
    assert_eq!(violation, Violation::Checksum);
    assert_eq!(violation.code(), crate::Code::Corrupt);
}
