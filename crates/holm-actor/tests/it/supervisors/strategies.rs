//! Whom a crash concerns, and which ends are crashes.

use holm_actor::supervision::{ChildState, Restart, Strategy};
use holm_wire::ExitReason;

use crate::family::*;
use crate::support::*;

/// Starts a, b and c, and has b crash.
async fn crash_the_second(strategy: Strategy) -> Log {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(strategy));
    let [_, b, _] = ["a", "b", "c"].map(|name| add(&mut plan, &log, name));
    plan.start().await.unwrap();
    log.expect("+a +b +c").await;
    crash(&b);
    log
}

#[tokio::test(start_paused = true)]
async fn one_for_one_restarts_the_crashed_child_alone() {
    let log = crash_the_second(Strategy::OneForOne).await;
    log.expect("-b +b").await;
    log.stays_empty(LONG).await;
}

#[tokio::test(start_paused = true)]
async fn one_for_all_stops_the_others_in_reverse_and_starts_all() {
    let log = crash_the_second(Strategy::OneForAll).await;
    log.expect("-b -c -a +a +b +c").await;
    log.stays_empty(LONG).await;
}

#[tokio::test(start_paused = true)]
async fn rest_for_one_restarts_those_after_it_too() {
    let log = crash_the_second(Strategy::RestForOne).await;
    log.expect("-b -c +b +c").await;
    log.stays_empty(LONG).await;
}

#[tokio::test(start_paused = true)]
async fn dynamic_restarts_the_crashed_child_alone() {
    let log = crash_the_second(Strategy::Dynamic).await;
    log.expect("-b +b").await;
    log.stays_empty(LONG).await;
}

/// All, one after the other, end with each reason.
async fn starts_after(restart: Restart, reason: ExitReason) -> (bool, Option<ChildState>) {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let child = add_as(&mut plan, &log, "a", restart);
    let supervisor = plan.start().await.unwrap();
    log.expect("+a").await;
    child.tell(quit(reason)).unwrap();
    log.expect("-a").await;
    tokio::time::sleep(LONG).await;
    let tree = supervisor.tree("root").await.unwrap();
    let state = tree.children.first().map(|child| child.state);
    (log.is_next("+a"), state)
}

#[tokio::test(start_paused = true)]
async fn a_permanent_child_is_always_restarted() {
    for reason in [ExitReason::Normal, shutdown("s"), failed("f"), ExitReason::Killed] {
        let after = starts_after(Restart::Permanent, reason).await;
        assert_eq!(after, (true, Some(ChildState::Running)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_transient_child_is_restarted_after_a_failure_only() {
    for reason in [ExitReason::Normal, shutdown("s")] {
        let after = starts_after(Restart::Transient, reason).await;
        assert_eq!(after, (false, Some(ChildState::Ended)));
    }
    for reason in [failed("f"), ExitReason::Killed] {
        let after = starts_after(Restart::Transient, reason).await;
        assert_eq!(after, (true, Some(ChildState::Running)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_temporary_child_is_forgotten_at_its_end() {
    for reason in [ExitReason::Normal, failed("f")] {
        assert_eq!(starts_after(Restart::Temporary, reason).await, (false, None));
    }
}
