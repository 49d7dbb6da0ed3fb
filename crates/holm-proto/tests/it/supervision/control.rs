//! Children added, restarted, stopped and removed at run time.

use std::time::Duration;

use holm_proto::supervision::{
    Backoff, ChildError, ChildId, ChildSpec, ChildState, Moment, Outlook, Strategy, Supervision,
};

use super::world::{World, children, failed, policy, shutdown};

type Act = fn(&mut Supervision, &ChildId, Moment) -> Result<(), ChildError>;

fn act(world: &mut World, act: Act, id: &str) -> String {
    act(&mut world.supervision, &id.into(), world.now).unwrap();
    world.run();
    world.log()
}

fn add(supervision: &mut Supervision, id: &ChildId, now: Moment) -> Result<(), ChildError> {
    supervision.add(ChildSpec::new(id.as_str()), now)
}

#[test]
fn an_added_child_is_the_last() {
    let mut world = World::up(policy(Strategy::RestForOne), children("b c"));
    assert_eq!(act(&mut world, add, "a"), "+a");
    world.crash("c");
    assert_eq!(world.log(), "-a +c +a");
    world.stop();
    assert_eq!(world.log(), "-a -c -b end");
}

#[test]
fn added_while_the_group_is_down() {
    let mut world = World::up(policy(Strategy::OneForAll), children("a b"));
    world.stubborn.insert("b");
    world.crash("a");
    assert_eq!(act(&mut world, add, "c"), "-b", "in its turn");
    world.down("b", shutdown(), Default::default());
    assert_eq!(world.log(), "+a +b +c");
}

#[test]
fn a_removed_child_is_stopped_and_forgotten() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::Dynamic] {
        let mut world = World::up(policy(strategy), children("a b"));
        assert_eq!(act(&mut world, Supervision::remove, "a"), "-a forget:a", "{strategy}");
        assert_eq!(world.state("a"), None);
        assert_eq!(act(&mut world, add, "a"), "+a");
    }
}

#[test]
fn a_stopped_child_stays_until_it_is_wanted() {
    let mut world = World::up(policy(Strategy::OneForOne), children("a b:temporary"));
    assert_eq!(act(&mut world, Supervision::stop_child, "a"), "-a");
    assert_eq!(world.state("a"), Some(ChildState::Ended));
    assert_eq!(act(&mut world, Supervision::stop_child, "a"), "", "it is");
    assert_eq!(act(&mut world, Supervision::restart, "a"), "+a");
    assert_eq!(act(&mut world, Supervision::stop_child, "b"), "-b forget:b");
}

#[test]
fn a_restart_on_command_counts_as_nothing_and_concerns_nobody_else() {
    let mut tight = policy(Strategy::OneForAll);
    tight.intensity.restarts = 0;
    let mut world = World::up(tight, children("a b:temporary"));
    assert_eq!(act(&mut world, Supervision::restart, "a"), "-a +a");
    assert_eq!(act(&mut world, Supervision::restart, "b"), "-b +b");
    world.slow.insert("a");
    assert_eq!(act(&mut world, Supervision::restart, "a"), "-a +a");
    assert_eq!(act(&mut world, Supervision::restart, "a"), "", "it starts already");
}

#[test]
fn a_slow_stop_delays_nobody_else_who_is_independent() {
    let mut world = World::up(policy(Strategy::OneForOne), children("a b c"));
    world.stubborn.insert("c");
    assert_eq!(act(&mut world, Supervision::restart, "c"), "-c");
    assert_eq!(act(&mut world, Supervision::remove, "a"), "-a forget:a");
    assert_eq!(act(&mut world, Supervision::restart, "b"), "-b +b");
    world.pass(Duration::from_secs(5));
    assert_eq!(world.log(), "!c +c");
}

#[test]
fn a_waiting_child_obeys() {
    let mut patient = policy(Strategy::OneForOne);
    patient.backoff = Backoff { at_once: 0, ..Backoff::default() };
    let table: [(Act, &str); 3] = [
        (Supervision::restart, "+a"),
        (Supervision::remove, "forget:a"),
        (Supervision::stop_child, ""),
    ];
    for (action, expected) in table {
        let mut world = World::up(patient, children("a"));
        world.crash("a");
        assert!(matches!(world.state("a"), Some(ChildState::Waiting(_))));
        assert_eq!(act(&mut world, action, "a"), expected);
        world.pass(Duration::from_secs(60));
        assert_eq!(world.log(), "", "it does not wait any more");
    }
}

