//! Several threads: tasks run at once, are taken over from a busy worker, block, and panic.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
        mpsc,
    },
    task::Poll,
    thread,
};

use holm_sched::{Priority, Scheduler};
use tokio::sync::oneshot;

use crate::{multi_thread, scheduler, watched, within_reason};

/// Blocks its thread until all meet: they are on as many threads, at once.
#[derive(Clone)]
struct Meeting {
    present: Arc<AtomicU32>,
    expected: u32,
}

impl Meeting {
    fn new(expected: u32) -> Self {
        Self { present: Arc::default(), expected }
    }

    fn arrive(&self) {
        self.present.fetch_add(1, SeqCst);
        while self.present.load(SeqCst) < self.expected {
            thread::yield_now();
        }
    }
}

/// Waits until all workers sleep.
fn all_asleep(scheduler: &Scheduler) {
    let sleeping = || {
        let counters = scheduler.counters();
        counters.parks - counters.notifications >= counters.turns.len() as u64
    };
    while !sleeping() {
        thread::yield_now();
    }
}

#[test]
fn a_task_woken_by_a_busy_worker_runs_on_another_thread() {
    within_reason(|| {
        let runtime = multi_thread(2);
        let scheduler = scheduler(&runtime, 2);
        for _ in 0..500 {
            let (ends, ended): (Vec<_>, Vec<_>) = (0..2).map(|_| oneshot::channel()).unzip();
            let (meeting, inner) = (Meeting::new(2), scheduler.clone());
            scheduler.spawn(Priority::Normal, 0, async move {
                for end in ends {
                    let meeting = meeting.clone();
                    inner.spawn(Priority::Normal, 0, async move {
                        meeting.arrive();
                        end.send(()).unwrap();
                    });
                }
                // With the thread held until one of them runs elsewhere.
                while meeting.present.load(SeqCst) == 0 {
                    thread::yield_now();
                }
            });
            ended.into_iter().for_each(|ended| watched(&[&scheduler], ended));
        }
    });
}

#[test]
fn schedulers_in_one_runtime_use_its_threads() {
    within_reason(|| {
        let runtime = multi_thread(2);
        let (one, other) = (scheduler(&runtime, 2), scheduler(&runtime, 2));
        for _ in 0..200 {
            let (end, ended) = oneshot::channel();
            let (meeting, inner) = (Meeting::new(2), other.clone());
            one.spawn(Priority::Normal, 0, async move {
                let there = meeting.clone();
                inner.spawn(Priority::Normal, 0, async move { there.arrive() });
                meeting.arrive();
                end.send(()).unwrap();
            });
            watched(&[&one, &other], ended);
        }
    });
}

#[test]
fn a_watchdog_sees_a_long_turn_and_has_its_queue_taken_over() {
    within_reason(|| {
        let runtime = multi_thread(2);
        let scheduler = scheduler(&runtime, 2);
        all_asleep(&scheduler);
        let (queued, wait_queued) = mpsc::sync_channel(1);
        let (run, ran) = mpsc::sync_channel(1);
        let inner = scheduler.clone();
        scheduler.spawn(Priority::Normal, 7, async move {
            inner.spawn(Priority::Normal, 0, async move { run.send(()).unwrap() });
            queued.send(()).unwrap();
            ran.recv().unwrap();
        });
        wait_queued.recv().unwrap();
        let stuck: Vec<_> = scheduler.workers().filter(|worker| worker.running).collect();
        assert_eq!(stuck.len(), 1, "{stuck:?}");
        assert_eq!((stuck[0].label, stuck[0].queued, stuck[0].turns), (Some(7), 1, 0));
        scheduler.nudge();
        all_asleep(&scheduler);
        assert!(scheduler.workers().all(|worker| !worker.running && worker.label.is_none()));
    });
}

