//! Pools: who is picked, who replaces the dead, and how a pool ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use holm_actor::{
    ActorSystem, MEMBERS_MAX, Pool, PoolError, PoolOptions, PoolSendError, PoolStrategy, Ref,
    SendError,
};
use holm_wire::{ExitReason, Pid};
use tokio::sync::mpsc;

use crate::support::*;

const LONG: Duration = Duration::from_secs(60);

fn with(strategy: PoolStrategy) -> PoolOptions {
    PoolOptions::default().strategy(strategy)
}

fn pool(system: &ActorSystem, size: usize, options: PoolOptions) -> Pool<Puppet> {
    Pool::start(system, size, options, Puppet::default).unwrap()
}

/// A pool that tells of each member it makes.
fn noisy(
    system: &ActorSystem,
    size: usize,
    options: PoolOptions,
) -> (Pool<Puppet>, mpsc::Receiver<()>) {
    let (made, mut make) = mpsc::channel(64);
    let pool = Pool::start(system, size, options, move || {
        made.try_send(()).unwrap();
        Puppet::default()
    });
    for _ in 0..size {
        make.try_recv().unwrap();
    }
    (pool.unwrap(), make)
}

fn pids(pool: &Pool<Puppet>) -> Vec<Pid> {
    pool.members().iter().map(Ref::pid).collect()
}

#[tokio::test]
async fn round_robin_takes_each_in_turn() {
    let system = system();
    let pool = pool(&system, 3, with(PoolStrategy::RoundRobin));
    let members = pids(&pool);
    for turn in 0..9 {
        assert_eq!(pool.pick().unwrap().pid(), members[turn % 3]);
    }
}

#[tokio::test]
async fn random_takes_all_about_equally() {
    const PICKS: usize = 3_000;
    let system = system();
    let pool = pool(&system, 3, with(PoolStrategy::Random));
    let members = pids(&pool);
    let mut counts = [0; 3];
    for _ in 0..PICKS {
        let picked = pool.pick().unwrap().pid();
        counts[members.iter().position(|pid| *pid == picked).unwrap()] += 1;
    }
    // Ten standard deviations from the mean.
    assert!(counts.iter().all(|count| (PICKS / 3).abs_diff(*count) < 260), "{counts:?}");
}

#[tokio::test]
async fn least_loaded_counts_the_inbox_and_the_handler() {
    let system = system();
    let pool = pool(&system, 3, with(PoolStrategy::LeastLoaded));
    let members = pool.members();
    for member in &members {
        assert_eq!(notes(member).await, []);
    }
    tokio::task::yield_now().await;
    let _busy = occupy(&members[0]).await;
    let _busier = occupy(&members[2]).await;
    members[2].tell(note(1)).unwrap();
    for _ in 0..3 {
        assert_eq!(pool.pick().unwrap(), members[1], "the only idle one");
    }
    for _ in 0..2 {
        members[1].tell(note(1)).unwrap();
    }
    assert_eq!(pool.pick().unwrap(), members[0], "one in the handler, none in the inbox");
}

#[tokio::test]
async fn a_key_keeps_its_slot_when_members_die() {
    let system = system();
    let (pool, mut made) = noisy(&system, 8, PoolOptions::default());
    let slot_of = |key: &str| {
        let picked = pool.pick_for(key).unwrap().pid();
        pids(&pool).iter().position(|pid| *pid == picked).unwrap()
    };
    let slots = ["a", "b", "c", "d", "e"].map(slot_of);
    let dying = pool.pick_for("a").unwrap();
    dying.exit(failed("f"));
    made.recv().await.unwrap();
    assert_ne!(pool.pick_for("a").unwrap(), dying);
    assert_eq!(["a", "b", "c", "d", "e"].map(slot_of), slots);
    assert_eq!(notes(&pool.pick_for("a").unwrap()).await, []);
}

#[tokio::test]
async fn resizing_moves_only_the_keys_it_must() {
    let system = system();
    let pool = pool(&system, 4, PoolOptions::default());
    let picked = || (0..1_000).map(|key| pool.pick_for(&key).unwrap().pid()).collect::<Vec<_>>();
    let before = picked();
    pool.resize(5).unwrap();
    let new = pids(&pool)[4];
    let after = picked();
    assert!(before.iter().zip(&after).all(|(old, now)| old == now || *now == new));
    assert!(after.contains(&new));
    pool.resize(4).unwrap();
    assert_eq!(picked(), before);
}

