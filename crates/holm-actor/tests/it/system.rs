//! The system: spawning, shutting down, and leaving nothing behind.

use holm_actor::{Monitor, Ref};
use holm_wire::ExitReason;
use tokio::sync::oneshot;

use crate::support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_lives_leave_nothing() {
    let system = system();
    for _ in 0..1_000 {
        let puppets: Vec<Ref<Puppet>> = (0..100).map(|_| system.spawn(Puppet::default())).collect();
        let ends: Vec<Monitor> =
            puppets.iter().map(|puppet| system.monitor(puppet.pid())).collect();
        for (n, puppet) in puppets.iter().enumerate() {
            if n % 2 == 0 {
                puppet.exit(shutdown("s"));
            } else {
                puppet.tell(act(|_, cx| cx.stop(ExitReason::Normal))).unwrap();
            }
        }
        for end in ends {
            end.await;
        }
    }
    assert_eq!(system.actors(), 0);
}

#[tokio::test]
async fn shutdown_ends_every_actor_with_its_stopped() {
    let system = system();
    let stops: Vec<_> = (0..50)
        .map(|_| {
            let (stopped, stop) = oneshot::channel();
            system.spawn(
                Puppet::default().on_stopped(|reason| async { stopped.send(reason).unwrap() }),
            );
            stop
        })
        .collect();
    system.shutdown("bye").await;
    assert_eq!(system.actors(), 0);
    for stop in stops {
        assert_eq!(stop.await.unwrap(), shutdown("bye"));
    }
}

#[tokio::test]
async fn an_actor_spawned_during_shutdown_ends_with_it() {
    let system = system();
    let (child, orphan) = oneshot::channel();
    let nursery = system.clone();
    system.spawn(Puppet::default().on_stopped(|_| async move {
        let puppet = nursery.spawn(Puppet::default());
        child.send(nursery.monitor(puppet.pid())).unwrap();
    }));
    system.shutdown("bye").await;
    assert_eq!(system.actors(), 0);
    assert_eq!(orphan.await.unwrap().await.reason, shutdown("bye"));
}

#[tokio::test]
async fn an_actor_spawned_after_shutdown_ends_at_once() {
    let system = system();
    system.shutdown("bye").await;
    let puppet = system.spawn(Puppet::default());
    let end = system.monitor(puppet.pid());
    assert_eq!(end.await.reason, shutdown("bye"));
    assert_eq!(system.actors(), 0);
}

#[tokio::test(start_paused = true)]
async fn shutdown_cuts_off_what_does_not_end() {
    let system = system();
    let stuck = system.spawn(Puppet::default().on_stopped(|_| std::future::pending()));
    let _never = occupy(&stuck).await;
    let start = tokio::time::Instant::now();
    system.shutdown("bye").await;
    assert_eq!(
        start.elapsed().as_secs(),
        10,
        "one shutdown time for the handler, one for `stopped`"
    );
    assert_eq!(system.actors(), 0);
}

/// The runtime goes while actors live: their watchers hear of it.
#[test]
fn a_dropped_runtime_ends_its_actors() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (system, end) = runtime.block_on(async {
        let system = system();
        let puppet = system.spawn(Puppet::default());
        let _ = notes(&puppet).await;
        let end = system.monitor(puppet.pid());
        (system, end)
    });
    drop(runtime);
    assert_eq!(system.actors(), 0);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(end).reason, ExitReason::Killed);
}
