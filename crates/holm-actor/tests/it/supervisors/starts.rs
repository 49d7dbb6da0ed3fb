//! Starts: in order, within their time, and what follows from one that fails.

use std::time::Duration;

use holm_actor::supervision::{ChildError, ChildSpec, Strategy};
use holm_actor::{CallError, Reply, SendError, SpawnError, SpawnOptions, StartError};
use holm_wire::ExitReason;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::family::*;
use crate::support::*;

const START_TIME: Duration = Duration::from_secs(30);

#[tokio::test(start_paused = true)]
async fn a_child_starts_when_the_one_before_has_started() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        let (system, log) = (system(), Log::new());
        let mut plan = system.supervisor(patient(strategy));
        let (go, gone) = oneshot::channel::<()>();
        let (mut gone, noted) = (Some(gone), log.clone());
        plan.child(ChildSpec::new("a"), SpawnOptions::default(), move || {
            noted.add("make-a");
            let gone = gone.take().unwrap();
            Ok(child_after(&noted, "a", async { gone.await.unwrap() }))
        });
        let noted = log.clone();
        plan.child(ChildSpec::new("b"), SpawnOptions::default(), move || {
            noted.add("make-b");
            Ok(child(&noted, "b"))
        });
        let start = tokio::spawn(plan.start());
        log.expect("make-a").await;
        log.stays_empty(START_TIME / 2).await;
        assert!(!start.is_finished());
        go.send(()).unwrap();
        log.expect("+a make-b +b").await;
        start.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn children_of_a_dynamic_supervisor_start_together() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::Dynamic));
    plan.child(ChildSpec::new("a"), SpawnOptions::default(), {
        let log = log.clone();
        move || Ok(child_after(&log, "a", tokio::time::sleep(Duration::from_secs(1))))
    });
    add(&mut plan, &log, "b");
    plan.start().await.unwrap();
    log.expect("+b +a").await;
}

#[tokio::test(start_paused = true)]
async fn two_children_of_one_name_are_refused() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let first = add(&mut plan, &log, "a");
    add(&mut plan, &log, "a");
    let outcome = plan.start().await;
    assert!(
        matches!(&outcome, Err(StartError::Child(ChildError::Duplicate(id))) if id.as_str() == "a"),
        "{outcome:?}"
    );
    assert!(matches!(first.tell(note(1)), Err(SendError::Noproc(_))), "it will never start");
    log.stays_empty(LONG).await;
    assert_eq!(system.actors(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_is_dropped_leaves_nobody_behind_its_references() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let child = add(&mut plan, &log, "a");
    assert!(matches!(child.tell(note(1)), Err(SendError::Restarting(_))));
    drop(plan);
    assert!(matches!(child.tell(note(1)), Err(SendError::Noproc(_))));
}

/// Starts a, then b from `make`, which fails at once; never c.
async fn failing_start(
    make: impl FnMut() -> Result<Puppet, SpawnError> + Send + 'static,
) -> StartError {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let a = add(&mut plan, &log, "a");
    let b = plan.child(ChildSpec::new("b"), SpawnOptions::default(), make);
    add(&mut plan, &log, "c");
    let error = plan.start().await.unwrap_err();
    assert_eq!(system.actors(), 0, "nothing is left running");
    log.expect("+a -a").await;
    log.stays_empty(LONG).await;
    for child in [a, b] {
        assert!(matches!(child.tell(note(1)), Err(SendError::Noproc(_))));
    }
    error
}

fn gave_up(why: &str) -> StartError {
    StartError::GaveUp(format!("child b could not start: {why}"))
}

#[tokio::test(start_paused = true)]
async fn a_factory_that_fails_fails_the_start() {
    let outcome = failing_start(|| Err(SpawnError("no disk".to_owned()))).await;
    assert_eq!(outcome, gave_up("failed: no disk"));
}

#[tokio::test(start_paused = true)]
async fn a_factory_that_panics_fails_the_start() {
    let outcome = failing_start(|| std::panic::resume_unwind(Box::new("no luck"))).await;
    assert_eq!(outcome, gave_up("failed: no luck"));
}

#[tokio::test(start_paused = true)]
async fn a_started_that_fails_fails_the_start() {
    let make = || Ok(Puppet::default().on_started(|| async { Err(failed("no disk")) }));
    assert_eq!(failing_start(make).await, gave_up("failed: no disk"));
}

#[tokio::test(start_paused = true)]
async fn a_started_that_panics_fails_the_start() {
    let make = || {
        Ok(Puppet::default()
            .on_started(|| async { std::panic::resume_unwind(Box::new("no luck")) }))
    };
    assert_eq!(failing_start(make).await, gave_up("failed: no luck"));
}

#[tokio::test(start_paused = true)]
async fn a_started_that_does_not_end_is_killed_after_the_start_time() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    add(&mut plan, &log, "a");
    plan.child(ChildSpec::new("b"), SpawnOptions::default(), || {
        Ok(Puppet::default().on_started(std::future::pending))
    });
    let start = Instant::now();
    assert_eq!(plan.start().await.unwrap_err(), gave_up("failed: not started within 30s"));
    assert_eq!(start.elapsed(), START_TIME);
    log.expect("+a -a").await;
    assert_eq!(system.actors(), 0);
}

