//! The figures of one process.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use holm::Ref;
use holm::prelude::*;
use tokio::sync::oneshot;

use super::meter::Meter;
use super::{curve, spawn};

/// Messages that a producer sends before it lets others run.
const PRODUCER_BATCH: u64 = 1_024;
/// Actors in the ring.
const RING: usize = 1_000;

type Done = Option<oneshot::Sender<()>>;

fn finish(done: &mut Done) {
    if let Some(done) = done.take() {
        // Who waits for the figure outlives the actors.
        let _ = done.send(());
    }
}

/// Sends a token back and forth with a [`Pong`].
struct Ping {
    pong: Ref<Pong>,
    left: u64,
    done: Done,
}

#[actor(local)]
impl Ping {
    async fn back(&mut self, token: u64, cx: &mut Context<Self>) {
        self.left -= 1;
        if self.left == 0 {
            finish(&mut self.done);
        } else if let Err(error) = self.pong.cast().forth(token + 1, cx.me()) {
            panic!("one message is under way: {error}");
        }
    }
}

struct Pong;

#[actor(local)]
impl Pong {
    async fn forth(&mut self, token: u64, from: Ref<Ping>) {
        if let Err(error) = from.cast().back(token) {
            panic!("one message is under way: {error}");
        }
    }
}

async fn pingpong(node: &Node, n: u64) -> Duration {
    let (done, end) = oneshot::channel();
    let pong = node.spawn(Pong);
    let ping = node.spawn(Ping { pong: pong.clone(), left: n, done: Some(done) });
    let start = Instant::now();
    let _ = ping.cast().back(0);
    let _ = end.await;
    let took = start.elapsed();
    ping.kill();
    pong.kill();
    took
}

/// Counts messages.
struct Sink {
    left: u64,
    sum: u64,
    done: Done,
}

#[actor(local)]
impl Sink {
    async fn take(&mut self, value: u64) {
        self.sum = self.sum.wrapping_add(value);
        self.left -= 1;
        if self.left == 0 {
            finish(&mut self.done);
        }
    }

    async fn echo(&mut self, value: u64) -> u64 {
        value
    }
}

/// Sends messages as fast as the bounded inbox takes them.
struct Source {
    sink: Ref<Sink>,
}

#[actor(local)]
impl Source {
    async fn run(&mut self, n: u64) {
        for value in 0..n {
            if self.sink.cast().take(value).is_err() && self.sink.send().take(value).await.is_err()
            {
                return;
            }
            if value % PRODUCER_BATCH == 0 {
                tokio::task::consume_budget().await;
            }
        }
    }

    async fn call(&mut self, n: u64) {
        for value in 0..n {
            if self.sink.echo(value).await.is_err() {
                return;
            }
        }
    }
}

async fn oneway(node: &Node, n: u64, producers: u64) -> Duration {
    let (done, end) = oneshot::channel();
    let share = n.div_ceil(producers);
    let sink = node.spawn(Sink { left: share * producers, sum: 0, done: Some(done) });
    let sources: Vec<_> =
        (0..producers).map(|_| node.spawn(Source { sink: sink.clone() })).collect();
    let start = Instant::now();
    for source in &sources {
        let _ = source.cast().run(share);
    }
    let _ = end.await;
    let took = start.elapsed();
    sink.kill();
    for source in sources {
        source.kill();
    }
    took
}

async fn call(node: &Node, n: u64) -> Duration {
    let sink = node.spawn(Sink { left: 0, sum: 0, done: None });
    let source = node.spawn(Source { sink: sink.clone() });
    let start = Instant::now();
    let _ = source.call(n).await;
    let took = start.elapsed();
    sink.kill();
    source.kill();
    took
}

/// Passes a token on.
struct Hop {
    next: Option<Ref<Self>>,
    done: Done,
}

#[actor(local)]
impl Hop {
    async fn join(&mut self, next: Ref<Self>) {
        self.next = Some(next);
    }

    async fn wait(&mut self, done: oneshot::Sender<()>) {
        self.done = Some(done);
    }

    async fn pass(&mut self, left: u64) {
        match &self.next {
            Some(next) if left > 0 => {
                if let Err(error) = next.cast().pass(left - 1) {
                    panic!("one token is under way: {error}");
                }
            }
            _ => finish(&mut self.done),
        }
    }
}

async fn ring(node: &Node, n: u64) -> Duration {
    let hops: Vec<_> = (0..RING).map(|_| node.spawn(Hop { next: None, done: None })).collect();
    for (i, hop) in hops.iter().enumerate() {
        let _ = hop.join(hops[(i + 1) % RING].clone()).await;
    }
    let (done, end) = oneshot::channel();
    let last = n as usize % RING;
    let _ = hops[last].wait(done).await;
    let start = Instant::now();
    let _ = hops[0].cast().pass(n);
    let _ = end.await;
    let took = start.elapsed();
    for hop in hops {
        hop.kill();
    }
    took
}

/// Measures and prints all of them, while the node has so many sessions.
pub(super) async fn run(sessions: usize, meter: &Meter) -> Result<()> {
    let node = Node::builder("bench@local").listen("tcp:127.0.0.1:0".parse()?).start().await?;
    let at = node.endpoints().first().cloned().context("the node listens")?;
    let mut peers = Vec::new();
    for number in 0..sessions {
        let peer = Node::builder(&format!("peer-{number}@local")).start().await?;
        peer.connect(&at).await?;
        peers.push(peer);
    }
    let node = &node;
    meter.rate("holm.local.pingpong", "rt/s", 1.0, |n| pingpong(node, n)).await;
    meter.rate("holm.local.call", "rt/s", 1.0, |n| call(node, n)).await;
    meter.rate("holm.local.oneway_1to1", "msgs/s", 1.0, |n| oneway(node, n, 1)).await;
    meter.rate("holm.local.oneway_2to1", "msgs/s", 1.0, |n| oneway(node, n, 2)).await;
    meter.rate("holm.local.ring_1000", "hops/s", 1.0, |n| ring(node, n)).await;
    for peer in peers {
        peer.stop().await;
    }
    node.stop().await;
    spawn::figures(meter)?;
    curve::figures(meter)
}
