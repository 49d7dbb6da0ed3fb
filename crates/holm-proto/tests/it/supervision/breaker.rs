//! The circuit breaker of a child.

use std::{num::NonZeroU32, time::Duration};

use holm_proto::supervision::{
    BreakerPolicy, BreakerState, ChildSpec, ChildState, Intensity, Policy, Strategy,
};

use super::world::{World, children, policy};

const NANO: Duration = Duration::from_nanos(1);
const COOL_DOWN: Duration = Duration::from_secs(60);
const TRIAL: Duration = Duration::from_secs(20);
const WINDOW: Duration = Duration::from_secs(10);

/// Opens at the third crash; the supervisor allows two restarts.
fn world(strategy: Strategy) -> World {
    let breaker = BreakerPolicy {
        crashes: NonZeroU32::new(3).unwrap(),
        window: WINDOW,
        cool_down: COOL_DOWN,
        trial: TRIAL,
    };
    let intensity = Intensity { restarts: 2, window: Duration::from_secs(3600) };
    let mut specs = children("a b c");
    specs[1] = ChildSpec { breaker: Some(breaker), ..specs[1].clone() };
    World::up(Policy { intensity, ..policy(strategy) }, specs)
}

fn breaker(world: &World) -> BreakerState {
    world.supervision.child(&"b".into(), world.now).unwrap().breaker.unwrap()
}

fn crash(world: &mut World, times: usize) -> String {
    for _ in 0..times {
        world.crash("b");
    }
    world.log()
}

#[test]
fn it_opens_instead_of_a_restart_too_many() {
    let mut world = world(Strategy::OneForOne);
    assert_eq!(crash(&mut world, 2), "+b +b");
    assert_eq!(breaker(&world), BreakerState::Closed);
    assert_eq!(crash(&mut world, 1), "", "the third is left alone");
    assert_eq!(breaker(&world), BreakerState::Open);
    assert_eq!(world.state("b"), Some(ChildState::Open(COOL_DOWN)));
    world.pass(COOL_DOWN - NANO);
    assert_eq!(world.log(), "");
    world.pass(NANO);
    assert_eq!(world.log(), "+b");
    assert_eq!(breaker(&world), BreakerState::HalfOpen);
}

#[test]
fn crashes_far_apart_do_not_open_it() {
    let mut world = world(Strategy::OneForOne);
    crash(&mut world, 2);
    world.pass(WINDOW + NANO);
    assert_eq!(crash(&mut world, 1), "-c -a end", "the intensity has its own window");
}

#[test]
fn a_crash_on_trial_opens_it_again_and_does_not_count() {
    let mut world = world(Strategy::OneForOne);
    crash(&mut world, 3);
    for _ in 0..5 {
        world.pass(COOL_DOWN + TRIAL - NANO);
        assert_eq!(world.log(), "+b");
        assert_eq!(crash(&mut world, 1), "");
        assert_eq!(world.state("b"), Some(ChildState::Open(COOL_DOWN)));
    }
    // A start that fails does the same.
    world.failing.insert("b", 1);
    world.pass(COOL_DOWN);
    assert_eq!(world.log(), "+b");
    assert_eq!(breaker(&world), BreakerState::Open);
}

#[test]
fn a_trial_that_lasts_closes_it() {
    let mut world = world(Strategy::OneForOne);
    crash(&mut world, 3);
    world.pass(COOL_DOWN + TRIAL - NANO);
    assert_eq!(breaker(&world), BreakerState::HalfOpen);
    world.pass(NANO);
    assert_eq!(breaker(&world), BreakerState::Closed);
    world.log();
    assert_eq!(crash(&mut world, 1), "-c -a end", "closed, it counts for the intensity again");
}

#[test]
fn a_crash_at_the_end_of_the_trial_finds_it_closed() {
    let mut world = world(Strategy::OneForOne);
    crash(&mut world, 3);
    world.pass(COOL_DOWN + TRIAL - NANO);
    world.log();
    // Reported before the deadline was.
    world.now = world.now + NANO;
    assert_eq!(crash(&mut world, 1), "-c -a end");
}

#[test]
fn a_lost_connection_neither_opens_nor_closes_it() {
    let mut world = world(Strategy::OneForOne);
    for _ in 0..5 {
        world.lose("b");
    }
    assert_eq!(breaker(&world), BreakerState::Closed);
    crash(&mut world, 3);
    world.pass(COOL_DOWN);
    world.log();
    world.lose("b");
    assert_eq!(world.log(), "+b");
    assert_eq!(breaker(&world), BreakerState::HalfOpen);
}

#[test]
fn a_restart_on_command_is_the_trial() {
    let mut world = world(Strategy::OneForOne);
    crash(&mut world, 3);
    world.supervision.restart(&"b".into(), world.now).unwrap();
    world.run();
    assert_eq!(world.log(), "+b");
    assert_eq!(breaker(&world), BreakerState::HalfOpen);
}

#[test]
fn dependent_siblings_wait_for_it() {
    for (strategy, down, up) in
        [(Strategy::OneForAll, "-c -a", "+a +b +c"), (Strategy::RestForOne, "-c", "+b +c")]
    {
        let mut world = world(strategy);
        crash(&mut world, 2);
        assert_eq!(crash(&mut world, 1), down, "{strategy}");
        world.pass(COOL_DOWN - NANO);
        assert_eq!(world.log(), "");
        world.pass(NANO);
        assert_eq!(world.log(), up, "{strategy}");
    }
}
