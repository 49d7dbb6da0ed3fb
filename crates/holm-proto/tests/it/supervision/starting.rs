//! The start of a supervisor and of children added later.

use std::time::Duration;

use holm_proto::supervision::{
    ChildError, ChildSpec, ChildState, Intensity, Moment, Outcome, Strategy, Supervision,
};
use holm_wire::ExitReason;

use super::world::{World, children, failed, policy, shutdown};

const NANO: Duration = Duration::from_nanos(1);
const ORDERED: [Strategy; 3] = [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne];

#[test]
fn children_start_one_after_the_other() {
    for strategy in ORDERED {
        let mut world = World::cold(policy(strategy), children("a b c"));
        world.slow.extend(["a", "b", "c"]);
        world.run();
        assert_eq!(world.log(), "+a");
        world.started("a");
        assert_eq!(world.log(), "+b");
        world.started("b");
        assert_eq!(world.log(), "+c");
        world.started("c");
        assert_eq!(world.log(), "ready", "{strategy}");
    }
}

#[test]
fn dynamic_children_start_together() {
    let mut world = World::cold(policy(Strategy::Dynamic), children("a b"));
    world.slow.insert("a");
    world.run();
    assert_eq!(world.log(), "+a +b");
    world.started("a");
    assert_eq!(world.log(), "ready");
}

#[test]
fn a_supervisor_without_children_is_up() {
    let mut world = World::cold(policy(Strategy::OneForOne), Vec::new());
    world.run();
    assert_eq!(world.log(), "ready");
    world.stop();
    assert_eq!(world.log(), "end");
}

#[test]
fn a_child_that_cannot_start_fails_the_start() {
    for strategy in ORDERED {
        let mut world = World::cold(policy(strategy), children("a b c:temporary d"));
        world.failing.insert("c", 1);
        world.run();
        assert_eq!(world.log(), "+a +b +c -b -a end", "{strategy}");
        let outcome = world.outcome.unwrap();
        let reason = failed("no start");
        assert_eq!(outcome, Outcome::StartFailed { id: "c".into(), reason });
        let text = "child c could not start: failed: no start";
        assert_eq!(outcome.exit_reason(), ExitReason::Shutdown(text.into()));
    }
}

#[test]
fn two_children_of_one_name_are_refused() {
    let new = Supervision::new(policy(Strategy::OneForOne), children("a b a"), Moment::default());
    assert_eq!(new.err(), Some(ChildError::Duplicate("a".into())));
}

#[test]
fn a_start_that_takes_too_long_has_failed() {
    let mut specs = children("a b");
    let time = Duration::from_secs(7);
    specs[1].start_time = Some(time);
    let mut world = World::cold(policy(Strategy::OneForOne), specs);
    world.slow.insert("b");
    world.run();
    world.pass(time - NANO);
    assert_eq!(world.log(), "+a +b");
    world.pass(NANO);
    assert_eq!(world.log(), "!b -a end");
    let reason = failed("not started within 7s");
    assert_eq!(world.outcome, Some(Outcome::StartFailed { id: "b".into(), reason }));
}

/// Its end takes a while: nobody starts beside it.
#[test]
fn the_next_child_waits_for_the_end_of_an_overdue_one() {
    for strategy in ORDERED {
        let mut specs = children("a b");
        let time = Duration::from_secs(7);
        specs[0].start_time = Some(time);
        let mut world = World::cold(policy(strategy), specs);
        world.slow.insert("a");
        world.immortal.insert("a");
        world.run();
        world.pass(time);
        assert_eq!(world.log(), "+a !a", "{strategy}");
        world.down("a", ExitReason::Killed, Default::default());
        assert_eq!(world.log(), "end", "{strategy}");
    }
}

#[test]
fn the_next_child_waits_for_the_end_of_one_removed_while_it_starts() {
    for strategy in ORDERED {
        let mut world = World::cold(policy(strategy), children("a b"));
        world.slow.insert("a");
        world.stubborn.insert("a");
        world.run();
        world.supervision.remove(&"a".into(), world.now).unwrap();
        world.run();
        assert_eq!(world.log(), "+a -a", "{strategy}");
        world.down("a", shutdown(), Default::default());
        assert_eq!(world.log(), "forget:a +b ready", "{strategy}");
    }
}

#[test]
fn a_restart_that_takes_too_long_is_a_crash() {
    let mut specs = children("a b");
    let time = Duration::from_secs(7);
    specs[1].start_time = Some(time);
    let mut tight = policy(Strategy::OneForOne);
    tight.intensity = Intensity { restarts: 1, window: time };
    let mut world = World::up(tight, specs);
    world.slow.insert("b");
    world.crash("b");
    world.pass(time);
    assert_eq!(world.log(), "+b !b -a end");
}

#[test]
fn a_start_may_have_no_limit() {
    let mut world = World::cold(policy(Strategy::OneForOne), vec![ChildSpec::supervisor("a")]);
    world.slow.insert("a");
    world.run();
    assert_eq!(world.supervision.next_deadline(), None);
}

#[test]
fn a_crash_during_the_first_start() {
    let table = [
        (Strategy::OneForOne, "+a", "+c ready"),
        (Strategy::RestForOne, "-b", "+a +b +c ready"),
        (Strategy::OneForAll, "-b", "+a +b +c ready"),
    ];
    for (strategy, then, at_last) in table {
        let mut world = World::cold(policy(strategy), children("a b c"));
        world.slow.insert("b");
        world.stubborn.insert("b");
        world.run();
        assert_eq!(world.log(), "+a +b");
        world.slow.clear();
        world.crash("a");
        assert_eq!(world.log(), then, "{strategy}");
        if strategy == Strategy::OneForOne {
            world.started("b");
        } else {
            // Told to stop before it had started: the report of a start comes too late.
            world.started("b");
            assert_eq!(world.state("b"), Some(ChildState::Stopping));
            world.down("b", shutdown(), Default::default());
        }
        assert_eq!(world.log(), at_last, "{strategy}");
    }
}

#[test]
fn a_stop_during_the_first_start() {
    let mut world = World::cold(policy(Strategy::OneForAll), children("a b c"));
    world.slow.insert("b");
    world.run();
    world.stop();
    assert_eq!(world.log(), "+a +b -b -a end");
    assert_eq!(world.outcome, Some(Outcome::Stopped(shutdown())));
}

#[test]
fn an_added_child_that_cannot_start_is_forgotten() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::Dynamic] {
        let mut tight = policy(strategy);
        tight.intensity.restarts = 0;
        let mut world = World::up(tight, children("a"));
        world.failing.insert("b", 1);
        world.supervision.add(ChildSpec::new("b"), world.now).unwrap();
        world.run();
        assert_eq!(world.log(), "+b forget:b", "{strategy}");
        world.supervision.add(ChildSpec::new("b"), world.now).unwrap();
        world.run();
        assert_eq!(world.log(), "+b", "{strategy}");
    }
}
