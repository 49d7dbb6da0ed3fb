//! A node under attack: what its other peers notice, beside a process that idles as busily as the
//! attacker. Three processes on loopback: the node, this one as a peer, the attacker.

mod flooder;
mod pair;
mod victim;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use clap::{Args, ValueEnum};
use holm::env::Endpoint;

use self::pair::{Other, Pair};
use self::victim::{Keys, now_us};
use super::Measure;
use super::meter::{Meter, median, report};

/// Least length of a flood, in seconds: its first moments are unlike the rest.
const FLOOD_SECS_MIN: f64 = 5.0;
/// How much longer a flood takes than what is measured beside it.
const MARGIN: Duration = Duration::from_millis(500);
/// The message beside which a call is cancelled.
const LARGE: usize = 60_000_000;
/// Joins, and cancels, of one repetition.
const TRIES: usize = 5;

/// The goals.
const RATIO_MAX: f64 = 2.0;
const JOIN_MS_MAX: f64 = 1_000.0;
const CANCEL_MS_MAX: f64 = 100.0;

/// How to measure a flood.
#[derive(Debug, Args)]
pub(crate) struct Flood {
    #[command(flatten)]
    measure: Measure,
    /// What a process of its own does.
    #[arg(long, value_enum, hide = true)]
    part: Option<Part>,
    /// Where the victim listens.
    #[arg(long, hide = true)]
    at: Option<Endpoint>,
    /// Processor time to use, or addresses to use.
    #[arg(long, hide = true, default_value_t = 1.0)]
    amount: f64,
}

/// A process of the measurement.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Part {
    Victim,
    Connect,
    Request,
    Spin,
    Crowd,
}

/// Measures, or does the part of another process.
pub(super) async fn run(flood: Flood) -> Result<()> {
    let Flood { measure, part, at, amount } = flood;
    let length = Duration::from_secs_f64(measure.secs);
    let at = || at.context("the victim's endpoint is missing");
    match part {
        None => figures(&measure.into()).await,
        Some(Part::Victim) => victim::serve().await,
        Some(Part::Connect) => flooder::connect(at()?, length).await,
        Some(Part::Request) => flooder::request(at()?, length).await,
        Some(Part::Spin) => flooder::spin(amount, length).await,
        Some(Part::Crowd) => flooder::crowd(at()?, amount as usize).await,
    }
}

/// Returns when the standard input has ended.
async fn until_input_ends() -> Result<()> {
    let read = || std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    tokio::task::spawn_blocking(read).await??;
    Ok(())
}

async fn figures(meter: &Meter) -> Result<()> {
    let dir = super::private_dir()?;
    let keys = Keys::new(dir.path())?;
    beside(meter, &keys, "connect", Part::Connect).await?;
    beside(meter, &keys, "request", Part::Request).await?;
    joins(meter, &keys, "join_of_many_sources", 200).await?;
    joins(meter, &keys, "join_of_one_source", 1).await?;
    cancels(meter, &keys).await
}

fn quantile(sorted: &[f64], part: f64) -> f64 {
    sorted[((sorted.len() as f64 * part) as usize).min(sorted.len() - 1)]
}

/// What the peer notices of a flood, and of a process that uses as much processor time.
async fn beside(meter: &Meter, keys: &Keys, name: &str, part: Part) -> Result<()> {
    let name = format!("holm.flood.{name}");
    if !meter.wants(&name) {
        return Ok(());
    }
    let pair = Pair::start(keys).await?;
    let length = Duration::from_secs_f64(meter.options.secs.max(FLOOD_SECS_MIN));
    let secs = (length + MARGIN).as_secs_f64();
    let mut quiet = Vec::new();
    let (mut flooded, mut idled) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    let mut ratios = Vec::new();
    for _ in 0..meter.options.reps.max(1) {
        quiet.push(quantile(&pair.calls(length / 2).await?, 0.99));
        let before = pair.victim.counters().await?;
        let flood = Other::start(part, &pair.at, keys, secs, 1.0)?;
        let (micros, [share, of_victim], words) = pair.calls_beside(flood, length).await?;
        let after = pair.victim.counters().await?;
        let idle = Other::start(Part::Spin, &pair.at, keys, secs, share)?;
        let (beside_idle, [idle_share, _], _) = pair.calls_beside(idle, length).await?;
        for (part, (flooded, idled)) in
            [0.5, 0.99].into_iter().zip(flooded.iter_mut().zip(&mut idled))
        {
            flooded.push(quantile(&micros, part));
            idled.push(quantile(&beside_idle, part));
        }
        ratios.push(quantile(&micros, 0.99) / quantile(&beside_idle, 0.99));
        println!("DETAIL {name} {words}");
        println!(
            "DETAIL {name} cpu_of_flooder={share:.2} of_victim={of_victim:.2} \
             of_idling={idle_share:.2} {}",
            causes(&before, &after)
        );
    }
    pair.end().await;
    report(&format!("{name}.quiet.p99"), "us", &quiet, "");
    for (n, label) in ["p50", "p99"].into_iter().enumerate() {
        report(&format!("{name}.{label}"), "us", &flooded[n], "");
        report(&format!("{name}.idle_as_busy.{label}"), "us", &idled[n], "");
    }
    goal(&format!("{name}.ratio_p99"), "", &ratios, RATIO_MAX);
    Ok(())
}

