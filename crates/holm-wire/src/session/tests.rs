//! The two halves of a session against each other.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::{
    Class, FrameHead, Kind, Limits, Violation,
    frame::{own_frame_length, write_frame},
};
use bytes::Bytes;
use proptest::{collection::vec, prelude::*};
use std::{collections::BTreeMap, io::IoSlice};

/// Small chunks and few of them, so that every limit is met.
fn limits() -> Limits {
    Limits {
        message_max: 120_000,
        chunk_max: 16 * 1024,
        open_max: 3,
        reassembly_max: 200_000,
        requests_max: 10,
        ..Limits::default()
    }
}

/// What arrived.
#[derive(Default)]
struct Log(Vec<(FrameHead, Vec<u8>)>);

impl Sink for Log {
    fn frame(&mut self, head: FrameHead, payload: Payload<'_>) -> Result<(), Violation> {
        self.0.push((head, payload.as_slice().to_vec()));
        Ok(())
    }
}

/// Writes at most `max` bytes through `places` places.
pub(super) fn write(
    outbound: &mut Outbound,
    places: usize,
    max: usize,
    stream: &mut Vec<u8>,
) -> usize {
    let mut iov = vec![IoSlice::new(&[]); places];
    let used = outbound.segments(&mut iov);
    let mut left = max;
    for slice in &iov[..used] {
        let n = left.min(slice.len());
        stream.extend_from_slice(&slice[..n]);
        left -= n;
    }
    outbound.consumed(max - left);
    max - left
}

pub(super) fn write_all(outbound: &mut Outbound) -> Vec<u8> {
    let mut stream = Vec::new();
    while write(outbound, 8, usize::MAX, &mut stream) > 0 {}
    assert!(outbound.is_empty());
    stream
}

/// Reads `stream` in pieces of these sizes, in turn.
fn read(limits: Limits, stream: &[u8], pieces: &[usize]) -> Result<Log, Violation> {
    let mut inbound = Inbound::new(limits, &[]);
    let mut log = Log::default();
    let mut sizes = pieces.iter().cycle();
    let mut rest = stream;
    while !rest.is_empty() {
        let buffer = inbound.buffer();
        let n = rest.len().min(buffer.len()).min(*sizes.next().unwrap());
        buffer[..n].copy_from_slice(&rest[..n]);
        rest = &rest[n..];
        inbound.handle_read(n, &mut log)?;
    }
    Ok(log)
}

/// A payload that names its message, as long as asked for.
pub(super) fn payload(number: usize, length: usize) -> Vec<u8> {
    let mut bytes = (number as u64).to_le_bytes().to_vec();
    let mut state = number as u64 + 1;
    while bytes.len() < length {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        bytes.push((state >> 56) as u8);
    }
    bytes
}

fn number_of(payload: &[u8]) -> usize {
    u64::from_le_bytes(*payload.first_chunk().unwrap()) as usize
}

#[derive(Clone, Debug)]
enum Op {
    Push(Order, usize),
    Control,
    Write { places: usize, max: usize },
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![
        6 => (0..4_u64).prop_map(|key| Order::To(ReceiverKey(key))),
        1 => Just(Order::Every),
        1 => Just(Order::Free),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (order(), 8..400_usize).prop_map(|(order, size)| Op::Push(order, size)),
        3 => (order(), 12_000..100_000_usize).prop_map(|(order, size)| Op::Push(order, size)),
        1 => Just(Op::Control),
        4 => (3..9_usize, 1..50_000_usize).prop_map(|(places, max)| Op::Write { places, max }),
    ]
}

fn ordered(a: Order, b: Order) -> bool {
    match (a, b) {
        (Order::Free, _) | (_, Order::Free) => false,
        (Order::Every, _) | (_, Order::Every) => true,
        (Order::To(a), Order::To(b)) => a == b,
    }
}

