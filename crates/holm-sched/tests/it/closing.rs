//! The end: by `close`, or of the runtime. Every future is dropped exactly once.

use std::{
    future::poll_fn,
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::{Poll, Waker},
};

use holm_sched::{Priority, Scheduler};

use crate::{Drops, current_thread, multi_thread, scheduler, within_reason};

/// Idle tasks, which only a wake-up ends.
#[derive(Clone, Default)]
struct Idlers {
    wakers: Arc<Mutex<Vec<Waker>>>,
    drops: Drops,
}

impl Idlers {
    /// Starts one; it says so when it idles.
    fn spawn(&self, scheduler: &Scheduler, idles: mpsc::SyncSender<()>) {
        let (wakers, guard) = (Arc::clone(&self.wakers), self.drops.guard());
        scheduler.spawn(Priority::Normal, 0, async move {
            let _guard = guard;
            poll_fn(|cx| {
                wakers.lock().unwrap().push(cx.waker().clone());
                idles.send(()).unwrap();
                Poll::<()>::Pending
            })
            .await;
        });
    }

    fn wake_all(&self) {
        let wakers = std::mem::take(&mut *self.wakers.lock().unwrap());
        wakers.into_iter().for_each(Waker::wake);
    }
}

#[test]
fn close_drops_queued_tasks_and_those_woken_or_spawned_later() {
    let runtime = current_thread();
    let scheduler = scheduler(&runtime, 1);
    let idlers = Idlers::default();
    let (idles, idle) = mpsc::sync_channel(1);
    idlers.spawn(&scheduler, idles);
    runtime.block_on(async {
        while idle.try_recv().is_err() {
            tokio::task::yield_now().await;
        }
    });
    let drops = Drops::default();
    for priority in [Priority::High, Priority::Normal, Priority::Low] {
        let guard = drops.guard();
        scheduler.spawn(priority, 0, async move { drop(guard) });
    }
    scheduler.close();
    scheduler.close();
    assert_eq!(drops.count(), 3);
    let guard = drops.guard();
    scheduler.spawn(Priority::Normal, 0, async move { drop(guard) });
    assert_eq!(drops.count(), 4);
    assert_eq!(idlers.drops.count(), 0);
    idlers.wake_all();
    assert_eq!(idlers.drops.count(), 1);
    assert_eq!(scheduler.counters().turns, [1]);
}

#[test]
fn close_by_a_task_ends_the_worker_after_that_turn() {
    within_reason(|| {
        let runtime = current_thread();
        let (ended, on_gone) = (Drops::default(), Arc::new(AtomicUsize::new(0)));
        let gone = Arc::clone(&on_gone);
        let start = |future| {
            let guard = ended.guard();
            runtime.spawn(async move {
                let _guard = guard;
                Box::pin(future).await;
            });
        };
        let scheduler = Scheduler::new(NonZeroUsize::MIN, start, move || {
            gone.fetch_add(1, SeqCst);
        });
        let drops = Drops::default();
        let (inner, guard, local) = (scheduler.clone(), drops.guard(), drops.guard());
        scheduler.spawn(Priority::Normal, 0, async move {
            inner.spawn(Priority::Normal, 0, async move { drop(local) });
            inner.close();
            // Woken while it runs, then discarded.
            let _guard = guard;
            tokio::task::yield_now().await;
            poll_fn(|cx| {
                cx.waker().wake_by_ref();
                Poll::<()>::Pending
            })
            .await;
        });
        runtime.block_on(async {
            while ended.count() < 1 || drops.count() < 2 {
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(scheduler.counters().turns, [1]);
        drop(runtime);
        assert_eq!((drops.count(), on_gone.load(SeqCst)), (2, 0));
    });
}

#[test]
fn the_end_of_the_runtime_drops_every_future_once() {
    const EACH: usize = 1_000;
    within_reason(|| {
        for workers in [1, 2, 4] {
            let runtime = multi_thread(workers);
            let on_gone = Arc::new(AtomicUsize::new(0));
            let (idlers, gone) = (Idlers::default(), Arc::clone(&on_gone));
            let all = idlers.clone();
            let start = |future| drop(runtime.spawn(future));
            let scheduler = Scheduler::new(NonZeroUsize::new(workers).unwrap(), start, move || {
                gone.fetch_add(1, SeqCst);
                all.wake_all();
            });
            let (idles, idle) = mpsc::sync_channel(EACH);
            (0..EACH).for_each(|_| idlers.spawn(&scheduler, idles.clone()));
            (0..EACH).for_each(|_| idle.recv().unwrap());
            let drops = Drops::default();
            // Always running or queued, on all workers, up to the end.
            for _ in 0..EACH {
                let guard = drops.guard();
                scheduler.spawn(Priority::Normal, 0, async move {
                    let _guard = guard;
                    poll_fn(|cx| {
                        cx.waker().wake_by_ref();
                        Poll::<()>::Pending
                    })
                    .await;
                });
            }
            drop(runtime);
            assert_eq!(on_gone.load(SeqCst), 1);
            assert_eq!((idlers.drops.count(), drops.count()), (EACH, EACH));
        }
    });
}

#[test]
fn a_long_chain_of_tasks_is_dropped_without_recursion() {
    const CHAIN: usize = 200_000;
    struct WakesNext(
        Option<Waker>,
        #[expect(dead_code, reason = "counts its drop")] crate::Counted,
    );
    impl Drop for WakesNext {
        fn drop(&mut self) {
            if let Some(next) = self.0.take() {
                next.wake();
            }
        }
    }
    let runtime = current_thread();
    let scheduler = scheduler(&runtime, 1);
    let drops = Drops::default();
    let mut next = None;
    for _ in 0..CHAIN {
        let (chain, (tell, told)) =
            (WakesNext(next.take(), drops.guard()), tokio::sync::oneshot::channel());
        scheduler.spawn(Priority::Normal, 0, async move {
            let _chain = chain;
            let mut tell = Some(tell);
            poll_fn(|cx| {
                if let Some(tell) = tell.take() {
                    tell.send(cx.waker().clone()).unwrap();
                }
                Poll::<()>::Pending
            })
            .await;
        });
        next = Some(runtime.block_on(told).unwrap());
    }
    scheduler.close();
    assert_eq!(drops.count(), 0);
    next.unwrap().wake();
    assert_eq!(drops.count(), CHAIN);
}
