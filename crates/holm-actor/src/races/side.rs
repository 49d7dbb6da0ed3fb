//! One of the two actors: what it did and what it heard.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use holm_wire::{ExitReason, Pid};

use super::Start;
use crate::cell::{ActorCell, Item};
use crate::life::Life;
use crate::signal::Settled;
use crate::task::Queue;
use crate::{Actor, ActorSystem, Context, MonitorRef, PlainApi, Signal, SpawnOptions};

/// An actor that only lends its type.
pub(super) struct Puppet;

impl Actor for Puppet {
    type Msg = ();
    type Api = PlainApi<Self>;
    async fn handle(&mut self, (): (), _cx: &mut Context<Self>) {}
}

/// What an actor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Link,
    Unlink,
    Monitor,
    /// Gives up its latest monitor.
    Demonitor,
    DemonitorFlush,
    /// Sends an exit signal.
    Exit,
    /// Takes what is in its inbox.
    Take,
    End,
}

impl Op {
    pub(super) const ALL: [Self; 8] = [
        Self::Link,
        Self::Unlink,
        Self::Monitor,
        Self::Demonitor,
        Self::DemonitorFlush,
        Self::Exit,
        Self::Take,
        Self::End,
    ];

    /// Whether it does anything as the first operation of side `n`.
    pub(super) fn makes_sense(self, start: &Start, n: usize) -> bool {
        match self {
            Self::Demonitor | Self::DemonitorFlush => start.monitors[n],
            Self::Unlink => start.linked,
            Self::Link | Self::Monitor | Self::Exit | Self::Take | Self::End => true,
        }
    }
}

/// A monitor that it set.
pub(super) struct Held {
    pub(super) monitor: MonitorRef,
    /// The other had told everybody of its end before.
    pub(super) too_late: bool,
    /// The other had not begun to end when this was set.
    pub(super) in_time: bool,
    pub(super) given_up: Option<GivenUp>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum GivenUp {
    Plainly,
    /// After so many signals heard.
    Flushed(usize),
}

/// How far an actor's end has come.
#[derive(Default)]
struct End {
    begun: AtomicBool,
    done: AtomicBool,
}

/// What each side knows of itself and the other.
#[derive(Clone)]
struct Known {
    pid: Pid,
    end: Arc<End>,
}

pub(super) struct Side {
    queue: Queue<Puppet>,
    cx: Context<Puppet>,
    me: Known,
    other: Known,
    /// What it heard, in order.
    pub(super) heard: Vec<Signal>,
    pub(super) monitors: Vec<Held>,
    /// How many signals it had heard when it last unlinked, unless it has linked again.
    pub(super) unlinked_after: Option<usize>,
    pub(super) exits_sent: usize,
    pub(super) links_made: usize,
    pub(super) has_unlinked: bool,
}

impl Side {
    /// Two actors that do not know each other.
    pub(super) fn pair(system: &ActorSystem, traps: [bool; 2]) -> [Self; 2] {
        let [first, second] = traps.map(|traps| spawn(system, traps));
        let [known, other] =
            [&first, &second].map(|(_, cx)| Known { pid: cx.pid(), end: Arc::default() });
        [Self::new(first, known.clone(), other.clone()), Self::new(second, other, known)]
    }

    fn new((queue, cx): (Queue<Puppet>, Context<Puppet>), me: Known, other: Known) -> Self {
        Self {
            queue,
            cx,
            me,
            other,
            heard: Vec::new(),
            monitors: Vec::new(),
            unlinked_after: None,
            exits_sent: 0,
            links_made: 0,
            has_unlinked: false,
        }
    }

    pub(super) fn life(&self) -> &Life {
        &self.cx.header().life
    }

    pub(super) fn cell(&self) -> Weak<ActorCell<Puppet>> {
        Arc::downgrade(self.cx.cell())
    }

    pub(super) fn has_ended(&self) -> bool {
        self.me.end.done.load(Relaxed)
    }

    /// What it ends with of its own accord.
    pub(super) fn own_reason(&self) -> ExitReason {
        ExitReason::Failed(format!("{} ended", self.me.pid).into())
    }

    /// What it tells the other to end with.
    pub(super) fn told_reason(&self) -> ExitReason {
        ExitReason::Failed(format!("told by {}", self.me.pid).into())
    }

    /// Does one thing after the other, unless it is to end.
    pub(super) fn play(&mut self, script: &[Op]) {
        for (n, op) in script.iter().enumerate() {
            // The first is in a handler that runs already.
            if n > 0 && self.bury_if_due() {
                return;
            }
            self.act(*op);
        }
    }

    pub(super) fn act(&mut self, op: Op) {
        let other = self.other.pid;
        match op {
            Op::Link => {
                self.unlinked_after = None;
                self.links_made += 1;
                self.cx.link(other);
            }
            Op::Unlink => {
                self.cx.unlink(other);
                self.unlinked_after = Some(self.heard.len());
                self.has_unlinked = true;
            }
            Op::Monitor => {
                let too_late = self.other.end.done.load(Relaxed);
                let monitor = self.cx.monitor(other);
                let in_time = !self.other.end.begun.load(Relaxed);
                self.monitors.push(Held { monitor, too_late, in_time, given_up: None });
            }
            Op::Demonitor => {
                if let Some(monitor) = self.give_up(GivenUp::Plainly) {
                    self.cx.demonitor(monitor);
                }
            }
            Op::DemonitorFlush => {
                if let Some(monitor) = self.give_up(GivenUp::Flushed(self.heard.len())) {
                    self.cx.demonitor_flush(monitor);
                }
            }
            Op::Exit => {
                self.exits_sent += 1;
                self.cx.exit(other, self.told_reason());
            }
            Op::Take => self.take(),
            Op::End => self.finish(),
        }
    }

    /// Gives up the latest monitor that it holds.
    fn give_up(&mut self, how: GivenUp) -> Option<MonitorRef> {
        let held = self.monitors.iter_mut().rev().find(|held| held.given_up.is_none())?;
        held.given_up = Some(how);
        Some(held.monitor)
    }

    /// Hears what is in its inbox.
    pub(super) fn take(&mut self) {
        while let Some(item) = self.queue.pop() {
            let Item::Signal(queued) = item else { unreachable!("nobody sends a message") };
            match self.life().settle(*queued) {
                Settled::Signal(signal) => self.heard.push(signal),
                Settled::Nothing => {}
                Settled::Stop(_) => unreachable!("nobody drains"),
            }
        }
    }

    /// Ends, for a reason of its own unless there is one.
    pub(super) fn finish(&mut self) {
        self.life().begin_exit(self.own_reason());
        self.bury_if_due();
    }

    /// Ends if there is a reason to; whether it has ended.
    pub(super) fn bury_if_due(&mut self) -> bool {
        if !self.has_ended()
            && let Some(reason) = self.life().reason()
        {
            self.me.end.begun.store(true, Relaxed);
            self.cx.header().bury(&reason);
            self.me.end.done.store(true, Relaxed);
        }
        self.has_ended()
    }
}

fn spawn(system: &ActorSystem, traps: bool) -> (Queue<Puppet>, Context<Puppet>) {
    let mut made = None;
    let options = SpawnOptions { trap_exits: traps, ..SpawnOptions::default() };
    system.start(&options, None, |queue, cx| {
        made = Some((queue, cx));
        std::future::ready(())
    });
    made.unwrap()
}
