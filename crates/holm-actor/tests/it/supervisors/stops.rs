//! Stops: in reverse order, each child within its time.

use std::future::pending;
use std::time::Duration;

use holm_actor::supervision::{ChildSpec, ShutdownTime, Strategy};
use holm_actor::{SendError, SpawnOptions};
use holm_wire::ExitReason;
use tokio::time::Instant;

use crate::family::*;
use crate::support::*;

#[tokio::test(start_paused = true)]
async fn children_stop_in_reverse_one_after_the_other() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        let (system, log) = (system(), Log::new());
        let mut plan = system.supervisor(patient(strategy));
        for name in ["a", "b", "c"] {
            let noted = log.clone();
            plan.child(ChildSpec::new(name), SpawnOptions::default(), move || {
                let noted = noted.clone();
                Ok(child(&noted, name).on_stopped(move |_| async move {
                    noted.add(format!("stop-{name}"));
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }))
            });
        }
        let supervisor = plan.start().await.unwrap();
        log.expect("+a +b +c").await;
        let start = Instant::now();
        assert_eq!(stop(&system, &supervisor).await, shutdown("enough"));
        log.expect("stop-c -c stop-b -b stop-a -a").await;
        assert_eq!(start.elapsed(), Duration::from_secs(3));
        assert_eq!(system.actors(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn children_of_a_dynamic_supervisor_stop_together() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::Dynamic));
    for name in ["a", "b", "c"] {
        let noted = log.clone();
        plan.child(ChildSpec::new(name), SpawnOptions::default(), move || {
            let stopped = |_| tokio::time::sleep(Duration::from_secs(1));
            Ok(child(&noted, name).on_stopped(stopped))
        });
    }
    let supervisor = plan.start().await.unwrap();
    let start = Instant::now();
    stop(&system, &supervisor).await;
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    assert_eq!(system.actors(), 0);
}

/// A child whose `stopped` never ends stops within `shutdown`: how long that takes.
async fn stubborn(shutdown: ShutdownTime) -> (Duration, Log) {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let noted = log.clone();
    plan.child(stopped_within("a", shutdown), SpawnOptions::default(), move || {
        let noted = noted.clone();
        Ok(child(&noted, "a").on_stopped(move |_| async move {
            noted.add("stop");
            pending::<()>().await;
        }))
    });
    let supervisor = plan.start().await.unwrap();
    log.expect("+a").await;
    let start = Instant::now();
    stop(&system, &supervisor).await;
    assert_eq!(system.actors(), 0);
    (start.elapsed(), log)
}

#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_stop_is_killed_after_its_time() {
    let time = Duration::from_secs(2);
    let (took, log) = stubborn(ShutdownTime::After(time)).await;
    assert_eq!(took, time);
    log.expect("stop -a").await;
}

/// Its handler and its `stopped` have the shutdown time of the supervisor together.
#[tokio::test(start_paused = true)]
async fn a_busy_child_is_killed_after_its_time() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let time = Duration::from_secs(2);
    let noted = log.clone();
    let a = plan.child(
        stopped_within("a", ShutdownTime::After(time)),
        SpawnOptions::default(),
        move || Ok(child(&noted, "a").on_stopped(|_| pending())),
    );
    let supervisor = plan.start().await.unwrap();
    let _never = occupy(&a).await;
    let start = Instant::now();
    stop(&system, &supervisor).await;
    assert_eq!(start.elapsed(), time);
}

/// Longer than an actor's own shutdown time by default.
#[tokio::test(start_paused = true)]
async fn a_child_may_take_the_time_that_its_supervisor_gives() {
    for shutdown in [ShutdownTime::After(Duration::from_secs(60)), ShutdownTime::Infinity] {
        let (system, log) = (system(), Log::new());
        let mut plan = system.supervisor(patient(Strategy::OneForOne));
        let noted = log.clone();
        plan.child(stopped_within("a", shutdown), SpawnOptions::default(), move || {
            let noted = noted.clone();
            Ok(Puppet::default().on_stopped(move |_| async move {
                tokio::time::sleep(Duration::from_secs(50)).await;
                noted.add("stopped");
            }))
        });
        let supervisor = plan.start().await.unwrap();
        let start = Instant::now();
        stop(&system, &supervisor).await;
        assert_eq!(start.elapsed(), Duration::from_secs(50));
        log.expect("stopped").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_to_be_killed_is_killed_at_once() {
    let (took, log) = stubborn(ShutdownTime::Kill).await;
    assert_eq!(took, Duration::ZERO);
    log.expect("-a").await;
}

/// One that traps exits hears that it is to stop, and is killed if it does not care.
#[tokio::test(start_paused = true)]
async fn a_child_that_ignores_its_stop_is_killed_after_its_time() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let time = Duration::from_secs(2);
    let a = plan.child(
        stopped_within("a", ShutdownTime::After(time)),
        SpawnOptions::default().trap_exits(),
        children(&log, "a"),
    );
    let supervisor = plan.start().await.unwrap();
    let end = system.monitor(a.pid());
    let start = Instant::now();
    stop(&system, &supervisor).await;
    assert_eq!(start.elapsed(), time);
    assert_eq!(end.await.reason, ExitReason::Killed);
}

#[tokio::test(start_paused = true)]
async fn an_actor_that_ends_normally_does_not_stop_a_supervisor_linked_with_it() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    add(&mut plan, &log, "a");
    let supervisor = plan.start().await.unwrap();
    log.expect("+a").await;
    let pid = supervisor.pid();
    let friend = system.spawn(Puppet::default());
    friend.tell(act(move |_, cx| cx.link(pid))).unwrap();
    friend.tell(quit(ExitReason::Normal)).unwrap();
    log.stays_empty(LONG).await;
    let friend = system.spawn(Puppet::default());
    friend.tell(act(move |_, cx| cx.link(pid))).unwrap();
    friend.tell(quit(failed("f"))).unwrap();
    let end = system.monitor(pid);
    log.expect("-a").await;
    assert_eq!(end.await.reason, failed("f"));
}

#[tokio::test(start_paused = true)]
async fn a_child_can_stop_its_supervisor() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let (a, _b) = (add(&mut plan, &log, "a"), add(&mut plan, &log, "b"));
    let supervisor = plan.start().await.unwrap();
    let (pid, end) = (supervisor.pid(), system.monitor(supervisor.pid()));
    log.expect("+a +b").await;
    a.tell(act(move |_, cx| cx.exit(pid, shutdown("all done")))).unwrap();
    log.expect("-b -a").await;
    assert_eq!(end.await.reason, shutdown("all done"));
    assert!(matches!(a.tell(note(1)), Err(SendError::Noproc(_))));
}
