//! An actor that links, unlinks, watches and spawns as it is told, and writes down what comes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use holm::prelude::*;
use holm::{MonitorRef, NodeName, Pid};
use parking_lot::Mutex;

use crate::stack::Stuck;

/// What an actor did, and heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// It linked, and had not been linked before.
    Linked(Pid),
    Unlinked(Pid),
    /// The exit of a linked actor.
    Exit(Pid, ExitReason),
    Watched(MonitorRef, Pid),
    /// It gave a monitor up, a `Down` that waits included.
    Unwatched(MonitorRef),
    Down(MonitorRef, ExitReason),
}

/// One actor's, in order.
#[derive(Debug)]
pub(super) struct History {
    /// In the order of spawns.
    pub(super) number: usize,
    pub(super) events: Vec<Event>,
    /// Why it ended, if it could say.
    pub(super) ended: Option<ExitReason>,
}

pub(super) type Histories = Arc<Mutex<BTreeMap<Pid, History>>>;

/// Of most pairs only the older one links, so that it knows what to expect; of some both do.
pub(super) fn may_link(me: usize, peer: usize) -> bool {
    me < peer || both_link(me, peer)
}

pub(super) fn both_link(one: usize, other: usize) -> bool {
    (one + other).is_multiple_of(3)
}

pub(super) struct Knot {
    number: usize,
    histories: Histories,
    /// Monitors that have not fired, as far as it has heard.
    monitors: Vec<MonitorRef>,
}

impl Knot {
    pub(super) fn new(number: usize, histories: &Histories) -> Self {
        Self { number, histories: Arc::clone(histories), monitors: Vec::new() }
    }

    fn note(&self, cx: &Context<Self>, event: Event) {
        self.histories.lock().get_mut(&cx.pid()).unwrap().events.push(event);
    }
}

fn is_linked(cx: &Context<Knot>, peer: Pid) -> bool {
    cx.system().inspect(cx.pid()).unwrap().links.contains(&peer)
}

#[actor(local)]
impl Knot {
    async fn started(&mut self, cx: &mut Context<Self>) -> Result<(), ExitReason> {
        let history = History { number: self.number, events: Vec::new(), ended: None };
        self.histories.lock().insert(cx.pid(), history);
        Ok(())
    }

    async fn link(&mut self, peer: Pid, cx: &mut Context<Self>) {
        if !is_linked(cx, peer) {
            self.note(cx, Event::Linked(peer));
        }
        cx.link(peer);
    }

    async fn unlink(&mut self, peer: Pid, cx: &mut Context<Self>) {
        cx.unlink(peer);
        self.note(cx, Event::Unlinked(peer));
    }

    async fn watch(&mut self, peer: Pid, cx: &mut Context<Self>) {
        let monitor = cx.monitor(peer);
        self.note(cx, Event::Watched(monitor, peer));
        self.monitors.push(monitor);
    }

    async fn unwatch(&mut self, cx: &mut Context<Self>) {
        if let Some(monitor) = self.monitors.pop() {
            cx.demonitor_flush(monitor);
            self.note(cx, Event::Unwatched(monitor));
        }
    }

    /// Spawns a linked child.
    async fn spawn(&mut self, on: NodeName, cx: &mut Context<Self>) {
        if let Ok(child) = cx.spawn_on::<Stuck>(&on, Stuck {}).linked().await {
            self.note(cx, Event::Linked(child.pid()));
        }
    }

    async fn end(&mut self, cx: &mut Context<Self>) {
        cx.stop(ExitReason::Failed(format!("{} ended", self.number).into()));
    }

    async fn signal(&mut self, signal: Signal, cx: &mut Context<Self>) {
        match signal {
            Signal::Exit(exit) => {
                assert!(exit.linked, "{exit:?}");
                self.note(cx, Event::Exit(exit.from.unwrap(), exit.reason));
            }
            Signal::Down(down) => {
                self.monitors.retain(|monitor| *monitor != down.monitor);
                self.note(cx, Event::Down(down.monitor, down.reason));
            }
            other => panic!("{other:?}"),
        }
    }

    async fn stopped(&mut self, reason: &ExitReason, cx: &mut Context<Self>) {
        self.histories.lock().get_mut(&cx.pid()).unwrap().ended = Some(reason.clone());
    }
}
