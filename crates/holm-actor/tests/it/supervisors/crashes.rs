//! How often a child may crash, how long it waits, and what the hook says.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use holm_actor::supervision::{
    Backoff, BreakerPolicy, ChildSpec, ChildState, Jitter, Policy, Restart, Strategy, Verdict,
};
use holm_actor::{Ref, Reply, SendError, SpawnError, SpawnOptions, Supervisor};
use holm_wire::ExitReason;

use crate::family::*;
use crate::support::*;

const TICK: Duration = Duration::from_millis(100);

#[tokio::test(start_paused = true)]
async fn too_many_restarts_end_it_with_shutdown() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(strict(2));
    let (a, _b) = (add(&mut plan, &log, "a"), add(&mut plan, &log, "b"));
    let supervisor = plan.start().await.unwrap();
    let end = system.monitor(supervisor.pid());
    log.expect("+a +b").await;
    for _ in 0..2 {
        crash(&a);
        log.expect("-a +a").await;
    }
    crash(&a);
    log.expect("-a -b").await;
    let why = "too many restarts, the last of child a: failed: boom";
    assert_eq!(end.await.reason, shutdown(why));
    assert_eq!(system.actors(), 0);
}

#[tokio::test(start_paused = true)]
async fn restarts_out_of_the_window_do_not_count() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(strict(1));
    let a = add(&mut plan, &log, "a");
    plan.start().await.unwrap();
    log.expect("+a").await;
    for _ in 0..10 {
        crash(&a);
        log.expect("-a +a").await;
        tokio::time::sleep(Duration::from_millis(5_001)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_gave_up_is_restarted_by_its_own() {
    let (system, log) = (system(), Log::new());
    let mut inner = system.supervisor(strict(0));
    let (_, b) = (add(&mut inner, &log, "a"), add(&mut inner, &log, "b"));
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let nested = plan.nested(ChildSpec::supervisor("inner"), inner);
    let supervisor = plan.start().await.unwrap();
    log.expect("+a +b").await;
    let first = nested.pid();
    crash(&b);
    log.expect("-b -a +a +b").await;
    assert_eq!(supervisor.tree("root").await.unwrap().children[0].restarts, 1);
    assert_ne!(nested.pid(), first);
    assert_eq!(notes(&b).await, [], "the reference is good for the next supervisor's child");
}

/// When each of its starts was, for a child that crashes as soon as it can.
async fn start_times(policy: Policy, count: usize) -> Vec<Duration> {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(policy);
    let child = add(&mut plan, &log, "a");
    plan.start().await.unwrap();
    let mut times = Vec::new();
    for _ in 0..count {
        let [(start, time)] = log.take(1).await.try_into().unwrap();
        assert_eq!(start, "+a");
        times.push(time);
        crash(&child);
        log.expect("-a").await;
    }
    times
}

#[tokio::test(start_paused = true)]
async fn restarts_wait_for_their_back_off() {
    let backoff =
        Backoff { at_once: 2, base: TICK, cap: 4 * TICK, jitter: Jitter::None, reset_after: LONG };
    let policy = Policy { backoff, ..patient(Strategy::OneForOne) };
    let expected = [0, 0, 0, 1, 3, 7, 11, 15].map(|ticks| ticks * TICK);
    assert_eq!(start_times(policy, 8).await, expected);
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_lets_one_life_through_after_its_cool_down() {
    let breaker = BreakerPolicy {
        crashes: NonZeroU32::new(2).unwrap(),
        window: 100 * TICK,
        cool_down: 10 * TICK,
        trial: 5 * TICK,
    };
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let spec = ChildSpec { breaker: Some(breaker), ..ChildSpec::new("a") };
    let a = plan.child(spec, SpawnOptions::default(), children(&log, "a"));
    let supervisor = plan.start().await.unwrap();
    let state = async || supervisor.tree("root").await.unwrap().children[0].state;
    log.expect("+a").await;
    crash(&a);
    log.expect("-a +a").await;
    crash(&a);
    log.expect("-a").await;
    tokio::time::sleep(4 * TICK).await;
    assert_eq!(state().await, ChildState::Open(6 * TICK));
    assert!(matches!(a.tell(note(1)), Err(SendError::Restarting(_))));
    let [(_, trial)] = log.take(1).await.try_into().unwrap();
    assert_eq!(trial, 10 * TICK);
    crash(&a);
    log.expect("-a").await;
    let [(_, trial)] = log.take(1).await.try_into().unwrap();
    assert_eq!(trial, 20 * TICK, "a crash on trial opens it again");
    tokio::time::sleep(5 * TICK).await;
    crash(&a);
    log.expect("-a").await;
    let [(_, closed)] = log.take(1).await.try_into().unwrap();
    assert_eq!(closed, 25 * TICK, "a trial that was passed has closed it");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_cannot_be_restarted_ends_its_supervisor() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(strict(3));
    let mut lives = 0;
    let noted = log.clone();
    let a = plan.child(ChildSpec::new("a"), SpawnOptions::default(), move || {
        lives += 1;
        noted.add(format!("make{lives}"));
        if lives == 1 { Ok(Puppet::default()) } else { Err(SpawnError("no disk".to_owned())) }
    });
    let supervisor = plan.start().await.unwrap();
    let end = system.monitor(supervisor.pid());
    crash(&a);
    let why = "too many restarts, the last of child a: failed: no disk";
    assert_eq!(end.await.reason, shutdown(why));
    log.expect("make1 make2 make3 make4").await;
    log.stays_empty(LONG).await;
    assert!(matches!(a.tell(note(1)), Err(SendError::Noproc(_))));
    assert!(supervisor.tree("root").await.is_err());
}

/// A supervisor of a temporary child, whose hook says `verdict`.
async fn judged(verdict: Verdict, restart: Restart) -> (Log, ExitReason, Vec<String>) {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let a = add_as(&mut plan, &log, "a", restart);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&seen);
    let plan = plan.on_crash(move |crash| {
        let text = format!("{} {} {:?}", crash.child, crash.reason, crash.message);
        hook.lock().unwrap().push(text);
        verdict
    });
    let supervisor = plan.start().await.unwrap();
    let end = system.monitor(supervisor.pid());
    log.expect("+a").await;
    crash(&a);
    log.expect("-a").await;
    tokio::time::sleep(LONG).await;
    supervisor.exit(shutdown("enough"));
    let reason = end.await.reason;
    let seen = seen.lock().unwrap().clone();
    (log, reason, seen)
}

#[tokio::test(start_paused = true)]
async fn the_hook_hears_the_child_the_reason_and_the_message() {
    let (_, _, seen) = judged(Verdict::Stop, Restart::Permanent).await;
    assert_eq!(seen, ["a failed: boom Some(\"step\")"]);
}

#[tokio::test(start_paused = true)]
async fn the_hook_decides_what_becomes_of_the_child() {
    let (log, reason, _) = judged(Verdict::Default, Restart::Temporary).await;
    assert_eq!(reason, shutdown("enough"));
    log.stays_empty(LONG).await;
    let (log, reason, _) = judged(Verdict::Restart, Restart::Temporary).await;
    assert_eq!(reason, shutdown("enough"));
    log.expect("+a -a").await;
    let (log, reason, _) = judged(Verdict::Stop, Restart::Permanent).await;
    assert_eq!(reason, shutdown("enough"));
    log.stays_empty(LONG).await;
    let (log, reason, _) = judged(Verdict::Escalate, Restart::Permanent).await;
    assert_eq!(reason, failed("escalated by child a: failed: boom"));
    log.stays_empty(LONG).await;
}

/// Its crash is the supervisor's, which stops its children in order.
#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_ends_the_supervisor() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let [_, b, _] = ["a", "b", "c"].map(|name| add(&mut plan, &log, name));
    let plan = plan.on_crash(|_| std::panic::resume_unwind(Box::new("no idea")));
    let supervisor: Ref<Supervisor> = plan.start().await.unwrap();
    let end = system.monitor(supervisor.pid());
    log.expect("+a +b +c").await;
    crash(&b);
    log.expect("-b -c -a").await;
    assert_eq!(end.await.reason, failed("no idea"));
    let call = b.ask(|reply: Reply<()>| act(move |_, _| reply.send(())));
    assert_eq!(call.await, Err(holm_actor::CallError::Noproc));
    assert_eq!(system.actors(), 0);
}
