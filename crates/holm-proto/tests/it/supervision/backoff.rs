//! Waits before a restart, to the nanosecond.

use std::time::Duration;

use holm_proto::supervision::{Backoff, ChildSpec, ChildState, Jitter, Policy, Strategy};

use super::world::{World, children, policy};

const NANO: Duration = Duration::from_nanos(1);

const STEEP: Backoff = Backoff {
    at_once: 1,
    base: Duration::from_millis(50),
    cap: Duration::from_millis(300),
    jitter: Jitter::None,
    reset_after: Duration::from_secs(10),
};

fn with(backoff: Backoff, strategy: Strategy) -> Policy {
    Policy { backoff, ..policy(strategy) }
}

/// How long the next start takes to come.
fn wait(world: &mut World) -> Duration {
    let next = world.supervision.next_deadline();
    let running = world.state("a") == Some(ChildState::Running);
    if running { Duration::ZERO } else { next.unwrap().since(world.now) }
}

/// Crashes the only child as soon as it runs, and lists the waits.
fn waits(world: &mut World, count: usize) -> Vec<Duration> {
    let crash = |_| {
        world.crash("a");
        let wait = wait(world);
        world.pass(wait);
        wait
    };
    (0..count).map(crash).collect()
}

fn millis(times: &[u64]) -> Vec<Duration> {
    times.iter().map(|time| Duration::from_millis(*time)).collect()
}

#[test]
fn the_wait_doubles_up_to_the_cap() {
    let mut world = World::up(with(STEEP, Strategy::OneForOne), children("a"));
    assert_eq!(waits(&mut world, 6), millis(&[0, 50, 100, 200, 300, 300]));
    let patient = Backoff { at_once: 0, ..STEEP };
    let mut world = World::up(with(patient, Strategy::OneForOne), children("a"));
    assert_eq!(waits(&mut world, 200)[..3], millis(&[50, 100, 200]));
    let odd = Backoff { base: NANO, cap: Duration::MAX, ..patient };
    let mut world = World::up(with(odd, Strategy::OneForOne), children("a"));
    assert_eq!(waits(&mut world, 41)[40], Duration::from_nanos(1 << 40));
}

#[test]
fn the_restart_comes_at_its_moment_and_not_before() {
    let mut world = World::up(with(STEEP, Strategy::OneForOne), children("a"));
    waits(&mut world, 1);
    world.log();
    world.crash("a");
    world.pass(STEEP.base - NANO);
    assert_eq!(world.state("a"), Some(ChildState::Waiting(NANO)));
    assert_eq!(world.log(), "");
    world.pass(NANO);
    assert_eq!(world.log(), "+a");
}

#[test]
fn it_begins_anew_after_a_stable_life() {
    for (life, expected) in [(STEEP.reset_after - NANO, 200), (STEEP.reset_after, 0)] {
        let mut world = World::up(with(STEEP, Strategy::OneForOne), children("a"));
        assert_eq!(waits(&mut world, 3), millis(&[0, 50, 100]));
        world.pass(life);
        assert_eq!(waits(&mut world, 1), millis(&[expected]), "after {life:?}");
    }
}

#[test]
fn jitter_is_within_its_range() {
    let base = STEEP.base;
    let table = [
        (Jitter::None, 0, base),
        (Jitter::None, u64::MAX, base),
        (Jitter::Equal, 0, base / 2),
        (Jitter::Equal, 1 << 63, base / 4 * 3),
        (Jitter::Equal, u64::MAX, base),
        (Jitter::Full, 0, Duration::ZERO),
        (Jitter::Full, 1 << 63, base / 2),
        (Jitter::Full, u64::MAX, base),
    ];
    for (jitter, random, expected) in table {
        let backoff = Backoff { at_once: 0, jitter, ..STEEP };
        let mut world = World::up(with(backoff, Strategy::OneForOne), children("a"));
        world.random = random;
        assert_eq!(waits(&mut world, 1), [expected], "{jitter:?} of {random}");
    }
}

#[test]
fn a_child_may_have_a_backoff_of_its_own() {
    let own = Backoff { at_once: 0, ..STEEP };
    let child = ChildSpec { backoff: Some(own), ..ChildSpec::new("a") };
    let mut world = World::up(policy(Strategy::OneForOne), vec![child, ChildSpec::new("b")]);
    assert_eq!(waits(&mut world, 2), millis(&[50, 100]));
    world.log();
    world.crash("b");
    assert_eq!(world.log(), "+b", "at once");
}

#[test]
fn a_lost_connection_waits_too() {
    let patient = Backoff { at_once: 0, ..STEEP };
    let mut world = World::up(with(patient, Strategy::OneForOne), children("a"));
    world.lose("a");
    assert_eq!(world.state("a"), Some(ChildState::Waiting(STEEP.base)));
}

#[test]
fn who_waits_with_the_crashed_child() {
    let patient = Backoff { at_once: 0, ..STEEP };
    let table = [
        (Strategy::OneForOne, "", "+b"),
        (Strategy::Dynamic, "", "+b"),
        (Strategy::RestForOne, "-c", "+b +c"),
        (Strategy::OneForAll, "-c -a", "+a +b +c"),
    ];
    for (strategy, before, after) in table {
        let mut world = World::up(with(patient, strategy), children("a b c"));
        world.crash("b");
        world.pass(STEEP.base - NANO);
        assert_eq!(world.log(), before, "{strategy}");
        world.pass(NANO);
        assert_eq!(world.log(), after, "{strategy}");
    }
}

#[test]
fn a_crash_before_one_that_waits() {
    let own = Backoff { at_once: 0, ..STEEP };
    let mut specs = children("a b c");
    specs[1].backoff = Some(own);
    for (strategy, at_once) in [(Strategy::RestForOne, "-c +a"), (Strategy::OneForAll, "-c -a")] {
        let mut world = World::up(policy(strategy), specs.clone());
        world.crash("b");
        if strategy == Strategy::RestForOne {
            world.crash("a");
        }
        assert_eq!(world.log(), at_once);
        world.pass(STEEP.base);
        let rest = if strategy == Strategy::RestForOne { "+b +c" } else { "+a +b +c" };
        assert_eq!(world.log(), rest, "{strategy}");
    }
}
