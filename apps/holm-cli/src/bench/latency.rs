//! How long small requests take, alone or beside a large transfer.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::meter::{Meter, report};

/// The large message beside which small ones are timed.
pub(super) const LARGE: usize = 100 * 1024 * 1024;
/// A small request is sent so often, answered or not.
const TICK: Duration = Duration::from_millis(1);
/// Least length of a figure.
const SECS: f64 = 4.0;

/// Reports how long requests take, one a tick, alone and while one large message after another is
/// `transferred`. A request that fails gives `None`.
pub(super) async fn latencies<R, T>(
    meter: &Meter,
    prefix: &str,
    request: impl Fn() -> R,
    transferred: impl Fn() -> T + Send + 'static,
) -> Result<()>
where
    R: Future<Output = Option<()>> + Send + 'static,
    T: Future<Output = ()> + Send,
{
    let length = Duration::from_secs_f64(SECS.max(meter.options.secs));
    let idle = format!("{prefix}.hol_idle");
    if meter.wants(&idle) {
        timed(&idle, length, &request).await?;
    }
    let beside = format!("{prefix}.hol_100MiB");
    if meter.wants(&beside) {
        let bulk = tokio::spawn(async move { transfers(length, transferred).await });
        timed(&beside, length, &request).await?;
        report(&format!("{beside}_bulk"), "MB/s", &[bulk.await?], "");
    }
    Ok(())
}

async fn timed<R>(name: &str, length: Duration, request: &impl Fn() -> R) -> Result<()>
where
    R: Future<Output = Option<()>> + Send + 'static,
{
    let mut answers = Vec::new();
    let start = Instant::now();
    let mut due = start;
    while due < start + length {
        tokio::time::sleep_until(due.into()).await;
        let request = request();
        answers.push(tokio::spawn(async move {
            // From when it is sent: timers are a millisecond late, whoever waits for them.
            let sent = Instant::now();
            request.await.map(|()| sent.elapsed().as_secs_f64() * 1e6)
        }));
        due += TICK;
    }
    let mut micros = Vec::new();
    for answer in answers {
        micros.push(answer.await?.context("a request failed")?);
    }
    micros.sort_by(f64::total_cmp);
    for (label, part) in [("p50", 0.5), ("p99", 0.99), ("max", 1.0)] {
        let at = ((micros.len() as f64 * part) as usize).min(micros.len() - 1);
        report(&format!("{name}.{label}"), "us", &[micros[at]], &format!("n={}", micros.len()));
    }
    Ok(())
}

/// One large message after another; MB/s.
async fn transfers<T: Future<Output = ()>>(length: Duration, transferred: impl Fn() -> T) -> f64 {
    let start = Instant::now();
    let mut sent = 0;
    while start.elapsed() < length {
        transferred().await;
        sent += LARGE;
    }
    sent as f64 / 1e6 / start.elapsed().as_secs_f64()
}
