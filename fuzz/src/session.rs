//! A session as a list of operations: what is sent arrives, whole and in order; and a table
//! of streams that is told anything keeps its bounds.

use super::input::{Input, read};
use bytes::Bytes;
use holm_wire::session::streams::{Arrival, StreamTable};
use holm_wire::session::{Credit, Order, Outbound, ReceiverKey, Taken, Terms};
use holm_wire::{Class, FrameHead, Kind, RequestId};
use std::collections::BTreeMap;
use std::io::IoSlice;

/// Takes the input as operations, of a sender first, then on a table of streams.
pub fn session(data: &[u8]) {
    let mut input = Input(data);
    let terms = input.terms();
    sender(terms, &mut input);
    table(terms, &mut input);
}

const KINDS: [Kind; 5] = [Kind::Close, Kind::Send, Kind::Item, Kind::Membership, Kind::Bulk];
const OPERATIONS_MAX: usize = 32;

/// Frames of every class, written in pieces, arrive in order within what is promised.
fn sender(terms: Terms, input: &mut Input<'_>) {
    let mut outbound = Outbound::new(terms);
    let mut stream = Vec::new();
    let mut sent: BTreeMap<(Class, Option<u64>), Vec<Vec<u8>>> = BTreeMap::new();
    for number in 0..OPERATIONS_MAX {
        if input.is_empty() {
            break;
        }
        let op = input.byte();
        if op & 1 == 0 {
            write(&mut outbound, 3 + usize::from(op >> 4), input.size(), &mut stream);
            continue;
        }
        let kind = KINDS[usize::from(op >> 1) % KINDS.len()];
        let control = kind.class() == Class::Control;
        let key = (!control).then_some(u64::from(op >> 5));
        let size =
            if control { input.size() % 1000 } else { input.size() % terms.limits.message_max };
        let mut payload = vec![op; 8 + size.saturating_sub(8)];
        payload[..8].copy_from_slice(&(number as u64).to_le_bytes());
        let order = key.map_or(Order::Free, |key| Order::To(ReceiverKey(key)));
        let pushed =
            outbound.push_bytes(FrameHead::new(kind), order, &Bytes::from(payload.clone()));
        assert_eq!(pushed, Ok(()));
        sent.entry((kind.class(), key)).or_default().push(payload);
    }
    while write(&mut outbound, 9, usize::MAX, &mut stream) > 0 {}
    assert_eq!(outbound.queued_bytes(), 0);
    let (log, end) = read(terms, &stream, usize::MAX);
    assert_eq!(end, None);
    let mut arrived: BTreeMap<Class, Vec<Vec<u8>>> = BTreeMap::new();
    for (head, payload) in log.0 {
        arrived.entry(head.kind.class()).or_default().push(payload);
    }
    for ((class, _), sent) in sent {
        // Each lane is a subsequence of its class.
        let mut class = arrived.get(&class).into_iter().flatten();
        assert!(sent.iter().all(|payload| class.any(|arrived| arrived == payload)));
    }
}

fn write(outbound: &mut Outbound, places: usize, max: usize, stream: &mut Vec<u8>) -> usize {
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

/// Whatever a peer and a user do in whatever order.
fn table(terms: Terms, input: &mut Input<'_>) {
    let limits = terms.limits;
    let mut table: StreamTable<Vec<usize>> = StreamTable::new(terms.side, limits);
    for _ in 0..4 * OPERATIONS_MAX {
        if input.is_empty() {
            return;
        }
        let op = input.byte();
        let Some(id) = RequestId::from_u64(u64::from(op >> 4)) else { continue };
        let length = if op & 8 == 0 { 1 } else { input.size() };
        let outcome = match op & 7 {
            0 => table.handle_open(id, false, length, Vec::new()).map(drop),
            1 => table.handle_item(id, length, length == 0).map(|arrival| {
                if let Arrival::Wanted(items) = arrival {
                    items.push(length);
                }
            }),
            2 => table.handle_end(id).map(drop),
            3 => table.handle_reset(id).map(drop),
            4 => {
                let credit = Credit { bytes: length as u64, items: 1 };
                table.handle_credit(id, credit).map(drop)
            }
            5 => {
                let _ = table.open(length == 0, Vec::new());
                Ok(())
            }
            6 => {
                if let Some(length) = table.local(id).and_then(Vec::pop) {
                    let mut taken = Taken::new(&limits);
                    taken.add(length);
                    let _ = table.consumed(id, &mut taken);
                }
                let _ = table.send(id, length, false);
                Ok(())
            }
            _ => {
                table.remove(id);
                Ok(())
            }
        };
        assert!(table.len() <= 2 * limits.streams_max);
        assert!(table.held_bytes() <= limits.reassembly_max);
        if outcome.is_err() {
            return;
        }
    }
}
