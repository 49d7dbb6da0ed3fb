//! How fast one hears that a remote actor, or its node, has ended.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use holm::prelude::*;
use holm::{NodeEvent, Pid};

use super::server::{self, Server};
use crate::bench::meter::{Meter, report};
use crate::bench::served::Served;

/// Least number of nodes that are killed.
const KILLS_MIN: usize = 5;
/// Actors watched at a time: a peer may have 65,536 monitors.
const WATCHED: u64 = 50_000;

/// Watches remote actors.
#[derive(Default)]
struct Watcher {
    left: u64,
    done: Option<Reply<()>>,
}

#[actor(local)]
impl Watcher {
    async fn signal(&mut self, signal: Signal, _cx: &mut Context<Self>) {
        let Signal::Down(down) = signal else { return };
        assert_eq!(down.reason, ExitReason::Normal, "it ended by itself");
        self.left -= 1;
        if self.left == 0
            && let Some(done) = self.done.take()
        {
            done.send(());
        }
    }

    /// Watches them.
    async fn watch(&mut self, cx: &mut Context<Self>, pids: Vec<Pid>) {
        self.left += pids.len() as u64;
        for pid in pids {
            cx.monitor(pid);
        }
    }

    /// Answers when all of them have ended.
    async fn downs(&mut self, done: Reply<()>) {
        if self.left == 0 {
            done.send(());
        } else {
            self.done = Some(done);
        }
    }
}

pub(super) async fn measure(
    node: &Node,
    server: &Ref<Server>,
    name: &impl Fn(&str) -> String,
    meter: &Meter,
) {
    meter.rate(&name("monitor_noproc"), "rt/s", 1.0, |n| noproc(node, server, n)).await;
    meter.rate(&name("monitor_down"), "pairs/s", 1.0, |n| downs(node, server, n)).await;
}

/// Watches an actor that has ended, so many times, one after another.
async fn noproc(node: &Node, server: &Ref<Server>, n: u64) -> Duration {
    let ended = server.spawn_idle(1).await.expect("the server spawns");
    server.end_idle().await.expect("and has it end");
    let ended = ended[0];
    node.monitor(ended).await;
    let start = Instant::now();
    for _ in 0..n {
        node.monitor(ended).await;
    }
    start.elapsed()
}

/// Watches so many actors, which then end, and hears of all ends.
async fn downs(node: &Node, server: &Ref<Server>, n: u64) -> Duration {
    let mut took = Duration::ZERO;
    let mut left = n;
    while left > 0 {
        let some = left.min(WATCHED);
        took += some_downs(node, server, some).await;
        left -= some;
    }
    took
}

async fn some_downs(node: &Node, server: &Ref<Server>, n: u64) -> Duration {
    let pids = server.spawn_idle(n).await.expect("the server spawns");
    let watcher = node.spawn(Watcher::default());
    let start = Instant::now();
    watcher.watch(pids).await.expect("it watches");
    server.end_idle().await.expect("the server lives");
    watcher.downs().await.expect("all end");
    let took = start.elapsed();
    watcher.kill();
    took
}

/// Kills nodes, and reports how soon one hears of it.
pub(super) async fn killed(at: &str, name: &str, meter: &Meter) -> Result<()> {
    if !meter.wants(name) {
        return Ok(());
    }
    let mut millis = Vec::new();
    while millis.len() < KILLS_MIN.max(meter.options.reps) {
        let (child, endpoint) = Served::start(&["serve", at], &[])?;
        let node = server::node("client@local").start().await?;
        let mut events = node.events();
        node.connect(&endpoint).await?;
        let start = Instant::now();
        drop(child);
        while !matches!(events.next().await.context("the node runs")?, NodeEvent::Down(_)) {}
        millis.push(start.elapsed().as_secs_f64() * 1e3);
        node.stop().await;
    }
    report(name, "ms", &millis, "");
    Ok(())
}
