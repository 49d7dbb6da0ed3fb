//! How cost grows with the number of actors: messages a second and bytes, from a hundred to a
//! million.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::Result;
use holm::Ref;
use holm::prelude::*;
use tokio::sync::Notify;

use super::meter::{Meter, report};
use super::spawn::{in_child, resident_bytes};

/// Numbers of actors.
const STEPS: [u64; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];

/// Messages of one repetition at least: some tenths of a second's work.
const MESSAGES_MIN: u64 = 4_000_000;

/// Tasks that send, each to its share of the actors in turn.
const SENDERS: usize = 2;

/// Counts messages, and says when it has had the last one.
struct Counter {
    count: u64,
    open: Arc<Open>,
}

/// Actors that have not had their last message.
struct Open {
    left: AtomicU64,
    done: Notify,
}

#[actor(local)]
impl Counter {
    async fn hit(&mut self) {
        self.count += 1;
    }

    async fn last(&mut self) {
        if self.open.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.open.done.notify_one();
        }
    }
}

/// Both figures of each step, each repetition in a fresh process.
pub(super) fn figures(meter: &Meter) -> Result<()> {
    for actors in STEPS {
        let (rate, bytes) =
            (format!("holm.local.curve_{actors}"), format!("holm.local.curve_{actors}_bytes"));
        if !meter.wants(&rate) {
            continue;
        }
        let (mut rates, mut sizes) = (Vec::new(), Vec::new());
        for _ in 0..meter.options.reps.max(1) {
            let (per_sec, size) = in_child("curve-child", actors)?;
            rates.push(per_sec);
            sizes.push(size);
        }
        report(&rate, "msgs/s", &rates, &format!("actors={actors}"));
        report(&bytes, "bytes", &sizes, &format!("actors={actors}, after their messages"));
    }
    Ok(())
}

/// One repetition: prints `CHILD messages-a-second bytes-an-actor`.
pub(super) async fn child(actors: u64) -> Result<()> {
    let node = Node::builder("bench@local").start().await?;
    let open = Arc::new(Open { left: AtomicU64::new(actors), done: Notify::new() });
    let before = resident_bytes()?;
    let spawn = |_| node.spawn(Counter { count: 0, open: Arc::clone(&open) });
    let counters: Arc<[Ref<Counter>]> = (0..actors).map(spawn).collect();
    let rounds = MESSAGES_MIN.div_ceil(actors);
    let start = Instant::now();
    let shares = (0..SENDERS).map(|sender| {
        let counters = Arc::clone(&counters);
        tokio::spawn(async move {
            for round in 0..=rounds {
                for counter in counters.iter().skip(sender).step_by(SENDERS) {
                    let sent = if round < rounds {
                        counter.cast().hit().is_ok() || counter.send().hit().await.is_ok()
                    } else {
                        counter.send().last().await.is_ok()
                    };
                    assert!(sent, "the actors live");
                }
                tokio::task::yield_now().await;
            }
        })
    });
    for share in shares.collect::<Vec<_>>() {
        share.await?;
    }
    open.done.notified().await;
    let took = start.elapsed().as_secs_f64();
    let bytes = resident_bytes()?.saturating_sub(before);
    println!("CHILD {} {}", (rounds + 1) as f64 * actors as f64 / took, bytes / actors);
    Ok(())
}
