//! The sessions between nodes as bytes: what is under way is cut at any place, large messages go
//! between signals, and a lost session takes with it what it carried.

use super::world::{Frame, Line, Signal, Step, World};
use bytes::Bytes;
use holm_wire::{
    FrameHead, Kind, Limits, Violation,
    session::{Inbound, Order, Outbound, Payload, ReceiverKey, Sink},
};
use std::{
    collections::{BTreeMap, VecDeque},
    io::IoSlice,
};

/// What the sessions do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bug {
    None,
    /// Signals overtake a large message to their receiver.
    Overtakes,
    /// What a lost session carried is delivered all the same.
    DeliversStale,
}

/// One direction of one session: from a node, to a node, and its number.
pub(super) type PipeId = (usize, usize, u64);

struct Pipe {
    outbound: Outbound,
    under_way: VecDeque<u8>,
    inbound: Inbound,
}

/// The frames of the world's remote lines, on their way as bytes.
pub(super) struct Wire {
    bug: Bug,
    pipes: BTreeMap<PipeId, Pipe>,
    /// The numbers of the frames in each line.
    lines: BTreeMap<(usize, usize), VecDeque<u64>>,
    frames: u64,
}

/// Takes the numbers of the frames that are whole.
#[derive(Default)]
struct Numbers(Vec<u64>);

impl Sink for Numbers {
    fn frame(&mut self, _: FrameHead, payload: Payload<'_>) -> Result<(), Violation> {
        let (number, rest) = payload.as_slice().split_first_chunk().unwrap();
        let number = u64::from_le_bytes(*number);
        assert!(rest.iter().all(|byte| *byte == number as u8), "{number} is whole");
        self.0.push(number);
        Ok(())
    }
}

/// Small chunks, so that a message has several.
fn limits() -> Limits {
    Limits { chunk_max: 16 * 1024, ..Limits::default() }
}

impl Wire {
    pub(super) fn new(bug: Bug) -> Self {
        Self { bug, pipes: BTreeMap::new(), lines: BTreeMap::new(), frames: 0 }
    }

    /// A step of the world, and what it means for the sessions.
    pub(super) fn apply(&mut self, world: &mut World, step: Step) {
        world.apply(step);
        if let Step::Close(near, far) = step {
            // What was not written never will be.
            let lost = world.ports[&(near, far)].out - 1;
            if let Some(pipe) = self.pipes.get_mut(&(near, far, lost)) {
                pipe.outbound = Outbound::new(limits());
            }
        }
        self.follow(world);
    }

    /// Sends what is new in the lines, and forgets what is lost.
    fn follow(&mut self, world: &mut World) {
        let remote: Vec<_> = world.ports.keys().copied().collect();
        for (near, far) in remote {
            let line = Line::Remote(near, far);
            let read = world.ports[&(far, near)].read;
            let known = self.lines.entry((near, far)).or_default();
            let frames = world.lines.get(&line).into_iter().flatten();
            for frame in frames.skip(known.len()) {
                known.push_back(self.frames);
                let pipe = self.pipes.entry((near, far, frame.session)).or_insert_with(|| Pipe {
                    outbound: Outbound::new(limits()),
                    under_way: VecDeque::new(),
                    inbound: Inbound::new(limits(), &[]),
                });
                push(pipe, frame, self.frames, self.bug);
                self.frames += 1;
            }
            if self.bug == Bug::DeliversStale {
                continue;
            }
            while let Some(at) = position(world, line, |frame| frame.session < read) {
                world.take(line, at);
                known.remove(at);
            }
            self.pipes
                .retain(|(from, to, session), _| (*from, *to) != (near, far) || *session >= read);
        }
    }

    /// Directions with something to write.
    pub(super) fn writable(&self) -> Vec<PipeId> {
        let pipes = self.pipes.iter().filter(|(_, pipe)| !pipe.outbound.is_empty());
        pipes.map(|(id, _)| *id).collect()
    }

    /// Those with something to read, whose reader is at this session.
    pub(super) fn readable(&self, world: &World) -> Vec<PipeId> {
        let can_read = |(near, far, session): &PipeId| {
            let port = &world.ports[&(*far, *near)];
            let stale = self.bug == Bug::DeliversStale && *session < port.read;
            port.tearing_down.is_empty() && (port.read == *session || stale)
        };
        let pipes = self.pipes.iter();
        let pipes = pipes.filter(|(id, pipe)| !pipe.under_way.is_empty() && can_read(id));
        pipes.map(|(id, _)| *id).collect()
    }

    /// Writes at most so many bytes.
    pub(super) fn write(&mut self, id: PipeId, max: usize) {
        let Pipe { outbound, under_way, .. } = self.pipes.get_mut(&id).unwrap();
        let mut places = [IoSlice::new(&[]); 4];
        let used = outbound.segments(&mut places);
        let mut left = max;
        for place in &places[..used] {
            let n = left.min(place.len());
            under_way.extend(&place[..n]);
            left -= n;
        }
        outbound.consumed(max - left);
    }

    /// Reads at most so many bytes, and has the world handle what is whole.
    pub(super) fn read(&mut self, world: &mut World, id: PipeId, max: usize) {
        let Pipe { under_way, inbound, .. } = self.pipes.get_mut(&id).unwrap();
        let buffer = inbound.buffer();
        let n = under_way.len().min(buffer.len()).min(max);
        for (place, byte) in buffer.iter_mut().zip(under_way.drain(..n)) {
            *place = byte;
        }
        let mut arrived = Numbers::default();
        inbound.handle_read(n, &mut arrived).unwrap();
        let (near, far, _) = id;
        for number in arrived.0 {
            let line = Line::Remote(near, far);
            let known = self.lines.get_mut(&(near, far)).unwrap();
            let at = known.iter().position(|known| *known == number).expect("it arrives once");
            known.remove(at);
            let frame = world.take(line, at);
            let earlier = world.lines.get(&line).into_iter().flatten().take(at);
            let pair = (frame.from, frame.to, frame.session);
            let overtaken = |other: &Frame| (other.from, other.to, other.session) == pair;
            assert!(!earlier.into_iter().any(overtaken), "{frame:?} came before an earlier one");
            world.handle_frame(frame);
        }
        self.follow(world);
    }
}

fn position(world: &World, line: Line, wanted: impl Fn(&Frame) -> bool) -> Option<usize> {
    world.lines.get(&line)?.iter().position(wanted)
}

fn push(pipe: &mut Pipe, frame: &Frame, number: u64, bug: Bug) {
    let length = match frame.signal {
        Signal::Message(length) => length,
        Signal::Link(_)
        | Signal::Unlink(_)
        | Signal::Exit(_)
        | Signal::Noproc(_)
        | Signal::Monitor(_)
        | Signal::Demonitor(_)
        | Signal::Down(_) => 0,
    };
    let order = match bug {
        Bug::Overtakes => Order::Free,
        Bug::None | Bug::DeliversStale => Order::To(ReceiverKey(frame.to as u64)),
    };
    let mut payload = number.to_le_bytes().to_vec();
    payload.resize(payload.len() + length, number as u8);
    let head = FrameHead::new(Kind::Send);
    pipe.outbound.push_bytes(head, order, &Bytes::from(payload)).unwrap();
}