#[tokio::test]
async fn a_broadcast_reaches_every_member() {
    let system = system();
    let pool = pool(&system, 3, PoolOptions::default());
    let sent = pool.broadcast(|member| member.tell(note(7))).unwrap();
    assert_eq!(sent.into_iter().filter(Result::is_ok).count(), 3);
    for member in pool.members() {
        assert_eq!(notes(&member).await, [7]);
    }
}

#[tokio::test]
async fn a_member_is_replaced_whatever_it_died_of() {
    let system = system();
    let (pool, mut made) = noisy(&system, 2, PoolOptions::default());
    for reason in [ExitReason::Normal, shutdown("s"), failed("f"), ExitReason::Killed] {
        let before = pids(&pool);
        match reason {
            ExitReason::Killed => pool.members()[0].kill(),
            reason => pool.members()[0].tell(act(|_, cx| cx.stop(reason))).unwrap(),
        }
        made.recv().await.unwrap();
        let now = pids(&pool);
        assert!(now[0] != before[0] && now[1] == before[1]);
        assert_eq!(notes(&pool.members()[0]).await, []);
    }
    assert_eq!(system.actors(), 2);
}

#[tokio::test]
async fn members_that_are_ending_are_passed_over() {
    let system = system();
    for strategy in [PoolStrategy::RoundRobin, PoolStrategy::Random, PoolStrategy::LeastLoaded] {
        let pool = pool(&system, 2, with(strategy));
        let members = pool.members();
        let _never = occupy(&members[0]).await;
        members[0].exit(shutdown("s"));
        for _ in 0..10 {
            assert_eq!(pool.pick().unwrap(), members[1]);
        }
        let _never = occupy(&members[1]).await;
        members[1].exit(shutdown("s"));
        assert_eq!(pool.pick().unwrap_err(), PoolError::NoMembers);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pool_whose_members_keep_dying_gives_up_and_stops_the_rest() {
    let system = system();
    let options = PoolOptions::default().restarts(2, LONG);
    let (pool, mut made) = noisy(&system, 3, options);
    let innocent = pool.members()[2].clone();
    let end = system.monitor(innocent.pid());
    for _ in 0..2 {
        pool.members()[0].exit(failed("f"));
        made.recv().await.unwrap();
    }
    pool.members()[0].exit(failed("last"));
    assert_eq!(end.await.reason, shutdown("its pool gave up"));
    let gave_up = PoolError::GaveUp(failed("last"));
    assert_eq!(pool.pick().unwrap_err(), gave_up);
    assert_eq!(pool.pick_for("key").unwrap_err(), gave_up);
    assert_eq!(pool.resize(9).unwrap_err(), gave_up);
    pool.drain().await;
    assert_eq!(system.actors(), 0);
}

#[tokio::test(start_paused = true)]
async fn old_restarts_are_forgotten() {
    let system = system();
    let (pool, mut made) = noisy(&system, 1, PoolOptions::default().restarts(1, LONG));
    for _ in 0..5 {
        pool.members()[0].exit(failed("f"));
        made.recv().await.unwrap();
        tokio::time::sleep(LONG).await;
    }
    pool.pick().unwrap();
}

#[tokio::test]
async fn a_factory_that_panics_is_a_typed_error() {
    let system = system();
    let quiet = || std::panic::resume_unwind(Box::new("quiet"));
    let started = Pool::<Puppet>::start(&system, 1, PoolOptions::default(), quiet);
    assert_eq!(started.unwrap_err(), PoolError::Factory("quiet".into()));
    assert_eq!(system.actors(), 0);
    let calls = AtomicUsize::new(0);
    let pool = Pool::start(&system, 2, PoolOptions::default(), move || {
        if calls.fetch_add(1, Ordering::Relaxed) == 2 {
            quiet();
        }
        Puppet::default()
    })
    .unwrap();
    let end = system.monitor(pool.members()[1].pid());
    pool.members()[0].exit(failed("f"));
    end.await;
    assert_eq!(pool.pick().unwrap_err(), PoolError::GaveUp(failed("quiet")));
}

#[tokio::test]
async fn a_pool_without_members_hands_the_message_back() {
    let system = system();
    let pool = pool(&system, 0, PoolOptions::default());
    assert_eq!(pool.pick().unwrap_err(), PoolError::NoMembers);
    assert_eq!(pool.pick_for("key").unwrap_err(), PoolError::NoMembers);
    assert_eq!(pool.broadcast(|_| ()).unwrap_err(), PoolError::NoMembers);
    let refused = [pool.cast(note(7)).unwrap_err(), pool.cast_for("key", note(7)).unwrap_err()];
    pool.resize(1).unwrap();
    for error in refused {
        assert!(matches!(error, PoolSendError::Pool(PoolError::NoMembers, _)), "{error:?}");
        pool.cast(error.into_message()).unwrap();
    }
    assert_eq!(notes(&pool.pick().unwrap()).await, [7, 7]);
    assert_eq!(pool.resize(MEMBERS_MAX + 1), Err(PoolError::TooMany(MEMBERS_MAX + 1)));
    pool.drain().await;
}

#[tokio::test]
async fn a_member_without_room_hands_the_message_back() {
    let system = system();
    let pool = pool(&system, 1, PoolOptions::default().spawn(room_for(1)));
    let _busy = occupy(&pool.pick().unwrap()).await;
    pool.cast(note(1)).unwrap();
    let error = pool.cast(note(2)).unwrap_err();
    assert!(matches!(error, PoolSendError::Member(SendError::Full(_))), "{error:?}");
}

#[tokio::test]
async fn draining_handles_what_was_accepted_and_takes_no_more() {
    let system = system();
    let pool = pool(&system, 2, PoolOptions::default());
    let handled = Arc::new(AtomicUsize::new(0));
    let (first, second) = (pool.members()[0].clone(), pool.members()[1].clone());
    let (one, two) = (occupy(&first).await, occupy(&second).await);
    let ends = [system.monitor(first.pid()), system.monitor(second.pid())];
    for _ in 0..100 {
        let handled = Arc::clone(&handled);
        let count = act(move |_, _| {
            handled.fetch_add(1, Ordering::Relaxed);
        });
        pool.cast(count).unwrap();
    }
    let draining = pool.clone();
    let drain = tokio::spawn(async move { draining.drain().await });
    while pool.pick().is_ok() {
        tokio::task::yield_now().await;
    }
    assert_eq!(pool.pick().unwrap_err(), PoolError::Closed);
    assert_eq!(pool.resize(3).unwrap_err(), PoolError::Closed);
    assert!(!drain.is_finished());
    for release in [one, two] {
        release.send(()).unwrap();
    }
    drain.await.unwrap();
    assert_eq!(handled.load(Ordering::Relaxed), 100);
    assert_eq!(system.actors(), 0, "nobody was replaced");
    for end in ends {
        assert_eq!(end.await.reason, shutdown("its pool was drained"));
    }
    pool.drain().await;
}

#[tokio::test]
async fn stopping_ends_a_drain_that_hangs() {
    let system = system();
    let pool = pool(&system, 2, PoolOptions::default());
    let (member, held) = (pool.members()[0].clone(), occupy(&pool.members()[0]).await);
    let draining = pool.clone();
    let drain = tokio::spawn(async move { draining.drain().await });
    while pool.pick().is_ok() {
        tokio::task::yield_now().await;
    }
    let end = system.monitor(member.pid());
    tokio::join!(pool.stop("enough"), async { drop(held) });
    drain.await.unwrap();
    assert_eq!(end.await.reason, shutdown("enough"));
    assert_eq!(system.actors(), 0);
}

#[tokio::test]
async fn shrinking_lets_the_surplus_handle_what_it_has() {
    let system = system();
    let pool = pool(&system, 2, PoolOptions::default());
    let last = pool.members()[1].clone();
    let release = occupy(&last).await;
    let (handled, mut handle) = mpsc::channel(1);
    last.tell(act(move |_, _| handled.try_send(()).unwrap())).unwrap();
    pool.resize(1).unwrap();
    let end = system.monitor(last.pid());
    for _ in 0..4 {
        assert_ne!(pool.pick().unwrap(), last);
    }
    release.send(()).unwrap();
    handle.recv().await.unwrap();
    assert_eq!(end.await.reason, shutdown("its pool shrank"));
    assert_eq!(system.actors(), 1);
}

#[tokio::test]
async fn a_pool_ends_with_its_system() {
    let system = system();
    let (pool, mut made) = noisy(&system, 4, PoolOptions::default());
    system.shutdown("bye").await;
    assert_eq!(system.actors(), 0);
    assert!(made.try_recv().is_err(), "a member was replaced");
    assert_eq!(pool.pick().unwrap_err(), PoolError::NoMembers);
    pool.stop("bye").await;
}
