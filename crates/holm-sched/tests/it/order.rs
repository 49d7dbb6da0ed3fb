//! Who goes first: exact on one worker, since everything happens on one thread.

use std::{
    future::{pending, poll_fn},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    task::Poll,
    time::Duration,
};

use holm_sched::{Priority, Scheduler};
use tokio::{sync::oneshot, time};

use crate::{current_thread, scheduler, within_reason};

/// Keeps the worker busy until told to stop; counts its turns.
fn spinner(scheduler: &Scheduler, priority: Priority) -> (Arc<AtomicU64>, Arc<AtomicBool>) {
    let (turns, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let (counter, stopped) = (Arc::clone(&turns), Arc::clone(&stop));
    scheduler.spawn(
        priority,
        0,
        poll_fn(move |cx| {
            counter.fetch_add(1, SeqCst);
            if stopped.load(SeqCst) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }),
    );
    (turns, stop)
}

#[test]
fn high_goes_first_and_nothing_starves() {
    let runtime = current_thread();
    let scheduler = scheduler(&runtime, 1);
    let (order, mut done) = (Arc::new(Mutex::new(String::new())), Vec::new());
    for (priority, letter) in [(Priority::Low, 'L'), (Priority::Normal, 'N'), (Priority::High, 'H')]
    {
        for _ in 0..20 {
            let (end, ended) = oneshot::channel();
            let order = Arc::clone(&order);
            scheduler.spawn(priority, 0, async move {
                order.lock().unwrap().push(letter);
                end.send(()).unwrap();
            });
            done.push(ended);
        }
    }
    runtime.block_on(async {
        for ended in done {
            ended.await.unwrap();
        }
    });
    let rounds = ["HHHLHHHNHHHHHHHN", "HHHLHHHNHNNNNNNN", "NNNLNNNNNNNLLLLL", "LLLLLLLLLLLL"];
    assert_eq!(*order.lock().unwrap(), rounds.concat());
}

#[test]
fn high_and_low_tasks_run_in_order() {
    for priority in [Priority::High, Priority::Low] {
        let runtime = current_thread();
        let scheduler = scheduler(&runtime, 1);
        let (seen, (end, ended)) = (Arc::new(Mutex::new(Vec::new())), oneshot::channel());
        // More than one stint.
        for n in 0..2_000 {
            let seen = Arc::clone(&seen);
            scheduler.spawn(priority, 0, async move { seen.lock().unwrap().push(n) });
        }
        scheduler.spawn(priority, 0, async move { end.send(()).unwrap() });
        runtime.block_on(ended).unwrap();
        assert_eq!(*seen.lock().unwrap(), (0..2_000).collect::<Vec<_>>());
    }
}

#[test]
fn a_busy_worker_looks_at_the_shared_queue() {
    within_reason(|| {
        let runtime = current_thread();
        let scheduler = scheduler(&runtime, 1);
        let (turns, stop) = spinner(&scheduler, Priority::Normal);
        runtime.block_on(async {
            while turns.load(SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
            let (end, ended) = oneshot::channel();
            let (before, counter) = (turns.load(SeqCst), Arc::clone(&turns));
            scheduler.spawn(Priority::Normal, 0, async move {
                end.send(counter.load(SeqCst)).unwrap();
            });
            let waited = ended.await.unwrap() - before;
            assert!(waited <= 61, "{waited} turns");
        });
        stop.store(true, SeqCst);
    });
}

#[test]
fn an_endless_load_lets_the_runtime_work() {
    within_reason(|| {
        for priority in [Priority::High, Priority::Normal, Priority::Low] {
            let runtime = current_thread();
            let scheduler = scheduler(&runtime, 1);
            let _load = spinner(&scheduler, priority);
            runtime.block_on(async {
                tokio::spawn(time::sleep(Duration::from_millis(1))).await.unwrap();
            });
        }
    });
}

#[test]
fn a_paused_clock_advances_when_workers_sleep() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let scheduler = scheduler(&runtime, 1);
    let hour = Duration::from_secs(3_600);
    runtime.block_on(async {
        let (start, (end, ended)) = (time::Instant::now(), oneshot::channel());
        scheduler.spawn(Priority::Normal, 0, pending());
        scheduler.spawn(Priority::Normal, 0, async move {
            time::sleep(hour).await;
            end.send(()).unwrap();
        });
        ended.await.unwrap();
        assert_eq!(start.elapsed(), hour);
    });
}

#[test]
fn a_worker_without_budget_returns_to_tokio() {
    const MESSAGES: usize = 10_000;
    let runtime = current_thread();
    let scheduler = scheduler(&runtime, 1);
    let (sender, mut receiver) = tokio::sync::mpsc::channel(MESSAGES);
    for n in 0..MESSAGES {
        sender.try_send(n).unwrap();
    }
    let (end, ended) = oneshot::channel();
    scheduler.spawn(Priority::Normal, 0, async move {
        for _ in 0..MESSAGES {
            receiver.recv().await.unwrap();
        }
        end.send(()).unwrap();
    });
    let (turns, stop) = spinner(&scheduler, Priority::Normal);
    runtime.block_on(ended).unwrap();
    stop.store(true, SeqCst);
    // tokio gives a budget of 128 a poll. Then it wakes the receiver when the worker is back, which must not
    // take a stint of the other task; the woken receiver waits in the shared queue, up to 61 turns.
    let turns = turns.load(SeqCst) / (MESSAGES as u64 / 128);
    assert!(turns <= 100, "{turns} turns a poll");
}
