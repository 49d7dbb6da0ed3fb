//! Each strategy by what it stops and starts, in which order.

use holm_proto::supervision::{ChildState, Strategy};
use holm_wire::ExitReason;

use super::world::{World, children, failed, policy, shutdown};

use Strategy::{Dynamic, OneForAll, OneForOne, RestForOne};

#[test]
fn a_crash_restarts_whom_it_concerns() {
    let table = [
        (OneForOne, "a b c d", "b", "+b"),
        (Dynamic, "a b c d", "b", "+b"),
        (OneForAll, "a b c d", "b", "-d -c -a +a +b +c +d"),
        (OneForAll, "a b c d", "a", "-d -c -b +a +b +c +d"),
        (OneForAll, "a b c d", "d", "-c -b -a +a +b +c +d"),
        (RestForOne, "a b c d", "b", "-d -c +b +c +d"),
        (RestForOne, "a b c d", "a", "-d -c -b +a +b +c +d"),
        (RestForOne, "a b c d", "d", "+d"),
        // Siblings take a temporary child down for good; its own crash takes down nobody.
        (OneForAll, "a b c:temporary d", "b", "-d -c forget:c -a +a +b +d"),
        (RestForOne, "a b c:temporary d", "b", "-d -c forget:c +b +d"),
        (OneForAll, "a b:temporary c d", "b", "forget:b"),
        (RestForOne, "a b:temporary c d", "b", "forget:b"),
        (OneForOne, "a b:temporary c d", "b", "forget:b"),
        (Dynamic, "a b:temporary c d", "b", "forget:b"),
        (OneForAll, "a b:transient c:transient", "b", "-c -a +a +b +c"),
    ];
    for (strategy, specs, crashed, expected) in table {
        let mut world = World::up(policy(strategy), children(specs));
        world.crash(crashed);
        assert_eq!(world.log(), expected, "{strategy} of {specs}, crash of {crashed}");
    }
}

#[test]
fn the_restart_kind_decides_by_the_reason() {
    let table = [
        ("permanent", ExitReason::Normal, "+a"),
        ("permanent", shutdown(), "+a"),
        ("permanent", ExitReason::Killed, "+a"),
        ("transient", ExitReason::Normal, ""),
        ("transient", shutdown(), ""),
        ("transient", ExitReason::Killed, "+a"),
        ("transient", failed("it"), "+a"),
        ("transient", ExitReason::Noproc, "+a"),
        ("transient", ExitReason::Noconnection, "+a"),
        ("temporary", ExitReason::Normal, "forget:a"),
        ("temporary", failed("it"), "forget:a"),
    ];
    for (kind, reason, expected) in table {
        let mut world = World::up(policy(OneForOne), children(&format!("a:{kind}")));
        world.down("a", reason.clone(), Default::default());
        assert_eq!(world.log(), expected, "{kind} after {reason}");
    }
}

#[test]
fn a_group_starts_again_as_a_whole() {
    for (strategy, expected) in [(OneForAll, "-b +a +b +c"), (RestForOne, "+b +c")] {
        let mut world = World::up(policy(strategy), children("a b c:transient"));
        world.down("c", ExitReason::Normal, Default::default());
        assert_eq!(world.state("c"), Some(ChildState::Ended));
        world.crash(if strategy == OneForAll { "a" } else { "b" });
        assert_eq!(world.log(), expected, "{strategy}: c had ended, and is needed again");
    }
}

#[test]
fn a_crash_while_siblings_stop_widens_the_restart() {
    let mut world = World::up(policy(RestForOne), children("a b c d e"));
    world.stubborn.insert("e");
    world.crash("c");
    assert_eq!(world.log(), "-e");
    world.crash("b");
    world.crash("a");
    assert_eq!(world.log(), "", "e is still stopping, d is next");
    world.down("e", shutdown(), Default::default());
    assert_eq!(world.log(), "-d +a +b +c +d +e");
}

#[test]
fn a_crash_of_one_that_was_to_stop_changes_nothing() {
    let mut tight = policy(OneForAll);
    tight.intensity.restarts = 1;
    let mut world = World::up(tight, children("a b c"));
    world.stubborn.insert("c");
    world.crash("a");
    world.crash("b");
    world.down("c", failed("while it stopped"), Default::default());
    assert_eq!(world.log(), "-c +a +b +c", "one restart was counted, not three");
}

#[test]
fn a_crash_while_siblings_start_begins_anew() {
    for strategy in [OneForAll, RestForOne] {
        let mut world = World::up(policy(strategy), children("a b c"));
        world.slow.insert("b");
        world.crash("a");
        assert_eq!(world.log(), "-c -b +a +b");
        world.slow.clear();
        world.crash("a");
        assert_eq!(world.log(), "-b +a +b +c", "{strategy}");
    }
}

#[test]
fn a_restart_whose_start_fails_is_tried_again() {
    for (strategy, expected) in [
        (OneForOne, "+b +b +b"),
        (Dynamic, "+b +b +b"),
        (RestForOne, "-c +b +b +b +c"),
        (OneForAll, "-c -a +a +b -a +a +b -a +a +b +c"),
    ] {
        let mut world = World::up(policy(strategy), children("a b c"));
        world.failing.insert("b", 2);
        world.crash("b");
        assert_eq!(world.log(), expected, "{strategy}");
    }
}

#[test]
fn restarts_of_independent_children_do_not_wait_for_each_other() {
    let mut world = World::up(policy(OneForOne), children("a b c"));
    world.slow.extend(["a", "b"]);
    world.crash("b");
    world.crash("a");
    world.crash("c");
    assert_eq!(world.log(), "+b +a +c");
}

#[test]
fn reports_about_a_life_that_is_over_are_ignored() {
    let mut world = World::up(policy(OneForOne), children("a"));
    let old = world.life("a");
    world.slow.insert("a");
    world.crash("a");
    assert_eq!(world.log(), "+a");
    world.supervision.handle_started(old, world.now);
    assert_eq!(world.state("a"), Some(ChildState::Starting));
    world.supervision.handle_lost(old, world.now, 0);
    world.supervision.handle_down(old, failed("again"), Default::default(), world.now, 0);
    world.run();
    assert_eq!(world.log(), "");
    world.started("a");
    assert_eq!(world.state("a"), Some(ChildState::Running));
}
