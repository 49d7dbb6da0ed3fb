//! The actors of a node: they do as they are told, and tell what they see.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use holm::prelude::*;
use holm::{Pid, SpawnError, Spawnable};
use tokio::sync::watch;

use crate::orders::{Line, Load, Received, Saw};
use crate::program::say;

/// Does what it is told, and says what it sees.
pub(crate) struct Puppet {
    received: BTreeMap<Pid, Received>,
    awaited: Vec<(Pid, u64, Reply<()>)>,
    stage: Arc<Stage>,
}

/// What the puppets of a node share.
pub(crate) struct Stage {
    /// Becomes true when those who hold are to go on.
    pub(crate) release: watch::Sender<bool>,
    /// What times of the node are counted from.
    pub(crate) began: Instant,
}

impl Default for Stage {
    #[expect(clippy::disallowed_methods, reason = "processes live in real time")]
    fn default() -> Self {
        Self { release: watch::Sender::new(false), began: Instant::now() }
    }
}

impl Puppet {
    pub(crate) fn new(stage: &Arc<Stage>) -> Self {
        Self { received: BTreeMap::new(), awaited: Vec::new(), stage: Arc::clone(stage) }
    }

    fn taken(&self, from: Option<Pid>) -> u64 {
        from.and_then(|from| self.received.get(&from)).map_or(0, |received| received.count)
    }
}

#[actor(name = "puppet")]
impl Puppet {
    /// Takes message `number` of `from`, from 1 on.
    async fn take(&mut self, from: Pid, number: u64, bytes: Vec<u8>) {
        let received = self.received.entry(from).or_default();
        let is_whole = bytes.iter().all(|byte| *byte == number as u8);
        if number <= received.last || !is_whole {
            received.faults += 1;
        } else {
            received.gaps += u64::from(number != received.last + 1);
            received.last = number;
        }
        received.count += 1;
        let last = received.last;
        let is_past = |of: &(Pid, u64, Reply<()>)| of.0 == from && last > of.1;
        self.awaited.extract_if(.., |of| is_past(of)).for_each(|(_, _, reply)| reply.send(()));
    }

    async fn past(&mut self, from: Pid, number: u64, reply: Reply<()>) {
        match self.received.get(&from) {
            Some(received) if received.last > number => reply.send(()),
            _ => self.awaited.push((from, number, reply)),
        }
    }

    async fn received(&mut self) -> Vec<(Pid, u64, u64, u64, u64)> {
        let row = |(from, it): (&Pid, &Received)| (*from, it.count, it.last, it.gaps, it.faults);
        self.received.iter().map(row).collect()
    }

    async fn nothing(&mut self) {}

    async fn link(&mut self, cx: &mut Context<Self>, peer: Pid) {
        cx.link(peer);
    }

    async fn watch(&mut self, cx: &mut Context<Self>, peer: Pid) {
        cx.monitor(peer);
    }

    /// Calls whom it is told of.
    async fn meet(&mut self, other: Ref<Self>) -> Result<(), String> {
        other.nothing().await.map_err(|error| format!("{error:?}"))
    }

    async fn introduce(&mut self, to: Ref<Self>, of: Ref<Self>) -> Result<(), String> {
        to.meet(of).await.map_err(|error| format!("{error:?}"))?
    }

    /// Sends numbered messages from 1 on, and says how many were accepted.
    async fn send_all(
        &mut self,
        cx: &mut Context<Self>,
        to: Ref<Self>,
        count: u64,
        sizes: (u64, u64, u64),
        link_every: u64,
    ) -> u64 {
        let (bytes, large_every, large_bytes) = sizes;
        let is_each = |number: u64, every: u64| every > 0 && number.is_multiple_of(every);
        let mut is_linked = false;
        for number in 1..=count {
            if is_each(number, link_every) {
                if is_linked {
                    cx.unlink(to.pid());
                } else {
                    cx.link(to.pid());
                }
                is_linked = !is_linked;
            }
            let bytes = if is_each(number, large_every) { large_bytes } else { bytes };
            let message = vec![number as u8; bytes as usize];
            if to.send().take(cx.pid(), number, message).await.is_err() {
                return number - 1;
            }
        }
        count
    }

    /// Casts numbered messages from 1 on, without a wait: how many were accepted, and how many came
    /// back.
    async fn push(
        &mut self,
        cx: &mut Context<Self>,
        to: Ref<Self>,
        count: u64,
        bytes: u64,
    ) -> (u64, u64) {
        let (mut accepted, mut busy) = (0, 0);
        for number in 1..=count {
            match to.cast().take(cx.pid(), number, vec![number as u8; bytes as usize]) {
                Ok(()) => accepted += 1,
                Err(SendError::Busy(_)) => busy += 1,
                Err(error) => panic!("{error}"),
            }
        }
        (accepted, busy)
    }

    /// Serves nobody until it is released.
    async fn hold(&mut self, reply: Reply<()>) {
        let mut release = self.stage.release.subscribe();
        reply.send(());
        // Its sender lives as long as this.
        let _ = release.wait_for(|release| *release).await;
    }

    /// Keeps its thread busy until a moment of its node.
    async fn block(&mut self, until_ms: u64) {
        while self.stage.began.elapsed() < Duration::from_millis(until_ms) {
            std::hint::spin_loop();
        }
    }

    async fn signal(&mut self, signal: Signal, cx: &mut Context<Self>) {
        let saw = match signal {
            Signal::Down(down) => {
                let holm::Address::Pid(of) = down.from else { panic!("{down:?}") };
                Saw::Down { of, reason: down.reason, taken: self.taken(Some(of)) }
            }
            Signal::Exit(exit) => {
                let taken = self.taken(exit.from);
                Saw::Exit { from: exit.from, reason: exit.reason, taken }
            }
            other => panic!("{other:?}"),
        };
        say(&Line::Saw(cx.pid(), saw));
    }
}

impl Load {
    pub(crate) fn sizes(&self) -> (u64, u64, u64) {
        (self.bytes as u64, self.large_every, self.large_bytes as u64)
    }
}

impl Spawnable for Puppet {
    type Args = ();

    fn create((): ()) -> Result<Self, SpawnError> {
        Ok(Self::new(&Arc::default()))
    }
}