#[test]
fn a_task_that_blocks_in_place_leaves_its_queue_to_others() {
    within_reason(|| {
        let runtime = multi_thread(2);
        let scheduler = scheduler(&runtime, 2);
        for _ in 0..200 {
            let (end, ended) = oneshot::channel();
            let inner = scheduler.clone();
            scheduler.spawn(Priority::Normal, 0, async move {
                let (run, ran) = mpsc::sync_channel(2);
                for _ in 0..2 {
                    let run = run.clone();
                    inner.spawn(Priority::Normal, 0, async move { run.send(()).unwrap() });
                }
                tokio::task::block_in_place(|| (0..2).for_each(|_| ran.recv().unwrap()));
                // Still a worker, now without tokio's core.
                let (run, ran) = oneshot::channel();
                inner.spawn(Priority::Normal, 0, async move { run.send(()).unwrap() });
                ran.await.unwrap();
                end.send(()).unwrap();
            });
            watched(&[&scheduler], ended);
        }
    });
}

#[test]
fn a_runtime_inside_a_task_has_workers_of_its_own() {
    within_reason(|| {
        let runtime = multi_thread(2);
        let outer = scheduler(&runtime, 2);
        let (end, ended) = oneshot::channel();
        let within = outer.clone();
        outer.spawn(Priority::Normal, 0, async move {
            let answer = tokio::task::block_in_place(|| {
                let runtime = crate::current_thread();
                let inner = scheduler(&runtime, 1);
                let (end, ended) = oneshot::channel();
                inner.spawn(Priority::Normal, 0, async move {
                    let (ask, answer) = oneshot::channel();
                    within.spawn(Priority::Normal, 0, async move { ask.send(42).unwrap() });
                    end.send(answer.await.unwrap()).unwrap();
                });
                runtime.block_on(ended).unwrap()
            });
            end.send(answer).unwrap();
        });
        assert_eq!(runtime.block_on(ended).unwrap(), 42);
    });
}

#[test]
fn a_panic_ends_its_task_only() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("expected: in a destructor");
        }
    }
    within_reason(|| {
        let runtime = crate::current_thread();
        let scheduler = scheduler(&runtime, 1);
        let ((end, ended), (tell, told)) = (oneshot::channel(), oneshot::channel());
        scheduler.spawn(Priority::Normal, 0, async { panic!("expected: in a turn") });
        scheduler.spawn(Priority::Normal, 0, async { std::panic::panic_any(Panics) });
        let (kept, mut tell) = (Panics, Some(tell));
        scheduler.spawn(
            Priority::Normal,
            0,
            poll_fn(move |cx| {
                let _kept = &kept;
                tell.take().unwrap().send(cx.waker().clone()).unwrap();
                Poll::Pending
            }),
        );
        scheduler.spawn(Priority::Normal, 0, async move { end.send(()).unwrap() });
        runtime.block_on(ended).unwrap();
        assert_eq!(scheduler.counters().turns, [4]);
        scheduler.close();
        runtime.block_on(told).unwrap().wake();
    });
}

/// Once for all tasks that were ready, and on their thread; who is on no worker is told.
#[test]
fn what_is_put_off_is_done_once_when_nothing_else_is_to_do() {
    const TASKS: u32 = 3;
    static TURNS: AtomicU32 = AtomicU32::new(0);
    static SEEN: AtomicU32 = AtomicU32::new(0);
    static CALLS: AtomicU32 = AtomicU32::new(0);
    fn call() {
        SEEN.store(TURNS.load(SeqCst), SeqCst);
        CALLS.fetch_add(1, SeqCst);
    }
    within_reason(|| {
        assert!(!holm_sched::put_off(call));
        let runtime = multi_thread(1);
        let scheduler = scheduler(&runtime, 1);
        let inner = scheduler.clone();
        // All are queued in one turn, so that they are ready at once.
        scheduler.spawn(Priority::Normal, 0, async move {
            for _ in 0..TASKS {
                inner.spawn(Priority::Normal, 0, async {
                    assert!(holm_sched::put_off(call));
                    TURNS.fetch_add(1, SeqCst);
                });
            }
        });
        while CALLS.load(SeqCst) == 0 {
            thread::yield_now();
        }
        assert_eq!((SEEN.load(SeqCst), CALLS.load(SeqCst)), (TASKS, 1));
    });
}