/// The very first child: its supervisor gives up within its own `started`.
#[tokio::test(start_paused = true)]
async fn a_first_child_that_fails_fails_the_start() {
    let system = system();
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    plan.child(ChildSpec::new("b"), SpawnOptions::default(), || -> Result<Puppet, _> {
        Err(SpawnError("no disk".to_owned()))
    });
    assert_eq!(plan.start().await.unwrap_err(), gave_up("failed: no disk"));
    assert_eq!(system.actors(), 0);
}

/// On several threads, where the end of the supervisor takes longer than the news of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_start_that_failed_has_left_nothing_running() {
    let (system, log) = (system(), Log::new());
    for _ in 0..500 {
        let mut plan = system.supervisor(patient(Strategy::OneForOne));
        add(&mut plan, &log, "a");
        plan.child(ChildSpec::new("b"), SpawnOptions::default(), || -> Result<Puppet, _> {
            Err(SpawnError("no disk".to_owned()))
        });
        plan.start().await.unwrap_err();
        assert_eq!(system.actors(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_nested_supervisor_that_cannot_start_fails_the_start() {
    let (system, log) = (system(), Log::new());
    let mut inner = system.supervisor(patient(Strategy::OneForOne));
    inner.child(ChildSpec::new("b"), SpawnOptions::default(), || -> Result<Puppet, _> {
        Err(SpawnError("no disk".to_owned()))
    });
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    add(&mut plan, &log, "a");
    plan.nested(ChildSpec::supervisor("inner"), inner);
    let error = plan.start().await.unwrap_err();
    let why = "child inner could not start: shutdown: child b could not start: failed: no disk";
    assert_eq!(error, StartError::GaveUp(why.to_owned()));
    log.expect("+a -a").await;
    assert_eq!(system.actors(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_ended_during_its_start_says_so() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    add(&mut plan, &log, "a");
    plan.child(ChildSpec::new("b"), SpawnOptions::default(), || {
        Ok(Puppet::default().on_started(std::future::pending))
    });
    let start = tokio::spawn(plan.start());
    log.expect("+a").await;
    system.shutdown("bye").await;
    let error = start.await.unwrap().unwrap_err();
    assert_eq!(error, StartError::Ended(CallError::Exited(shutdown("bye"))));
    log.expect("-a").await;
    assert_eq!(system.actors(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_killed_during_its_start_says_so() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let a = add(&mut plan, &log, "a");
    plan.child(ChildSpec::new("b"), SpawnOptions::default(), || {
        Ok(Puppet::default().on_started(std::future::pending))
    });
    let start = tokio::spawn(plan.start());
    log.expect("+a").await;
    let supervisor = system.inspect(a.pid()).unwrap().supervisor.unwrap();
    system.kill(supervisor);
    let error = start.await.unwrap().unwrap_err();
    assert_eq!(error, StartError::Ended(CallError::Exited(ExitReason::Killed)));
    log.expect("-a").await;
}

/// It handles messages only after its start, as any actor.
#[tokio::test(start_paused = true)]
async fn a_call_to_a_child_that_is_starting_waits() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let noted = log.clone();
    let a = plan.child(ChildSpec::new("a"), SpawnOptions::default(), move || {
        noted.add("make");
        Ok(child_after(&noted, "a", tokio::time::sleep(Duration::from_secs(1))))
    });
    let start = tokio::spawn(plan.start());
    log.expect("make").await;
    tokio::task::yield_now().await;
    let call = a.ask(|reply: Reply<u64>| act(move |_, _| reply.send(7)));
    assert_eq!(call.await, Ok(7));
    log.expect("+a").await;
    start.await.unwrap().unwrap();
}
