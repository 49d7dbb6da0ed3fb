//! What the on-crash hook can say.

use holm_proto::supervision::{ChildState, Outcome, Strategy, Verdict};
use holm_wire::ExitReason;

use super::world::{World, children, failed, policy, shutdown};

#[test]
fn a_verdict_overrules_the_restart_kind() {
    let table = [
        (Verdict::Default, "permanent", "+a"),
        (Verdict::Restart, "permanent", "+a"),
        (Verdict::Restart, "transient", "+a"),
        (Verdict::Restart, "temporary", "+a"),
        (Verdict::Stop, "permanent", ""),
        (Verdict::Stop, "transient", ""),
        (Verdict::Stop, "temporary", "forget:a"),
    ];
    for (verdict, kind, expected) in table {
        let mut world = World::up(policy(Strategy::OneForAll), children(&format!("a:{kind}")));
        world.down("a", failed("it"), verdict);
        assert_eq!(world.log(), expected, "{verdict:?} of {kind}");
    }
}

#[test]
fn a_child_left_down_takes_nobody_with_it() {
    let mut world = World::up(policy(Strategy::OneForAll), children("a b"));
    world.down("a", failed("it"), Verdict::Stop);
    assert_eq!(world.state("a"), Some(ChildState::Ended));
    assert_eq!(world.state("b"), Some(ChildState::Running));
}

#[test]
fn an_escalated_crash_is_one_of_the_supervisor() {
    let mut world = World::up(policy(Strategy::OneForOne), children("a b c"));
    world.down("b", failed("it"), Verdict::Escalate);
    assert_eq!(world.log(), "-c -a end");
    let outcome = world.outcome.unwrap();
    assert_eq!(outcome, Outcome::Escalated { id: "b".into(), reason: failed("it") });
    let text = "escalated by child b: failed: it";
    assert_eq!(outcome.exit_reason(), ExitReason::Failed(text.into()));
}

#[test]
fn a_verdict_on_a_restart_that_fails() {
    let table = [(Verdict::Default, "+a"), (Verdict::Stop, ""), (Verdict::Escalate, "-b end")];
    for (verdict, expected) in table {
        let mut world = World::up(policy(Strategy::OneForOne), children("a:transient b"));
        world.slow.insert("a");
        world.crash("a");
        world.log();
        // No reason is a normal one for a start that fails.
        world.down("a", shutdown(), verdict);
        assert_eq!(world.log(), expected, "{verdict:?}");
    }
}
