//! Hosts: their schedules, pauses, crashes and clocks.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use holm_sim::{Host, Sim, Skew, WALL_CLOCK_START, World, check_seeds};
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::SEEDS;

const SECOND: Duration = Duration::from_secs(1);

/// Counts the seconds in a task of `host`.
fn count_seconds(host: &Host) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let seconds = Arc::clone(&count);
    drop(host.env().spawn(async move {
        loop {
            sleep(SECOND).await;
            seconds.fetch_add(1, Ordering::Relaxed);
        }
    }));
    count
}

#[test]
fn the_order_of_tasks_depends_on_the_seed() {
    let orders = RefCell::new(BTreeSet::new());
    let spawn_all = async |world: World| {
        let env = world.host("a").env();
        let (sender, mut receiver) = mpsc::channel(3);
        for number in 0..3 {
            let sender = sender.clone();
            drop(env.spawn(async move { sender.send(number).await.unwrap() }));
        }
        let mut order = Vec::new();
        for _ in 0..3 {
            order.push(receiver.recv().await.unwrap());
        }
        orders.borrow_mut().insert(order);
    };
    for seed in 0..200 {
        Sim::new(seed).run(spawn_all);
    }
    assert_eq!(orders.borrow().len(), 6, "all orders of three tasks");
}

#[test]
fn a_paused_host_stands_still_and_goes_on() {
    check_seeds(SEEDS, async |world: World| {
        let (a, b) = (world.host("a"), world.host("b"));
        let (ours, theirs) = (count_seconds(&a), count_seconds(&b));
        sleep(SECOND * 3 / 2).await;
        a.pause();
        sleep(SECOND * 10).await;
        assert_eq!(ours.load(Ordering::Relaxed), 1);
        assert_eq!(theirs.load(Ordering::Relaxed), 11);
        a.resume();
        sleep(SECOND / 10).await;
        assert_eq!(ours.load(Ordering::Relaxed), 2, "the sleep that ended meanwhile");
        sleep(SECOND).await;
        assert_eq!(ours.load(Ordering::Relaxed), 3);
    });
}

#[test]
fn a_crash_drops_all_tasks_for_good() {
    check_seeds(SEEDS, async |world: World| {
        let host = world.host("a");
        let seconds = count_seconds(&host);
        sleep(SECOND * 3 / 2).await;
        host.crash();
        host.resume();
        let late = count_seconds(&host);
        sleep(SECOND * 10).await;
        assert_eq!(seconds.load(Ordering::Relaxed), 1);
        assert_eq!(Arc::strong_count(&seconds), 1, "the task is gone");
        assert_eq!(late.load(Ordering::Relaxed), 0);
        assert_eq!(Arc::strong_count(&late), 1, "the task is gone");

        let again = world.host("a");
        assert_ne!(again.env().random_u64(), host.env().random_u64());
        let seconds = count_seconds(&again);
        sleep(SECOND * 3 / 2).await;
        assert_eq!(seconds.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn the_wall_clock_follows_virtual_time() {
    Sim::new(1).run(async |world| {
        let env = world.host("a").env();
        assert_eq!(env.wall_clock(), WALL_CLOCK_START);
        sleep(Duration::from_secs(3_000)).await;
        assert_eq!(env.wall_clock().0, WALL_CLOCK_START.0 + 3_000_000);
        assert_eq!(world.elapsed(), Duration::from_secs(3_000));
    });
}

#[test]
fn a_clock_that_was_set_wrong_outlives_a_crash() {
    Sim::new(1).run(async |world| {
        let (a, b) = (world.host("a"), world.host("b"));
        a.set_clock(Skew { ahead_ms: 5_000, drift_ppm: 0 });
        a.crash();
        assert_eq!(world.host("a").env().wall_clock().0, WALL_CLOCK_START.0 + 5_000);
        assert_eq!(b.env().wall_clock(), WALL_CLOCK_START, "of this machine alone");
    });
}

#[test]
fn a_host_is_the_same_until_it_crashes() {
    Sim::new(1).run(async |world| {
        let first = world.host("a").env().random_u64();
        assert_ne!(world.host("a").env().random_u64(), first, "one generator, drawn from twice");
        assert_ne!(world.host("b").env().random_u64(), first);
    });
    // A host's randomness depends on its name, not on which came first.
    let draw = |name| Sim::new(7).run(async |world| world.host(name).env().random_u64());
    let second = Sim::new(7).run(async |world| {
        world.host("a");
        world.host("b").env().random_u64()
    });
    assert_eq!(draw("b"), second);
}
