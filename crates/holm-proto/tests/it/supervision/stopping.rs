//! The end of a supervisor and the shutdown times of its children.

use std::time::Duration;

use holm_proto::supervision::{Backoff, ChildSpec, Command, Outcome, ShutdownTime, Strategy};

use super::world::{World, children, failed, policy, shutdown};

const NANO: Duration = Duration::from_nanos(1);

#[test]
fn the_stop_order_is_the_reverse_of_the_start_order() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        let mut world = World::up(policy(strategy), children("a b c"));
        world.stubborn.extend(["c", "b"]);
        world.stop();
        assert_eq!(world.log(), "-c");
        world.down("c", shutdown(), Default::default());
        assert_eq!(world.log(), "-b");
        world.down("b", failed("late"), Default::default());
        assert_eq!(world.log(), "-a end", "{strategy}");
        assert_eq!(world.outcome, Some(Outcome::Stopped(shutdown())));
    }
}

#[test]
fn dynamic_children_are_told_together() {
    let mut world = World::up(policy(Strategy::Dynamic), children("a b c"));
    world.stubborn.extend(["a", "b", "c"]);
    world.stop();
    assert_eq!(world.log(), "-c -b -a");
    world.pass(Duration::from_secs(5));
    assert_eq!(world.log(), "!a !b !c end");
}

#[test]
fn a_child_is_killed_after_its_shutdown_time() {
    let mut specs = children("a b");
    specs[1].shutdown = ShutdownTime::After(Duration::from_millis(30));
    let mut world = World::up(policy(Strategy::OneForOne), specs);
    world.stubborn.insert("b");
    world.supervision.stop(shutdown(), world.now);
    let grace = Some(Duration::from_millis(30));
    let life = world.life("b");
    assert_eq!(world.supervision.poll_command(), Some(Command::Stop { life, grace }));
    world.pass(Duration::from_millis(30) - NANO);
    assert_eq!(world.log(), "");
    world.pass(NANO);
    assert_eq!(world.log(), "!b -a end");
}

#[test]
fn a_child_may_be_killed_at_once_or_never() {
    let mut specs = vec![ChildSpec::supervisor("a"), ChildSpec::new("b")];
    specs[1].shutdown = ShutdownTime::Kill;
    let mut world = World::up(policy(Strategy::OneForOne), specs);
    world.stubborn.insert("a");
    world.stop();
    assert_eq!(world.log(), "!b -a");
    assert_eq!(world.supervision.next_deadline(), None);
    world.down("a", shutdown(), Default::default());
    assert_eq!(world.log(), "end");
}

#[test]
fn a_stop_ends_what_was_going_on() {
    let patient = Backoff { at_once: 0, ..Backoff::default() };
    for strategy in [Strategy::OneForOne, Strategy::OneForAll] {
        let mut world = World::up(policy(strategy), children("a b c"));
        world.stubborn.insert("c");
        world.crash("a");
        world.stop();
        world.pass(Duration::from_secs(5));
        let expected = match strategy {
            Strategy::OneForOne => "+a -c !c -b -a end",
            _ => "-c !c -b end",
        };
        assert_eq!(world.log(), expected, "{strategy}: no restart after the stop");

        let mut waiting = policy(strategy);
        waiting.backoff = patient;
        let mut world = World::up(waiting, children("a"));
        world.crash("a");
        world.stop();
        assert_eq!(world.log(), "end", "{strategy}: a wait is given up");
        assert_eq!(world.supervision.next_deadline(), None);
    }
}

#[test]
fn the_first_reason_to_end_stays() {
    let mut world = World::up(policy(Strategy::OneForOne), children("a b"));
    world.stubborn.insert("b");
    world.supervision.stop(failed("first"), world.now);
    world.run();
    world.stop();
    world.crash("a");
    assert_eq!(world.log(), "-b", "a crash under a supervisor that stops restarts nothing");
    world.down("b", shutdown(), Default::default());
    assert_eq!(world.log(), "end");
    assert_eq!(world.outcome, Some(Outcome::Stopped(failed("first"))));
    world.stop();
    assert_eq!(world.log(), "");
}
