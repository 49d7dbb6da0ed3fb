//! How many restarts are too many, to the nanosecond.

use std::time::Duration;

use holm_proto::supervision::{Intensity, Outcome, Policy, Strategy};
use holm_wire::ExitReason;
use proptest::prelude::*;

use super::world::{World, children, failed, policy};

const NANO: Duration = Duration::from_nanos(1);
const WINDOW: Duration = Duration::from_secs(5);

fn allow(restarts: u32, strategy: Strategy) -> Policy {
    Policy { intensity: Intensity { restarts, window: WINDOW }, ..policy(strategy) }
}

#[test]
fn one_more_within_the_window_ends_the_supervisor() {
    let mut world = World::up(allow(2, Strategy::OneForOne), children("a b c"));
    world.crash("a");
    world.pass(WINDOW / 2);
    world.crash("b");
    world.pass(WINDOW / 2);
    assert_eq!(world.log(), "+a +b");
    world.crash("c");
    assert_eq!(world.log(), "-b -a end", "the first is as old as the window, and counts");
    let outcome = world.outcome.unwrap();
    assert_eq!(outcome, Outcome::TooManyRestarts { id: "c".into(), reason: failed("crash") });
    let text = "too many restarts, the last of child c: failed: crash";
    assert_eq!(outcome.exit_reason(), ExitReason::Shutdown(text.into()));
}

#[test]
fn one_more_after_the_window_does_not() {
    let mut world = World::up(allow(2, Strategy::OneForOne), children("a b c"));
    world.crash("a");
    world.pass(WINDOW / 2);
    world.crash("b");
    world.pass(WINDOW / 2 + NANO);
    world.crash("c");
    assert_eq!(world.log(), "+a +b +c");
    world.pass(WINDOW / 2 - NANO);
    world.crash("c");
    assert_eq!(world.log(), "-b -a end", "the window slides");
}

#[test]
fn none_may_be_allowed() {
    let mut world = World::up(allow(0, Strategy::OneForAll), children("a b:temporary"));
    world.crash("b");
    assert_eq!(world.log(), "forget:b", "no restart, so nothing counts");
    world.crash("a");
    assert_eq!(world.log(), "end");
}

#[test]
fn a_failure_counts_once_for_all_that_it_restarts() {
    let mut world = World::up(allow(2, Strategy::OneForAll), children("a b c d"));
    world.crash("a");
    world.crash("b");
    assert_eq!(world.outcome, None);
    world.crash("c");
    assert!(world.outcome.is_some());
}

#[test]
fn a_failing_start_counts_each_time_and_a_loop_ends() {
    let mut world = World::up(allow(3, Strategy::OneForOne), children("a b"));
    world.failing.insert("b", usize::MAX);
    world.crash("b");
    assert_eq!(world.log(), "+b +b +b -a end");
    let reason = failed("no start");
    assert_eq!(world.outcome, Some(Outcome::TooManyRestarts { id: "b".into(), reason }));
}

#[test]
fn a_lost_connection_does_not_count() {
    let mut world = World::up(allow(1, Strategy::OneForOne), children("a"));
    for _ in 0..10 {
        world.lose("a");
    }
    world.crash("a");
    assert_eq!(world.outcome, None);
    world.crash("a");
    assert!(world.outcome.is_some());
}

proptest! {
    #[test]
    fn the_window_is_as_a_count_over_all_crashes(
        allowed in 0..5u32,
        gaps in prop::collection::vec(prop_oneof![0..3u64, 0..20u64], 1..60),
    ) {
        let window = Duration::from_nanos(10);
        let mut policy = policy(Strategy::OneForOne);
        policy.intensity = Intensity { restarts: allowed, window };
        let mut world = World::up(policy, children("a"));
        let mut crashes = Vec::new();
        for gap in gaps {
            world.pass(Duration::from_nanos(gap));
            crashes.push(world.now);
            world.crash("a");
            let recent = crashes.iter().filter(|crash| world.now.since(**crash) <= window);
            let too_many = recent.count() > usize::try_from(allowed).unwrap();
            prop_assert_eq!(world.outcome.is_some(), too_many, "at {:?}", world.now);
            if too_many {
                return Ok(());
            }
        }
    }
}