#[test]
fn a_child_in_the_midst_of_a_group_restart_obeys() {
    let table: [(Act, &str, &str); 6] = [
        (Supervision::remove, "b", "-b forget:b +a +c"),
        (Supervision::stop_child, "b", "-b +a +c"),
        (Supervision::restart, "b", "-b +a +b +c"),
        (Supervision::remove, "c", "forget:c -b +a +b"),
        (Supervision::stop_child, "c", "-b +a +b"),
        // The one that crashed has no life.
        (Supervision::stop_child, "a", "-b +b +c"),
    ];
    for (action, id, expected) in table {
        let mut world = World::up(policy(Strategy::OneForAll), children("a b c"));
        world.stubborn.insert("c");
        world.crash("a");
        assert_eq!(world.log(), "-c");
        assert_eq!(act(&mut world, action, id), "", "c is still stopping");
        world.down("c", shutdown(), Default::default());
        assert_eq!(world.log(), expected, "{id}");
    }
}

#[test]
fn a_child_that_is_being_stopped_returns_with_its_group() {
    let mut world = World::up(policy(Strategy::OneForAll), children("a b c"));
    world.stubborn.insert("b");
    assert_eq!(act(&mut world, Supervision::stop_child, "b"), "-b");
    world.crash("a");
    assert_eq!(world.log(), "-c");
    world.down("b", shutdown(), Default::default());
    assert_eq!(world.log(), "+a +b +c");
}

#[test]
fn removed_before_its_first_start() {
    let mut world = World::cold(policy(Strategy::OneForAll), children("a b"));
    world.slow.insert("a");
    world.run();
    assert_eq!(world.log(), "+a");
    assert_eq!(act(&mut world, Supervision::remove, "b"), "forget:b");
    world.started("a");
    assert_eq!(world.log(), "ready");

    let mut world = World::cold(policy(Strategy::OneForAll), children("a b"));
    world.slow.insert("a");
    world.run();
    assert_eq!(act(&mut world, Supervision::remove, "a"), "+a -a forget:a +b ready");
}

#[test]
fn a_child_whose_start_took_too_long_obeys() {
    let table: [(Act, &str); 3] = [
        (Supervision::remove, "+a !a forget:a ready"),
        (Supervision::stop_child, "+a !a ready"),
        (Supervision::restart, "+a !a end"),
    ];
    for (action, expected) in table {
        let mut world = World::cold(policy(Strategy::OneForOne), children("a"));
        world.slow.insert("a");
        world.run();
        world.now = world.supervision.next_deadline().unwrap();
        world.supervision.handle_timeout(world.now);
        assert_eq!(act(&mut world, action, "a"), expected, "killed, and not yet down");
    }
}

#[test]
fn what_cannot_be_done_is_refused() {
    let mut world = World::up(policy(Strategy::OneForOne), children("a b"));
    world.stubborn.extend(["a", "b"]);
    let now = world.now;
    let supervision = &mut world.supervision;
    assert_eq!(add(supervision, &"a".into(), now), Err(ChildError::Duplicate("a".into())));
    let by_id: [Act; 3] = [Supervision::restart, Supervision::stop_child, Supervision::remove];
    for action in by_id {
        let unknown = ChildError::Unknown("x".into());
        assert_eq!(action(supervision, &"x".into(), now), Err(unknown));
    }
    supervision.remove(&"a".into(), now).unwrap();
    for action in by_id.into_iter().chain([add as Act]) {
        let removing = ChildError::Removing("a".into());
        assert_eq!(action(supervision, &"a".into(), now), Err(removing));
    }
    supervision.stop(shutdown(), now);
    for action in by_id.into_iter().chain([add as Act]) {
        assert_eq!(action(supervision, &"b".into(), now), Err(ChildError::Stopping));
    }
    world.run();
    world.pass(Duration::from_secs(5));
    assert_eq!(world.log(), "-a -b !a !b forget:a end");
}

/// What the references to a child are told before its life is over.
#[test]
fn the_outlook_says_what_follows_a_life() {
    let outlook = |world: &World, id: &str| {
        world.supervision.child(&id.into(), world.now).map(|view| view.outlook)
    };
    let specs = children("a b:transient c:temporary");
    let mut world = World::up(policy(Strategy::OneForAll), specs);
    assert_eq!(outlook(&world, "a"), Some(Outlook::Restart));
    assert_eq!(outlook(&world, "b"), Some(Outlook::RestartIfFailed));
    assert_eq!(outlook(&world, "c"), Some(Outlook::End));
    // Stopped for a sibling's sake, the transient one comes back whatever its reason.
    world.stubborn.insert("b");
    world.crash("a");
    assert_eq!(outlook(&world, "b"), Some(Outlook::Restart));
    world.down("b", shutdown(), Default::default());
    assert_eq!(outlook(&world, "b"), Some(Outlook::RestartIfFailed));
    assert_eq!(outlook(&world, "c"), None);
    world.supervision.stop_child(&"b".into(), world.now).unwrap();
    world.run();
    assert_eq!(outlook(&world, "b"), Some(Outlook::End));
    world.down("b", shutdown(), Default::default());
    assert_eq!(outlook(&world, "b"), Some(Outlook::End));
    assert!(Outlook::RestartIfFailed.restarts_after(&failed("f")));
    assert!(!Outlook::RestartIfFailed.restarts_after(&shutdown()));
}
