//! Prints what a spawn, a hop between two tasks and a fan-out cost here and as plain tokio tasks.
//!
//! `cargo run --release -p holm-sched --example turns`: for each figure the best of many runs.
#![expect(clippy::disallowed_methods, reason = "measures real time, against plain tokio tasks")]
#![allow(clippy::unwrap_used, reason = "an example")]

use std::{
    future::poll_fn,
    hint::black_box,
    num::NonZeroUsize,
    sync::{
        Arc, OnceLock,
        atomic::{
            AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    task::{Poll, Waker},
    time::{Duration, Instant},
};

use holm_sched::{Priority, Scheduler};
use tokio::{
    runtime::{Builder, Runtime},
    sync::oneshot,
};

const RUNS: usize = 15;
const WORKERS: NonZeroUsize = NonZeroUsize::new(2).unwrap();
const SPAWNS: u64 = 200_000;
const HOPS: u64 = 1_000_000;
const FAN: u64 = 2_000;
const FAN_WORK: u64 = 20_000;

/// Where tasks are spawned.
#[derive(Clone)]
enum On {
    Holm(Scheduler),
    Tokio,
}

impl On {
    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        match self {
            Self::Holm(scheduler) => scheduler.spawn(Priority::Normal, 0, future),
            Self::Tokio => drop(tokio::spawn(future)),
        }
    }
}

/// Says that the last of so many tasks is done.
#[derive(Clone)]
struct Countdown(Arc<(AtomicU64, parking_lot::Mutex<Option<oneshot::Sender<()>>>)>);

impl Countdown {
    fn new(tasks: u64) -> (Self, oneshot::Receiver<()>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Arc::new((AtomicU64::new(tasks), parking_lot::Mutex::new(Some(sender))))), receiver)
    }

    fn done(&self) {
        if self.0.0.fetch_sub(1, Relaxed) == 1 {
            self.0.1.lock().take().unwrap().send(()).unwrap();
        }
    }
}

/// Time for a task to spawn as many others, which end at once.
async fn spawns(on: On) -> Duration {
    let (countdown, done) = Countdown::new(SPAWNS);
    let start = Instant::now();
    on.clone().spawn(async move {
        for n in 0..SPAWNS {
            let countdown = countdown.clone();
            on.spawn(async move { countdown.done() });
            if n % 64 == 63 {
                tokio::task::yield_now().await;
            }
        }
    });
    done.await.unwrap();
    start.elapsed()
}

/// Time for two tasks to pass a ball to and fro.
async fn hops(on: On) -> Duration {
    let (countdown, done) = Countdown::new(2);
    let wakers = Arc::new([const { OnceLock::<Waker>::new() }; 2]);
    let thrown = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    for me in 0..2 {
        let (wakers, thrown, countdown) =
            (Arc::clone(&wakers), Arc::clone(&thrown), countdown.clone());
        on.spawn(poll_fn(move |cx| {
            let first = wakers[me].get().is_none();
            wakers[me].get_or_init(|| cx.waker().clone());
            let Some(other) = wakers[1 - me].get() else { return Poll::Pending };
            let count = thrown.load(Acquire);
            if count % 2 == me as u64 {
                thrown.store(count + 1, Release);
            } else if !first {
                return Poll::Pending;
            }
            other.wake_by_ref();
            if count < HOPS {
                return Poll::Pending;
            }
            countdown.done();
            Poll::Ready(())
        }));
    }
    done.await.unwrap();
    start.elapsed()
}

/// Time for a task to spawn many that compute for some 10 us each.
async fn fan(on: On) -> Duration {
    let (countdown, done) = Countdown::new(FAN);
    let start = Instant::now();
    on.clone().spawn(async move {
        for _ in 0..FAN {
            let countdown = countdown.clone();
            on.spawn(async move {
                black_box((0..FAN_WORK).fold(1, |sum, n| black_box(sum ^ n)));
                countdown.done();
            });
        }
    });
    done.await.unwrap();
    start.elapsed()
}

fn report<F: Future<Output = Duration> + Send + 'static>(
    runtime: &Runtime,
    name: &str,
    operations: u64,
    measure: impl Fn(On) -> F,
) {
    let scheduler = Scheduler::new(WORKERS, |future| drop(runtime.spawn(future)), || {});
    let best = [On::Holm(scheduler.clone()), On::Tokio].map(|on| {
        (0..RUNS)
            .map(|_| runtime.block_on(runtime.spawn(measure(on.clone()))).unwrap())
            .min()
            .unwrap()
    });
    let [ours, theirs] = best.map(|time| time.as_nanos() as f64 / operations as f64);
    println!("{name}: {ours:.1} ns, tokio {theirs:.1} ns; {:?}", scheduler.counters());
    scheduler.close();
}

fn main() {
    let runtime =
        Builder::new_multi_thread().worker_threads(WORKERS.get()).enable_all().build().unwrap();
    report(&runtime, "spawn", SPAWNS, spawns);
    report(&runtime, "hop", HOPS, hops);
    report(&runtime, "fan-out", FAN, fan);
}