/// What was counted in between.
fn causes(before: &[(String, u64)], after: &[(String, u64)]) -> String {
    let counts = before
        .iter()
        .zip(after)
        .map(|((cause, before), (_, after))| format!("{cause}={}", after - before));
    counts.collect::<Vec<_>>().join(" ")
}

/// Reports the values of a figure, and whether its median is what it is to be at most.
fn goal(name: &str, unit: &str, values: &[f64], max: f64) {
    report(name, unit, values, "");
    let verdict = if median(values) <= max { "holds" } else { "missed" };
    println!("GOAL {name} <= {max} {unit}: {verdict}");
}

/// How long a peer takes to join beside clients that never complete a handshake.
async fn joins(meter: &Meter, keys: &Keys, name: &str, sources: usize) -> Result<()> {
    let name = format!("holm.flood.{name}");
    if !meter.wants(&name) {
        return Ok(());
    }
    let mut millis = Vec::new();
    for n in 0..TRIES * meter.options.reps.max(1) {
        // A fresh one, which no client has given up on yet.
        let pair = Pair::start(keys).await?;
        let before = pair.victim.counters().await?;
        let crowd = Other::start(Part::Crowd, &pair.at, keys, 0.0, sources as f64)?;
        let node = keys.peer(&format!("joining{n}@local")).start().await?;
        let start = Instant::now();
        node.connect(&pair.at).await?;
        millis.push(start.elapsed().as_secs_f64() * 1e3);
        println!("DETAIL {name} {}", causes(&before, &pair.victim.counters().await?));
        node.stop().await;
        drop(crowd);
        pair.end().await;
    }
    goal(&name, "ms", &millis, JOIN_MS_MAX);
    Ok(())
}

/// How long it takes until a handler sees that its call was cancelled while 60 MB are sent.
async fn cancels(meter: &Meter, keys: &Keys) -> Result<()> {
    let name = "holm.flood.cancel_during_60MB";
    if !meter.wants(name) {
        return Ok(());
    }
    let pair = Pair::start(keys).await?;
    // Each in an order of its own.
    let (waits, takes) = (pair.victim.another().await?, pair.victim.another().await?);
    let (mut millis, mut left, mut too_late) = (Vec::new(), Vec::new(), 0);
    // The first one only tells how long a transfer takes.
    let mut took = Duration::ZERO;
    while millis.len() < TRIES * meter.options.reps.max(1) && too_late < TRIES {
        let called = tokio::spawn({
            let waits = waits.clone();
            async move { waits.outlast().await }
        });
        let large = Bytes::from(vec![7; LARGE]);
        // The call is there before the transfer begins.
        pair.victim.echo(1).await?;
        let start = Instant::now();
        let transfer = tokio::spawn({
            let takes = takes.clone();
            async move { takes.take(large).await }
        });
        tokio::time::sleep(took / 2).await;
        let dropped_us = now_us();
        called.abort();
        let cancelled_us = waits.cancelled_us().await?;
        let taken_us = transfer.await??;
        let is_first = took.is_zero();
        took = start.elapsed();
        if is_first {
            continue;
        }
        if dropped_us < taken_us {
            millis.push((cancelled_us - dropped_us) as f64 / 1e3);
            left.push((taken_us as f64 - cancelled_us as f64) / 1e3);
        } else {
            too_late += 1;
        }
    }
    pair.end().await;
    ensure!(!millis.is_empty(), "each transfer was over before its cancel");
    report(&format!("{name}.rest_of_transfer"), "ms", &left, "");
    goal(name, "ms", &millis, CANCEL_MS_MAX);
    Ok(())
}
