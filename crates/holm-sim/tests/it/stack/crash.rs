//! A host that crashes while it is watched and asked to spawn.

use std::sync::Arc;
use std::time::Duration;

use holm::RemoteSpawnError;
use holm::prelude::*;
use holm_sim::{World, check_seeds};
use parking_lot::Mutex;
use rand::RngExt;

use super::traffic::hosts;
use super::{Stuck, Watcher, events_until_now, reach, start};

/// Remote spawns under way, one after the other begun.
const SPAWNS: usize = 20;

/// Actors watched on the host that crashes.
const WATCHED: usize = 5;

#[test]
fn a_crash_gives_each_waiter_one_outcome() {
    let spawned = Mutex::new((0, 0));
    check_seeds([1, 2, 3, 4, 5, 6, 7, 8], async |world: World| {
        let (alive, lost) = crash(world).await;
        let mut sum = spawned.lock();
        *sum = (sum.0 + alive, sum.1 + lost);
    });
    let (alive, lost) = *spawned.lock();
    assert!(alive > 0 && lost > 0, "the crash comes in the midst: {alive} spawned, {lost} not");
}

/// How many spawns succeeded before the crash, and how many were lost.
async fn crash(world: World) -> (usize, usize) {
    let (a, b) = hosts(&world);
    let (near, far) = (start(&a).await, start(&b).await);
    let mut events = near.events();
    near.connect(&b.endpoint()).await.unwrap();
    let watcher = near.spawn(Watcher::default());
    let watched: Vec<_> = (0..WATCHED).map(|_| far.spawn(Stuck::default()).pid()).collect();
    for pid in &watched {
        watcher.watch(*pid).await.unwrap();
    }

    let outcomes = Arc::new(Mutex::new(Vec::new()));
    for number in 0..SPAWNS {
        let (near, on) = (near.clone(), far.name().clone());
        let outcomes = Arc::clone(&outcomes);
        drop(a.env().spawn(async move {
            tokio::time::sleep(Duration::from_millis(number as u64 * 5)).await;
            let outcome = match near.spawn_on::<Stuck>(&on, Stuck::default()).monitored().await {
                Ok((_, down)) => Ok(down.await.reason),
                Err(error) => Err(error),
            };
            outcomes.lock().push(outcome);
        }));
    }
    let crash_after = world.rng().random_range(0..SPAWNS as u64 * 5);
    tokio::time::sleep(Duration::from_millis(crash_after)).await;
    b.crash();
    // Longer than any delay.
    tokio::time::sleep(Duration::from_secs(5)).await;

    let outcomes = std::mem::take(&mut *outcomes.lock());
    assert_eq!(outcomes.len(), SPAWNS);
    let disconnected = RemoteSpawnError::Disconnected(far.name().clone());
    let lost = outcomes.iter().filter(|outcome| **outcome == Err(disconnected.clone())).count();
    let alive = outcomes.iter().filter(|outcome| **outcome == Ok(ExitReason::Noconnection)).count();
    assert_eq!(alive + lost, SPAWNS, "{outcomes:?}");

    let downs = watcher.downs().await.unwrap();
    assert_eq!(downs.len(), WATCHED);
    for reasons in downs.values() {
        assert_eq!(*reasons, [ExitReason::Noconnection]);
    }
    let peer = far.name().clone();
    let expected = [holm::NodeEvent::Up(peer.clone()), holm::NodeEvent::Down(peer)];
    assert_eq!(events_until_now(&mut events).await, expected);
    assert_eq!(near.nodes(), []);
    assert_eq!(near.system().actors(), 1, "the watcher");

    // The next life of the host is another node: what lived in the former one is gone.
    let again = start(&world.host("b")).await;
    near.connect(&b.endpoint()).await.unwrap();
    let fresh = again.spawn(Stuck::default());
    reach::<Stuck>(&near, fresh.pid()).ping().await.unwrap();
    let down = near.monitor(watched[0]).await;
    assert_eq!(down.reason, ExitReason::Noproc);
    (alive, lost)
}
