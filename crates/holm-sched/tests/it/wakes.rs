//! No wake-up is lost: tasks woken from everywhere at once, and workers that fall asleep all the time.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
        mpsc,
    },
    task::{Poll, Waker},
    thread,
    time::Duration,
};

use holm_sched::{Priority, Scheduler};
use tokio::{runtime::Runtime, sync::oneshot};

use crate::{current_thread, multi_thread, scheduler, within_reason};

const PRIORITIES: [Priority; 3] = [Priority::High, Priority::Normal, Priority::Low];

/// A counter that one task waits for.
#[derive(Default)]
struct Mailbox {
    received: AtomicU64,
    waker: Mutex<Option<Waker>>,
}

impl Mailbox {
    fn send(&self) {
        self.received.fetch_add(1, SeqCst);
        let waker = self.waker.lock().unwrap().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn wait_for(&self, count: u64) {
        poll_fn(|cx| {
            *self.waker.lock().unwrap() = Some(cx.waker().clone());
            if self.received.load(SeqCst) < count { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
}

/// xorshift64: the same numbers for the same seed.
struct Rng(u64);

impl Rng {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// Tasks pass so many messages on at random, from one to the next, and get some from threads and plain
/// tasks; each ends when it has got all that were sent to it.
fn storm(runtime: &Runtime, workers: usize, seed: u64) {
    const TASKS: usize = 64;
    const MESSAGES: usize = 20_000;
    println!("seed {seed}");
    let mut rng = Rng(seed);
    let scheduler = scheduler(runtime, workers);
    let boxes: Arc<Vec<Mailbox>> = Arc::new((0..TASKS).map(|_| Mailbox::default()).collect());
    // Who sends to whom; the sender after the last task is a thread, then a plain task.
    let mut sends = vec![Vec::new(); TASKS + 2];
    let mut expected = vec![0; TASKS];
    for _ in 0..MESSAGES {
        let to = rng.below(TASKS);
        expected[to] += 1;
        sends[rng.below(TASKS + 2)].push(to);
    }
    let plain = sends.pop().unwrap();
    let outside = sends.pop().unwrap();
    let mut ends = Vec::new();
    for (me, to) in sends.into_iter().enumerate() {
        let (end, ended) = oneshot::channel();
        ends.push(ended);
        let (boxes, expected) = (Arc::clone(&boxes), expected[me]);
        scheduler.spawn(PRIORITIES[rng.below(3)], 0, async move {
            for (n, to) in to.into_iter().enumerate() {
                boxes[to].send();
                // Sleep now and then for what has surely been or will be sent: nothing waits in a circle.
                if n % 16 == 0 {
                    tokio::time::sleep(Duration::ZERO).await;
                }
            }
            boxes[me].wait_for(expected).await;
            end.send(()).unwrap();
        });
    }
    let shared = Arc::clone(&boxes);
    let thread = thread::spawn(move || outside.into_iter().for_each(|to| shared[to].send()));
    runtime.spawn(async move {
        for to in plain {
            boxes[to].send();
            tokio::task::yield_now().await;
        }
    });
    runtime.block_on(async {
        for ended in ends {
            ended.await.unwrap();
        }
    });
    thread.join().unwrap();
    scheduler.close();
}

#[test]
fn a_storm_of_wakes_on_many_threads() {
    within_reason(|| {
        for seed in 1..=5 {
            storm(&multi_thread(4), 4, seed);
            storm(&multi_thread(2), 3, seed);
        }
    });
}

#[test]
fn a_storm_of_wakes_on_one_thread() {
    within_reason(|| (1..=5).for_each(|seed| storm(&current_thread(), 1, seed)));
}

/// One message at a time, so that all workers fall asleep while the next one is sent.
#[test]
fn a_wake_meets_a_worker_that_falls_asleep() {
    const ROUNDS: u64 = 20_000;
    within_reason(|| {
        let runtime = multi_thread(2);
        let scheduler = scheduler(&runtime, 2);
        let mailbox = Arc::new(Mailbox::default());
        let (reply, replies) = mpsc::sync_channel(1);
        let inside = Arc::clone(&mailbox);
        scheduler.spawn(Priority::Normal, 0, async move {
            for round in 1..=ROUNDS {
                inside.wait_for(round).await;
                reply.send(round).unwrap();
            }
        });
        for round in 1..=ROUNDS {
            mailbox.send();
            assert_eq!(replies.recv().unwrap(), round);
        }
    });
}

#[test]
fn spawns_from_many_threads_all_run() {
    const EACH: u64 = 5_000;
    within_reason(|| {
        let runtime = multi_thread(2);
        let scheduler = scheduler(&runtime, 2);
        let done = Arc::new(Mailbox::default());
        let spawn = |scheduler: Scheduler, done: Arc<Mailbox>| {
            for n in 0..EACH {
                let (inner, done) = (scheduler.clone(), Arc::clone(&done));
                scheduler.spawn(PRIORITIES[n as usize % 3], 0, async move {
                    // From a worker, of another priority than its own.
                    inner.spawn(PRIORITIES[(n / 3) as usize % 3], 0, async move { done.send() });
                });
            }
        };
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (scheduler, done) = (scheduler.clone(), Arc::clone(&done));
                thread::spawn(move || spawn(scheduler, done))
            })
            .collect();
        runtime.block_on(done.wait_for(4 * EACH));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let counters = scheduler.counters();
        assert_eq!(counters.turns.len(), 2);
        assert!(counters.notifications <= counters.parks, "{counters:?}");
    });
}
