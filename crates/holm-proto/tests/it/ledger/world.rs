//! A few actors with their ledgers, and the least of a driver: lines, sessions, inboxes.

use super::ghost::Ghost;
use holm_proto::ledger::{ExitToken, Ledger, LinkIds, LinkKey, Stamp};
use holm_wire::{MonitorId, NodeId, Pid, Serial};
use std::collections::{BTreeMap, VecDeque};

/// A watcher, and what names it.
pub(super) type Watcher = (Pid, MonitorId);

pub(super) type Book = Ledger<Pid, Watcher, Watcher>;

/// What an exit through a link does to an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Reaction {
    /// It traps exits.
    Trap,
    /// It ends as well.
    End,
    /// The reason was `Normal`.
    Ignore,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Life {
    Alive,
    /// Its end is fixed, but its ledger still takes part.
    Ending,
    Dead,
}

#[derive(Clone, Debug, Hash)]
pub(super) struct Actor {
    pub(super) pid: Pid,
    pub(super) node: usize,
    pub(super) ledger: Book,
    pub(super) life: Life,
    pub(super) reaction: Reaction,
    pub(super) inbox: VecDeque<Queued>,
    /// In its ledger already, and to be sent before it does anything else.
    pub(super) unsent: VecDeque<(usize, Signal)>,
    /// How many operations it may still do.
    pub(super) ops: usize,
}

#[derive(Clone, Debug, Hash)]
pub(super) enum Queued {
    Down(MonitorId),
    /// The ghost notes whether it was flushed.
    Exit {
        peer: usize,
        token: ExitToken,
        flushed: bool,
    },
}

#[derive(Clone, Copy, Debug, Hash)]
pub(super) enum Signal {
    Link(LinkKey),
    Unlink(LinkIds),
    Exit(LinkIds),
    /// The answer to a link with a dead actor: an exit as well.
    Noproc(LinkKey),
    Monitor(MonitorId),
    Demonitor(MonitorId),
    Down(MonitorId),
    /// Of so many bytes. To the ledgers it is nothing, but it may keep signals waiting.
    Message(usize),
}

/// First in, first out: between two actors of a node, or from a node to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Line {
    Local(usize, usize),
    Remote(usize, usize),
}

impl Line {
    pub(super) fn is_remote(self) -> bool {
        match self {
            Self::Local(..) => false,
            Self::Remote(..) => true,
        }
    }
}

#[derive(Clone, Debug, Hash)]
pub(super) struct Frame {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) session: u64,
    pub(super) signal: Signal,
}

/// One node's side of its sessions with another.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Port {
    /// The session, or dial, it appends to.
    pub(super) out: u64,
    /// The session it reads; lower than `out` while it is torn down.
    pub(super) read: u64,
    /// Actors whose ledgers teardown has yet to visit.
    pub(super) tearing_down: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Link(usize),
    Unlink(usize),
    Exit,
    Monitor(usize),
    /// By its position in the ghost.
    Demonitor {
        watch: usize,
        flush: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Do(usize, Op),
    /// The actor's last operation reaches its line.
    Append(usize),
    Deliver(Line),
    /// The actor takes something from its inbox.
    Handle(usize),
    /// The actor, whose end is fixed, ends.
    End(usize),
    /// The actor sends a message to another of so many bytes.
    Send(usize, usize, usize),
    /// A node sees its session with another as lost.
    Close(usize, usize),
    /// Teardown visits one ledger.
    Lose(usize, usize),
}

#[derive(Clone, Debug, Hash)]
pub(super) struct World {
    pub(super) actors: Vec<Actor>,
    pub(super) ghost: Ghost,
    pub(super) lines: BTreeMap<Line, VecDeque<Frame>>,
    pub(super) ports: BTreeMap<(usize, usize), Port>,
    pub(super) minted: u64,
    /// How many sessions may still be lost.
    pub(super) losses: usize,
}