/// Every control frame begins within one frame, beside other control frames, of the
/// byte that was written last when it was pushed.
fn check_control_ahead(stream: &[u8], pushed_at: &[usize]) {
    let mut pushed = pushed_at.iter();
    let mut at = 0;
    while at < stream.len() {
        let width = crate::varint::decode(&stream[at..]).unwrap().1;
        if stream[at + width] == Kind::Close as u8 {
            let pushed_at = *pushed.next().unwrap();
            let controls = pushed_at_or_later(pushed_at, stream, at);
            assert!(at <= pushed_at + controls + 16 * 1024 + 64, "{at} after {pushed_at}");
        }
        at += own_frame_length(&stream[at..]);
    }
    assert!(pushed.next().is_none());
}

/// Bytes of control frames in `stream[from..to]`.
fn pushed_at_or_later(from: usize, stream: &[u8], to: usize) -> usize {
    let mut at = 0;
    let mut bytes = 0;
    while at < to {
        let length = own_frame_length(&stream[at..]);
        let width = crate::varint::decode(&stream[at..]).unwrap().1;
        if stream[at + width] == Kind::Close as u8 && at + length > from {
            bytes += length;
        }
        at += length;
    }
    bytes
}

/// Long payloads of one frame are lent on one side, and read to a place of their own on the other.
#[test]
fn long_payloads_are_not_copied_and_whole() {
    const SIZES: [usize; 9] = [1, 8_191, 8_192, 16_383, 16_384, 40_000, 65_536, 65_536, 3];
    let limits = Limits::default();
    let mut outbound = Outbound::new(limits);
    let sent: Vec<_> = SIZES.iter().map(|&size| Bytes::from(payload(size, size.max(8)))).collect();
    for bytes in &sent {
        outbound.push_bytes(FrameHead::new(Kind::Send), Order::Free, bytes).unwrap();
    }
    let mut segments = [IoSlice::new(&[]); 32];
    let used = outbound.segments(&mut segments);
    for bytes in sent.iter().filter(|bytes| bytes.len() >= 8_192) {
        let lent = segments[..used].iter().any(|segment| segment.as_ptr() == bytes.as_ptr());
        assert!(lent, "{}", bytes.len());
    }
    let stream = write_all(&mut outbound);
    for pieces in [&[usize::MAX][..], &[1], &[5_000], &[100_000, 7], &[70_000]] {
        let log = read(limits, &stream, pieces).unwrap();
        let arrived: Vec<_> = log.0.into_iter().map(|(_, bytes)| bytes).collect();
        assert!(arrived == sent, "{pieces:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever is pushed and however it is written and read: every message arrives
    /// once and whole, those to one receiver in order, control frames ahead.
    #[test]
    fn model(ops in vec(op(), 1..80), pieces in vec(1..30_000_usize, 1..5)) {
        let mut outbound = Outbound::new(limits());
        let mut stream = Vec::new();
        let mut sent = Vec::new();
        let mut control_at = Vec::new();
        for op in ops {
            match op {
                Op::Push(order, size) => {
                    let bytes = payload(sent.len(), size);
                    let head = FrameHead::new(Kind::Send);
                    // Each way of pushing takes any size.
                    match size % 3 {
                        0 => outbound.push(head, order, |out| out.extend_from_slice(&bytes)),
                        1 => outbound.push_bytes(head, order, &Bytes::from(bytes.clone())),
                        _ => {
                            let (start, rest) = bytes.split_at(size / 3 % (size + 1));
                            let rest = Bytes::copy_from_slice(rest);
                            outbound.push_parts(head, order, start, &rest)
                        }
                    }
                    .unwrap();
                    sent.push((order, bytes));
                }
                Op::Control => {
                    control_at.push(stream.len());
                    let bytes = (control_at.len() as u64).to_le_bytes();
                    outbound
                        .push(FrameHead::new(Kind::Close), Order::Free, |out| {
                            out.extend_from_slice(&bytes);
                        })
                        .unwrap();
                }
                Op::Write { places, max } => {
                    write(&mut outbound, places, max, &mut stream);
                }
            }
        }
        stream.extend(write_all(&mut outbound));
        check_control_ahead(&stream, &control_at);

        let log = read(limits(), &stream, &pieces).unwrap();
        let whole = read(limits(), &stream, &[usize::MAX]).unwrap();
        prop_assert!(log.0 == whole.0, "splits do not matter");

        let mut arrived = BTreeMap::new();
        let mut controls = 0;
        for (position, (head, bytes)) in log.0.iter().enumerate() {
            if head.kind.class() == Class::Control {
                controls += 1;
                prop_assert_eq!(number_of(bytes), controls);
            } else {
                let number = number_of(bytes);
                prop_assert!(sent[number].1 == *bytes, "message {number} is whole");
                prop_assert!(arrived.insert(number, position).is_none(), "{number} came twice");
            }
        }
        prop_assert_eq!(controls, control_at.len());
        prop_assert_eq!(arrived.len(), sent.len());
        for (a, (order_a, _)) in sent.iter().enumerate() {
            for (b, (order_b, _)) in sent.iter().enumerate().skip(a + 1) {
                if ordered(*order_a, *order_b) {
                    prop_assert!(arrived[&a] < arrived[&b], "{a} {order_a:?}, {b} {order_b:?}");
                }
            }
        }
    }

    #[test]
    fn random_bytes_never_panic(stream in vec(any::<u8>(), 0..300), pieces in vec(1..40_usize, 1..4)) {
        let _ = read(limits(), &stream, &pieces);
    }

    /// Damaged but likely streams, of frames and chunks with some bytes replaced.
    #[test]
    fn damaged_streams_never_panic(
        sizes in vec(0..50_000_usize, 1..6),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut outbound = Outbound::new(limits());
        for (number, size) in sizes.into_iter().enumerate() {
            let order = Order::To(ReceiverKey(number as u64));
            outbound
                .push_bytes(FrameHead::new(Kind::Send), order, &vec![0x55; size].into())
                .unwrap();
        }
        let mut stream = write_all(&mut outbound);
        for (index, byte) in damage {
            let at = index.index(stream.len());
            stream[at] = byte;
        }
        let _ = read(limits(), &stream, &[7000]);
    }
}

fn push(outbound: &mut Outbound, number: usize, order: Order, size: usize) {
    let bytes = payload(number, size);
    outbound.push_bytes(FrameHead::new(Kind::Send), order, &bytes.into()).unwrap();
}

fn numbers(log: &Log) -> Vec<usize> {
    log.0.iter().map(|(_, bytes)| number_of(bytes)).collect()
}

#[test]
fn others_overtake_a_large_message_its_receiver_waits() {
    let (a, b) = (Order::To(ReceiverKey(1)), Order::To(ReceiverKey(2)));
    let mut outbound = Outbound::new(limits());
    push(&mut outbound, 0, a, 100_000);
    push(&mut outbound, 1, a, 10);
    push(&mut outbound, 2, b, 10);
    push(&mut outbound, 3, Order::Every, 10);
    push(&mut outbound, 4, b, 10);
    push(&mut outbound, 5, Order::Free, 10);
    let log = read(limits(), &write_all(&mut outbound), &[usize::MAX]).unwrap();
    assert_eq!(numbers(&log), [2, 5, 0, 1, 3, 4]);
}

#[test]
fn large_messages_take_turns() {
    let mut outbound = Outbound::new(limits());
    push(&mut outbound, 0, Order::To(ReceiverKey(0)), 100_000);
    push(&mut outbound, 1, Order::To(ReceiverKey(1)), 20_000);
    let log = read(limits(), &write_all(&mut outbound), &[usize::MAX]).unwrap();
    assert_eq!(numbers(&log), [1, 0], "the shorter one is not kept waiting");
}

#[test]
fn more_large_messages_wait_than_may_be_open() {
    let mut outbound = Outbound::new(limits());
    for number in 0..5 {
        push(&mut outbound, number, Order::Free, 35_000);
    }
    let log = read(limits(), &write_all(&mut outbound), &[usize::MAX]).unwrap();
    assert_eq!(numbers(&log), [0, 1, 2, 3, 4]);
}

#[test]
fn a_control_frame_waits_for_the_end_of_one_frame() {
    let mut outbound = Outbound::new(limits());
    for number in 0..100 {
        push(&mut outbound, number, Order::Free, 400);
    }
    let mut stream = Vec::new();
    write(&mut outbound, 8, 1000, &mut stream);
    let close = FrameHead::new(Kind::Close);
    outbound.push(close, Order::Free, |out| out.extend_from_slice(&[0; 8])).unwrap();
    stream.extend(write_all(&mut outbound));
    let log = read(limits(), &stream, &[usize::MAX]).unwrap();
    let position = log.0.iter().position(|(head, _)| *head == close);
    assert_eq!(position, Some(3), "1000 bytes end within the third frame");
    assert_eq!(log.0.len(), 101);
}

#[test]
fn few_bytes_are_lent_ahead() {
    let limits = Limits::default();
    let mut outbound = Outbound::new(limits);
    push(&mut outbound, 0, Order::Free, 10 << 20);
    let mut iov = vec![IoSlice::new(&[]); 64];
    let used = outbound.segments(&mut iov);
    let lent: usize = iov[..used].iter().map(|slice| slice.len()).sum();
    assert!((1..=4 * (limits.chunk_max + 64)).contains(&lent), "{lent}");
    outbound.consumed(0);
    push(&mut outbound, 1, Order::Free, 10);
    let log = read(limits, &write_all(&mut outbound), &[usize::MAX]).unwrap();
    assert_eq!(numbers(&log), [1, 0]);
}

#[test]
fn too_large_is_the_callers_fault_and_queues_nothing() {
    let mut outbound = Outbound::new(limits());
    let head = FrameHead::new(Kind::Send);
    let refused = outbound.push_bytes(head, Order::Free, &vec![0; 120_001].into());
    assert_eq!(refused, Err(TooLarge { length: 120_001, max: 120_000 }));
    let refused = outbound.push(head, Order::Free, |out| out.resize(out.len() + 120_001, 0));
    assert_eq!(refused, Err(TooLarge { length: 120_001, max: 120_000 }));
    let refused = outbound.push_bytes(
        FrameHead::new(Kind::Close),
        Order::Free,
        &vec![0; 16 * 1024 + 1].into(),
    );
    assert_eq!(refused, Err(TooLarge { length: 16 * 1024 + 1, max: 16 * 1024 }));
    assert!(outbound.is_empty());
    assert_eq!(write_all(&mut outbound), []);
}

#[test]
fn queued_bytes_return_to_zero() {
    let mut outbound = Outbound::new(limits());
    for number in 0..6 {
        push(&mut outbound, number, Order::To(ReceiverKey(0)), 30_000);
        push(&mut outbound, number, Order::To(ReceiverKey(0)), 30);
    }
    assert!(outbound.queued_bytes() >= 6 * 30_030);
    let mut stream = Vec::new();
    let mut before = outbound.queued_bytes();
    while write(&mut outbound, 3, 1000, &mut stream) > 0 {
        assert!(outbound.queued_bytes() <= before);
        before = outbound.queued_bytes();
    }
    assert_eq!(outbound.queued_bytes(), 0);
}

#[test]
fn an_unknown_kind_is_skipped_whole() {
    let mut stream = vec![6, 0x90, Class::Bulk as u8, 0, 1, 2, 3];
    write_frame(&mut stream, FrameHead::new(Kind::Send), |out| {
        out.extend(payload(7, 8));
    });
    let log = read(limits(), &stream, &[1]).unwrap();
    assert_eq!(numbers(&log), [7]);
}
