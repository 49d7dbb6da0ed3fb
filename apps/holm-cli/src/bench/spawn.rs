//! Spawning idle actors: how fast, and how many bytes each.

use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use holm::Ref;
use holm::prelude::*;

use super::meter::{Meter, report};

/// Short-lived actors before the measured ones, so that the allocator and the runtime are warm.
const WARM_UP: u64 = 20_000;

struct Idle {
    value: u64,
}

#[actor(local)]
impl Idle {
    async fn value(&mut self) -> u64 {
        self.value
    }

    async fn end(&mut self, cx: &mut Context<Self>) {
        cx.stop(ExitReason::Normal);
    }
}

/// Both figures, each repetition in a fresh process.
pub(super) fn figures(meter: &Meter) -> Result<()> {
    let (rate, bytes) = ("holm.local.spawn_rate", "holm.local.bytes_per_actor");
    if !meter.wants(rate) && !meter.wants(bytes) {
        return Ok(());
    }
    let spawn = meter.options.spawn;
    let (mut rates, mut sizes) = (Vec::new(), Vec::new());
    for _ in 0..meter.options.reps.max(1) {
        let (secs, size) = in_child("spawn-child", spawn)?;
        rates.push(spawn as f64 / secs);
        sizes.push(size / spawn as f64);
    }
    report(rate, "actors/s", &rates, &format!("n={spawn}"));
    report(bytes, "bytes", &sizes, &format!("n={spawn}"));
    Ok(())
}

/// Runs one repetition with `actors` actors in a process of its own: the two numbers that it prints.
pub(super) fn in_child(command: &str, actors: u64) -> Result<(f64, f64)> {
    let output = std::process::Command::new(std::env::current_exe()?)
        .args(["bench", command, "--spawn", &actors.to_string()])
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("CHILD "));
    let Some((first, second)) = line.and_then(|line| line.split_once(' ')) else {
        bail!("the measuring process ended with {}", output.status);
    };
    Ok((first.parse()?, second.parse()?))
}

/// One repetition: prints `CHILD seconds bytes`.
pub(super) async fn child(count: u64) -> Result<()> {
    let node = Node::builder("bench@local").start().await?;
    let mut ends = Vec::new();
    for value in 0..WARM_UP {
        let actor = node.spawn(Idle { value });
        actor.cast().end()?;
        ends.push(node.monitor(actor.pid()));
    }
    for end in ends {
        end.await;
    }
    let before = resident_bytes()?;
    let start = Instant::now();
    let actors: Vec<Ref<Idle>> = (0..count).map(|value| node.spawn(Idle { value })).collect();
    // Started actors are polled in the order spawned by one of few workers; the last
    // answers of all of them say that all have started.
    for actor in actors.iter().rev().take(64) {
        actor.value().await?;
    }
    let took = start.elapsed();
    // The allocator gives back or keeps by then what it will.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let bytes = resident_bytes()?.saturating_sub(before);
    println!("CHILD {} {bytes}", took.as_secs_f64());
    drop(actors);
    Ok(())
}

pub(super) fn resident_bytes() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).context("no VmRSS")?;
    Ok(kib.trim().parse::<u64>()? * 1024)
}
