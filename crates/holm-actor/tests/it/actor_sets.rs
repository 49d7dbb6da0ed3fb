//! Actor sets: waiting for many, and stopping many.

use std::time::Duration;

use holm_actor::{ActorSet, ActorSystem, Address, Ref, WaitError};
use holm_wire::ExitReason;
use tokio::time::Instant;

use crate::support::*;

const LONG: Duration = Duration::from_secs(60);

fn set_of(system: &ActorSystem, puppets: &[Ref<Puppet>]) -> ActorSet {
    let mut set = ActorSet::new(system);
    for puppet in puppets {
        assert!(set.add(puppet.pid()));
    }
    set
}

fn spawn(system: &ActorSystem, count: usize) -> Vec<Ref<Puppet>> {
    (0..count).map(|_| system.spawn(Puppet::default())).collect()
}

#[tokio::test(start_paused = true)]
async fn wait_all_returns_each_end_with_its_reason_in_order() {
    let system = system();
    let puppets = spawn(&system, 3);
    let mut set = set_of(&system, &puppets);
    let reasons = [failed("f"), shutdown("s"), ExitReason::Killed];
    let order = [2, 0, 1];
    let ending = async {
        for at in order {
            match &reasons[at] {
                ExitReason::Killed => puppets[at].kill(),
                reason => puppets[at].exit(reason.clone()),
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let (downs, ()) = tokio::join!(set.wait_all(), ending);
    let heard: Vec<_> = downs.into_iter().map(|down| (down.from, down.reason)).collect();
    let expected = order.map(|at| (Address::Pid(puppets[at].pid()), reasons[at].clone()));
    assert_eq!(heard, expected);
    assert!(set.is_empty());
    assert_eq!(set.wait_all().await, []);
}

#[tokio::test(start_paused = true)]
async fn wait_any_returns_the_first_end_or_says_why_not() {
    let system = system();
    let puppets = spawn(&system, 2);
    let mut set = set_of(&system, &puppets);
    let start = Instant::now();
    assert_eq!(set.wait_any(LONG).await.unwrap_err(), WaitError::Timeout(LONG));
    assert_eq!(start.elapsed(), LONG);
    puppets[1].exit(failed("f"));
    let down = set.wait_any(LONG).await.unwrap();
    assert_eq!(down.from, Address::Pid(puppets[1].pid()));
    assert_eq!(start.elapsed(), LONG, "it is woken by the end");
    assert_eq!(set.len(), 1);
    puppets[0].exit(failed("g"));
    assert_eq!(set.wait_any(Duration::MAX).await.unwrap().reason, failed("g"));
    assert_eq!(set.wait_any(LONG).await.unwrap_err(), WaitError::Empty);
}

#[tokio::test(start_paused = true)]
async fn a_member_is_counted_once_and_a_dead_one_is_noproc() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let mut set = set_of(&system, std::slice::from_ref(&puppet));
    assert!(!set.add(puppet.pid()));
    puppet.exit(shutdown("s"));
    assert_eq!(set.wait_all().await.len(), 1);
    assert!(set.add(puppet.pid()));
    assert_eq!(set.wait_all().await[0].reason, ExitReason::Noproc);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_loses_no_end() {
    let system = system();
    let puppets = spawn(&system, 2);
    let mut set = set_of(&system, &puppets);
    puppets[0].exit(failed("f"));
    assert!(tokio::time::timeout(LONG, set.wait_all()).await.is_err());
    assert_eq!(set.len(), 2, "an end heard by a dropped wait is still to be returned");
    puppets[1].exit(failed("g"));
    let reasons: Vec<_> = set.wait_all().await.into_iter().map(|down| down.reason).collect();
    assert_eq!(reasons, [failed("f"), failed("g")]);
}

#[tokio::test(start_paused = true)]
async fn stop_all_asks_first_and_kills_after_the_grace() {
    let system = system();
    let puppets = spawn(&system, 3);
    let _never = occupy(&puppets[1]).await;
    let mut set = set_of(&system, &puppets);
    let start = Instant::now();
    let grace = Duration::from_secs(1);
    let downs = set.stop_all("enough", grace).await;
    assert_eq!(start.elapsed(), grace, "less than the shutdown time of the occupied one");
    assert_eq!(downs.len(), 3);
    assert_eq!(downs[2].from, Address::Pid(puppets[1].pid()));
    assert!(downs.iter().all(|down| down.reason == shutdown("enough")), "{downs:?}");
    assert_eq!(system.actors(), 0);
}

#[tokio::test]
async fn dropping_a_set_stops_nobody() {
    let system = system();
    let puppets = spawn(&system, 2);
    drop(set_of(&system, &puppets));
    assert_eq!(notes(&puppets[0]).await, []);
    assert_eq!(system.actors(), 2);
}