impl World {
    /// One actor for each of `places`: its node, and what an exit does to it. Each may do `ops`
    /// operations.
    pub(super) fn new(places: &[(usize, Reaction)], ops: usize, losses: usize) -> Self {
        let actor = |(at, &(node, reaction)): (usize, &(usize, Reaction))| Actor {
            pid: Pid {
                node: NodeId::from_u64(node as u64 + 1).unwrap(),
                serial: Serial::from_u64(at as u64 + 1).unwrap(),
            },
            node,
            ledger: Ledger::default(),
            life: Life::Alive,
            reaction,
            inbox: VecDeque::new(),
            unsent: VecDeque::new(),
            ops,
        };
        let actors: Vec<_> = places.iter().enumerate().map(actor).collect();
        let mut ports = BTreeMap::new();
        for near in &actors {
            for far in actors.iter().filter(|far| far.node != near.node) {
                ports.insert((near.node, far.node), Port::default());
            }
        }
        let ghost = Ghost::new(actors.len());
        Self { actors, ghost, lines: BTreeMap::new(), ports, minted: 0, losses }
    }

    pub(super) fn is_dead(&self, actor: usize) -> bool {
        self.actors[actor].life == Life::Dead
    }

    /// The session that `near`'s node holds with `far`'s, if they are of two nodes.
    pub(super) fn session(&self, near: usize, far: usize) -> Option<u64> {
        let port = (self.actors[near].node, self.actors[far].node);
        self.ports.get(&port).map(|port| port.read)
    }

    pub(super) fn sessions_lost(&self) -> impl Iterator<Item = (usize, Stamp)> {
        self.ports.iter().flat_map(|(&(near, far), port)| {
            (0..port.read).map(move |session| (near, stamp(far, session)))
        })
    }

    /// What can happen beside operations and losses. Nothing: all is quiet.
    pub(super) fn pending(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for (at, actor) in self.actors.iter().enumerate() {
            if !actor.unsent.is_empty() {
                steps.push(Step::Append(at));
            } else if actor.life == Life::Ending {
                steps.push(Step::End(at));
            } else if !actor.inbox.is_empty() {
                steps.push(Step::Handle(at));
            }
        }
        for (&line, frames) in &self.lines {
            if self.can_read(line, &frames[0]) {
                steps.push(Step::Deliver(line));
            }
        }
        for (&(near, far), port) in &self.ports {
            if !port.tearing_down.is_empty() {
                steps.push(Step::Lose(near, far));
            } else if port.out < self.ports[&(far, near)].out {
                steps.push(Step::Close(near, far));
            }
        }
        steps
    }

    /// Actors that may do something.
    pub(super) fn idle(&self) -> Vec<usize> {
        let actors = self.actors.iter().enumerate();
        let idle = |actor: &Actor| actor.life == Life::Alive && actor.unsent.is_empty();
        actors.filter(|(_, actor)| idle(actor)).map(|(at, _)| at).collect()
    }

    /// What actors may do, and which sessions may be lost.
    pub(super) fn choices(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for at in self.idle() {
            if self.actors[at].ops > 0 {
                steps.extend(self.ops(at).into_iter().map(|op| Step::Do(at, op)));
            }
        }
        for &(near, far) in self.ports.keys().filter(|_| self.losses > 0) {
            let (here, there) = (&self.ports[&(near, far)], &self.ports[&(far, near)]);
            if here.out == there.read && here.out == here.read && there.out == there.read {
                steps.push(Step::Close(near, far));
            }
        }
        steps
    }

    fn ops(&self, actor: usize) -> Vec<Op> {
        let mut ops = vec![Op::Exit];
        for peer in (0..self.actors.len()).filter(|&peer| peer != actor) {
            ops.extend([Op::Link(peer), Op::Unlink(peer), Op::Monitor(peer)]);
        }
        for (watch, ghost) in self.ghost.watches.iter().enumerate() {
            if ghost.watcher == actor && !ghost.given_up {
                ops.extend([false, true].map(|flush| Op::Demonitor { watch, flush }));
            }
        }
        ops
    }

    fn can_read(&self, line: Line, frame: &Frame) -> bool {
        match line {
            Line::Local(..) => true,
            Line::Remote(near, far) => {
                let port = &self.ports[&(far, near)];
                port.tearing_down.is_empty() && frame.session <= port.read
            }
        }
    }
}

/// Of a session with node `far`. Nodes are few.
pub(super) fn stamp(far: usize, session: u64) -> Stamp {
    Stamp(session * 16 + far as u64)
}
