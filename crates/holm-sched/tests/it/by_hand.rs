//! Workers polled one by one, without a runtime: what happens when one of them goes away.

use std::{
    hint,
    num::NonZeroUsize,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake},
    thread,
};

use holm_sched::{Priority, Scheduler};

use crate::{Drops, within_reason};

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

struct Hand {
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
    wakes: Arc<Wakes>,
}

impl Hand {
    fn poll(&mut self) -> Poll<()> {
        let waker = Arc::clone(&self.wakes).into();
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// Since the last time.
    fn woken(&self) -> usize {
        self.wakes.0.swap(0, SeqCst)
    }
}

/// A scheduler, its workers, and how often it was told that they are gone.
fn by_hand(workers: usize) -> (Scheduler, Vec<Hand>, Drops) {
    let (mut hands, gone) = (Vec::new(), Drops::default());
    let count = gone.clone();
    let scheduler = Scheduler::new(
        NonZeroUsize::new(workers).unwrap(),
        |future| hands.push(Hand { future, wakes: Arc::default() }),
        move || drop(count.guard()),
    );
    (scheduler, hands, gone)
}

/// Spawns so many tasks from within one task, so that they are in one worker's own queue.
fn spawn_inside(scheduler: &Scheduler, tasks: usize) -> Drops {
    let (drops, inner) = (Drops::default(), scheduler.clone());
    let count = drops.clone();
    scheduler.spawn(Priority::Normal, 0, async move {
        for _ in 0..tasks {
            let guard = count.guard();
            inner.spawn(Priority::Normal, 0, async move { drop(guard) });
        }
    });
    drops
}

#[test]
fn one_sleeper_is_woken_and_wakes_the_next() {
    let (scheduler, mut hands, _) = by_hand(3);
    for hand in &mut hands {
        assert!(hand.poll().is_pending());
    }
    let drops = Drops::default();
    for _ in 0..100 {
        let guard = drops.guard();
        scheduler.spawn(Priority::High, 0, async move { drop(guard) });
    }
    // The last to fall asleep, once.
    assert_eq!([hands[0].woken(), hands[1].woken(), hands[2].woken()], [0, 0, 1]);
    assert!(hands[2].poll().is_pending());
    assert_eq!([hands[0].woken(), hands[1].woken()], [0, 1]);
    while hands[2].woken() > 0 {
        assert!(hands[2].poll().is_pending());
    }
    assert_eq!(drops.count(), 100);
    // Found nothing, so wakes nobody.
    assert!(hands[1].poll().is_pending());
    assert_eq!(hands[0].woken(), 0);
    assert_eq!(scheduler.counters().notifications, 2);
}

#[test]
fn a_task_alone_on_its_worker_wakes_nobody() {
    let (scheduler, mut hands, _) = by_hand(2);
    assert!(hands[0].poll().is_pending());
    let drops = spawn_inside(&scheduler, 1);
    assert_eq!(hands[0].woken(), 1);
    // The other worker takes it before; the first is told and finds nothing.
    assert!(hands[1].poll().is_pending());
    assert_eq!(drops.count(), 1);
    assert!(hands[0].poll().is_pending());
    let counters = scheduler.counters();
    assert_eq!((counters.notifications, counters.turns), (1, vec![0, 2]));
}

#[test]
fn a_second_task_wakes_another_worker_at_once() {
    let (scheduler, mut hands, _) = by_hand(2);
    for hand in &mut hands {
        assert!(hand.poll().is_pending());
    }
    let (inner, seen) = (scheduler.clone(), Arc::new(AtomicUsize::new(0)));
    let other = Arc::clone(&hands[0].wakes);
    let see = Arc::clone(&seen);
    scheduler.spawn(Priority::Normal, 0, async move {
        inner.spawn(Priority::Normal, 0, async {});
        let alone = other.0.load(SeqCst);
        inner.spawn(Priority::Normal, 0, async {});
        see.store(10 * alone + other.0.load(SeqCst), SeqCst);
    });
    assert!(hands[1].poll().is_pending());
    assert_eq!(seen.load(SeqCst), 1);
}

#[test]
fn a_task_that_waits_behind_a_turn_wakes_another_worker() {
    let (scheduler, mut hands, _) = by_hand(2);
    for hand in &mut hands {
        assert!(hand.poll().is_pending());
    }
    let (inner, seen) = (scheduler.clone(), Arc::new(AtomicUsize::new(0)));
    let other = Arc::clone(&hands[0].wakes);
    let see = Arc::clone(&seen);
    scheduler.spawn(Priority::Normal, 0, async move {
        // Each alone in its queue, so that nobody is woken yet.
        let first = Arc::clone(&other);
        inner.spawn(Priority::High, 0, async move { see.store(first.0.load(SeqCst), SeqCst) });
        inner.spawn(Priority::Normal, 0, async {});
        assert_eq!(other.0.load(SeqCst), 0);
    });
    assert!(hands[1].poll().is_pending());
    assert_eq!(seen.load(SeqCst), 1);
}

#[test]
fn a_worker_wakes_the_one_that_yielded_on_its_thread() {
    let (scheduler, mut hands, _) = by_hand(2);
    let _drops = spawn_inside(&scheduler, 5_000);
    assert!(hands[0].poll().is_pending());
    // Without a runtime a yield is a wake-up at once.
    assert_eq!(hands[0].woken(), 1);
    assert!(hands[1].poll().is_pending());
    assert_eq!(hands[0].woken(), 1);
}

/// The task is done just when its worker falls asleep, and the next one is spawned then.
#[test]
fn a_spawn_meets_a_worker_that_falls_asleep() {
    const ROUNDS: usize = 200_000;
    within_reason(|| {
        let (scheduler, mut hands, _) = by_hand(1);
        let (mut hand, done) = (hands.remove(0), Arc::new(AtomicUsize::new(0)));
        let worker = thread::spawn(move || {
            while hand.poll().is_pending() {
                wait_until(|| hand.woken() > 0);
            }
        });
        for round in 1..=ROUNDS {
            let end = Arc::clone(&done);
            scheduler.spawn(Priority::Normal, 0, async move { end.store(round, SeqCst) });
            wait_until(|| done.load(SeqCst) == round);
        }
        scheduler.close();
        worker.join().unwrap();
    });
}

/// Spins, but lets others have the processor now and then.
fn wait_until(condition: impl Fn() -> bool) {
    while !(0..1_000).any(|_| {
        hint::spin_loop();
        condition()
    }) {
        thread::yield_now();
    }
}

#[test]
fn a_dropped_worker_leaves_its_queue_to_the_others() {
    const TASKS: usize = 5_000;
    let (scheduler, mut hands, gone) = by_hand(2);
    let drops = spawn_inside(&scheduler, TASKS);
    assert!(hands[0].poll().is_pending());
    assert!(drops.count() < TASKS, "one stint must not run all");
    assert!(scheduler.workers().next().unwrap().queued > 0);
    hands.remove(0);
    assert_eq!(gone.count(), 0);
    while scheduler.workers().any(|worker| worker.queued > 0) || drops.count() < TASKS {
        assert!(hands[0].poll().is_pending());
        assert!(hands[0].woken() > 0 || drops.count() == TASKS, "asleep with work left");
    }
    hands.clear();
    assert_eq!(gone.count(), 1);
    scheduler.close();
    assert_eq!(gone.count(), 1);
}

#[test]
fn a_dropped_worker_that_was_told_tells_another() {
    let (scheduler, mut hands, _) = by_hand(2);
    for hand in &mut hands {
        assert!(hand.poll().is_pending());
    }
    let drops = Drops::default();
    let guard = drops.guard();
    scheduler.spawn(Priority::Normal, 0, async move { drop(guard) });
    assert_eq!((hands[0].woken(), hands[1].woken()), (0, 1));
    hands.remove(1);
    assert_eq!(hands[0].woken(), 1);
    assert!(hands[0].poll().is_pending());
    assert_eq!(drops.count(), 1);
}

#[test]
fn the_last_worker_drops_what_is_queued() {
    let (scheduler, mut hands, gone) = by_hand(2);
    let drops = Drops::default();
    for priority in [Priority::High, Priority::Normal, Priority::Low] {
        let guard = drops.guard();
        scheduler.spawn(priority, 0, async move { drop(guard) });
    }
    hands.remove(0);
    assert_eq!((drops.count(), gone.count()), (0, 0));
    hands.remove(0);
    assert_eq!((drops.count(), gone.count()), (3, 1));
}

#[test]
fn close_wakes_sleeping_workers_and_ends_them() {
    let (scheduler, mut hands, gone) = by_hand(2);
    assert!(hands[0].poll().is_pending());
    scheduler.close();
    assert_eq!(hands[0].woken(), 1);
    assert!(hands.iter_mut().all(|hand| hand.poll().is_ready()));
    hands.clear();
    assert_eq!(gone.count(), 0);
}

/// What a task takes in memory beside its future: 48 bytes of header, with the priority in a hole, and 8 to
/// find the scheduler.
#[test]
fn a_task_takes_56_bytes_more_than_its_future() {
    struct Here(Arc<AtomicUsize>);
    impl Future for Here {
        type Output = ();
        fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
            let task = cx.waker().data().addr();
            self.0.store(std::ptr::from_ref(&*self).addr() - task, SeqCst);
            Poll::Ready(())
        }
    }
    let (scheduler, mut hands, _) = by_hand(1);
    let before = Arc::new(AtomicUsize::new(0));
    scheduler.spawn(Priority::Low, 0, Here(Arc::clone(&before)));
    assert!(hands[0].poll().is_pending());
    assert_eq!(before.load(SeqCst), if cfg!(target_pointer_width = "64") { 56 } else { 36 });
}
