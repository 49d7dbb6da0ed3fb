//! Frames as `docs/protocol.md` has them, written by hand, so that they can be wrong.

use holm::Remote;
use holm_wire::signal::Signal;
use holm_wire::{BodyCodec, Class, Kind, MethodId, varint};

/// Bits of the byte behind the kind.
pub(super) const ACTORS: u8 = Class::Actors as u8;
pub(super) const CHUNK: u8 = 1 << 3;
pub(super) const LAST: u8 = 1 << 4;
pub(super) const COMPRESSED: u8 = 1 << 5;

/// A length of 4 GiB.
pub(super) const FOUR_GIB: [u8; 5] = [0xff, 0xff, 0xff, 0xff, 0x0f];

fn numbers(numbers: impl IntoIterator<Item = u64>) -> Vec<u8> {
    let mut out = Vec::new();
    numbers.into_iter().for_each(|number| varint::encode(number, &mut out));
    out
}

/// One frame.
pub(super) fn frame(kind: u8, flags: u8, id: u64, payload: &[u8]) -> Vec<u8> {
    let counted = [&[kind, flags][..], &numbers([id]), payload].concat();
    [numbers([counted.len() as u64]), counted].concat()
}

/// A frame that stands for `length` bytes.
pub(super) fn compressed(length: u64, data: &[u8]) -> Vec<u8> {
    let payload = [&numbers([length]), data].concat();
    frame(Kind::Send as u8, ACTORS | COMPRESSED, 0, &payload)
}

/// A chunk of a message to an actor.
#[derive(Clone, Copy)]
pub(super) struct Chunk {
    pub(super) message: u64,
    pub(super) sequence: u64,
    /// The message's length, on its first chunk.
    pub(super) total: u64,
    pub(super) flags: u8,
    /// With the flag for it: how many bytes the data stand for.
    pub(super) length: u64,
}

impl Chunk {
    /// The first of message `message`, which has `total` bytes.
    pub(super) fn first(message: u64, total: u64) -> Self {
        Self { message, sequence: 0, total, flags: CHUNK, length: 0 }
    }

    /// The chunk after `sequence` others.
    pub(super) fn next(self, sequence: u64) -> Self {
        Self { sequence, ..self }
    }

    /// Its data are compressed, and stand for so many bytes.
    pub(super) fn compressed(self, length: u64) -> Self {
        Self { flags: self.flags | COMPRESSED, length, ..self }
    }

    pub(super) fn frame(self, data: &[u8]) -> Vec<u8> {
        let total = (self.sequence == 0).then_some(self.total);
        let length = (self.flags & COMPRESSED != 0).then_some(self.length);
        let place = [Some(self.message), Some(self.sequence), total, length];
        let payload = [&numbers(place.into_iter().flatten()), data].concat();
        frame(Kind::Send as u8, ACTORS | self.flags, 0, &payload)
    }
}

/// A signal.
pub(super) fn signal(signal: &Signal<'_>) -> Vec<u8> {
    let (head, mut payload) = (signal.head(), Vec::new());
    signal.encode(&mut payload);
    let id = head.id.map_or(0, |id| id.as_u64());
    frame(head.kind as u8, head.kind.class() as u8, id, &payload)
}

/// From now on, method `number` is this one of `A`.
pub(super) fn define<A: Remote>(number: u32, tag: &str) -> Vec<u8> {
    let info = &A::TABLE.methods.iter().find(|method| method.info.tag == tag).unwrap().info;
    let (actor_type, fingerprint) = (info.actor_type, (info.fingerprint)());
    signal(&Signal::Define { method: MethodId(number), actor_type, tag, fingerprint })
}

/// Calls method `method` of the actor of this name, with a number or nothing.
pub(super) fn call(id: u64, to: &str, method: u64, argument: Option<u64>) -> Vec<u8> {
    let name = [&[0][..], &numbers([to.len() as u64]), to.as_bytes()].concat();
    let rest = numbers([method].into_iter().chain(argument));
    let payload = [name, vec![BodyCodec::Positional as u8], rest].concat();
    frame(Kind::Call as u8, ACTORS, id, &payload)
}

/// Cancels a call.
pub(super) fn cancel(id: u64) -> Vec<u8> {
    frame(Kind::Cancel as u8, ACTORS, id, &[])
}
