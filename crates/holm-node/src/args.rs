//! Encoded arguments on their way out.

use std::cell::Cell;

use bytes::Bytes;
use holm_wire::NodeId;
use holm_wire::body::encode_noting;

/// Room for the envelope, ahead of the arguments: a receiver's name of 255 bytes, and numbers.
const ROOM: usize = 320;
/// Arguments from this length on go out without being copied again.
const LEND_MIN: usize = 16 * 1024;
/// Memory that is kept for the next ones; more is given back.
const KEPT: usize = 256 * 1024;

/// Encoded arguments, with room ahead of them, so that their envelope is put there and they need not be
/// moved.
#[derive(Clone, Debug, Default)]
pub(crate) struct Args {
    bytes: Vec<u8>,
    /// What follows them, and was lent.
    lent: Bytes,
}

/// A whole message: `start` is to be copied, and `rest` is not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lent {
    pub(crate) start: Vec<u8>,
    pub(crate) rest: Bytes,
}

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Args {
    /// With the memory of earlier ones of this thread: arguments are encoded before a lock is taken, as
    /// that runs code of users.
    #[inline]
    pub(crate) fn scratch() -> Self {
        Self { bytes: SCRATCH.take(), lent: Bytes::new() }
    }

    /// Keeps its memory for the next [`scratch`](Self::scratch), if it is not too much.
    #[inline]
    pub(crate) fn keep(self) {
        if self.bytes.capacity() <= KEPT {
            SCRATCH.set(self.bytes);
        }
    }

    /// Has `encode` append arguments, of which there are none yet; also the nodes that they mention.
    #[inline]
    pub(crate) fn encode<T>(&mut self, encode: impl FnOnce(&mut Vec<u8>) -> T) -> (T, Vec<NodeId>) {
        self.bytes.resize(ROOM, 0);
        let (done, noted) = encode_noting(&mut self.bytes, encode);
        let Some(noted) = noted else { return (done, Vec::new()) };
        self.lent = noted.lent.unwrap_or_default();
        (done, noted.nodes)
    }

    /// All of them, if they are few.
    #[inline]
    pub(crate) fn short(&self) -> Option<&[u8]> {
        if self.lent.is_empty() { self.bytes.get(ROOM..) } else { None }
    }

    /// How many bytes they are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.bytes.len().saturating_sub(ROOM) + self.lent.len()
    }

    /// All of them, in one place.
    #[inline]
    pub(crate) fn body(&mut self) -> &[u8] {
        if !self.lent.is_empty() {
            self.bytes.extend_from_slice(&std::mem::take(&mut self.lent));
        }
        self.bytes.get(ROOM..).unwrap_or_default()
    }

    /// The whole message, with this envelope; the arguments are gone then. `None` if copying them costs less.
    #[inline]
    pub(crate) fn lend(&mut self, envelope: impl FnOnce(&mut Vec<u8>)) -> Option<Lent> {
        if self.len() < LEND_MIN { None } else { self.lend_long(envelope) }
    }

    fn lend_long(&mut self, envelope: impl FnOnce(&mut Vec<u8>)) -> Option<Lent> {
        let mut head = Vec::with_capacity(ROOM);
        envelope(&mut head);
        if !self.lent.is_empty() {
            head.extend_from_slice(&self.bytes[ROOM..]);
            self.bytes.clear();
            return Some(Lent { start: head, rest: std::mem::take(&mut self.lent) });
        }
        let start = ROOM.checked_sub(head.len())?;
        self.bytes[start..ROOM].copy_from_slice(&head);
        let length = self.bytes.len();
        let whole = std::mem::replace(&mut self.bytes, Vec::with_capacity(length.min(KEPT)));
        Some(Lent { start: Vec::new(), rest: Bytes::from(whole).slice(start..) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use holm_wire::body::{Blob, encode_positional};

    use super::*;

    fn args(length: usize) -> Args {
        let mut args = Args::default();
        args.encode(|bytes| bytes.resize(ROOM + length, 7));
        args
    }

    #[test]
    fn few_are_copied_and_many_are_lent_behind_their_envelope() {
        assert_eq!(args(LEND_MIN - 1).lend(|_| unreachable!()), None);
        let mut many = args(LEND_MIN);
        let Lent { start, rest } = many.lend(|head| head.extend([1, 2, 3])).unwrap();
        assert_eq!(start, [0_u8; 0]);
        assert_eq!((&rest[..3], rest.len()), (&[1, 2, 3][..], LEND_MIN + 3));
        assert!(rest[3..].iter().all(|&byte| byte == 7));
        assert_eq!(many.body(), [0_u8; 0]);
    }

    #[test]
    fn an_envelope_without_room_has_them_copied() {
        let mut many = args(LEND_MIN);
        assert_eq!(many.lend(|head| head.resize(ROOM + 1, 0)), None);
        assert_eq!(many.body().len(), LEND_MIN);
    }

    #[test]
    fn what_was_lent_goes_behind_the_others_or_is_joined_with_them() {
        let blob = Blob::from(vec![9; LEND_MIN]);
        let mut args = Args::default();
        let encode = |args: &mut Args| {
            args.encode(|bytes| encode_positional(&(5_u8, &blob), bytes)).0.unwrap();
            assert_eq!(args.len(), LEND_MIN + 4);
        };
        encode(&mut args);
        let Lent { start, rest } = args.lend(|head| head.push(1)).unwrap();
        assert_eq!((&start[..2], start.len()), (&[1, 5][..], 5));
        assert_eq!(rest.as_ptr(), blob.as_ptr());
        encode(&mut args);
        let body = args.body();
        assert_eq!((body[0], &body[4..]), (5, &blob[..]));
    }
}
