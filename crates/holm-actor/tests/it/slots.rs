//! References to supervised actors: good for all lives of a child.

use std::collections::HashSet;
use std::time::Duration;

use holm_actor::supervision::{Backoff, ChildSpec, Jitter, Policy, Restart, Strategy};
use holm_actor::{CallError, Exit, Ref, Reply, SendError, Signal, SpawnOptions};
use holm_wire::ExitReason;
use tokio::sync::mpsc;

use crate::family::*;
use crate::support::*;

/// Lets a crashed child, or supervisor, wait for a minute.
fn slow() -> Policy {
    let wait = Duration::from_secs(60);
    let backoff =
        Backoff { at_once: 0, base: wait, cap: wait, jitter: Jitter::None, reset_after: LONG };
    Policy { backoff, ..patient(Strategy::OneForOne) }
}

async fn call(child: &Ref<Puppet>) -> Result<(), CallError> {
    child.ask(|reply: Reply<()>| act(move |_, _| reply.send(()))).await
}

/// What each verb says to a reference without a child: `None` where the slot is gone.
async fn is_restarting(child: &Ref<Puppet>) -> bool {
    let outcomes = [child.tell(note(1)), child.send(note(2)).await];
    let call = call(child).await;
    match &outcomes {
        [Err(SendError::Restarting(_)), Err(SendError::Restarting(_))] => {
            assert_eq!(call, Err(CallError::Restarting));
            true
        }
        [Err(SendError::Noproc(_)), Err(SendError::Noproc(_))] => {
            assert_eq!(call, Err(CallError::Noproc));
            false
        }
        outcomes => panic!("{outcomes:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn before_the_start_messages_are_handed_back() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let a = add(&mut plan, &log, "a");
    let Err(SendError::Restarting(step)) = a.tell(note(1)) else { panic!("there is a child") };
    assert!(is_restarting(&a).await);
    plan.start().await.unwrap();
    a.tell(step).unwrap();
    assert_eq!(notes(&a).await, [1]);
}

#[tokio::test(start_paused = true)]
async fn it_works_across_restarts() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(slow());
    let a = add(&mut plan, &log, "a");
    let copy = a.clone();
    plan.start().await.unwrap();
    log.expect("+a").await;
    for life in 0..5 {
        a.tell(note(life)).unwrap();
        assert_eq!(notes(&copy).await, [life], "a new state for each life");
        crash(&copy);
        log.expect("-a").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(is_restarting(&a).await);
        log.expect("+a").await;
    }
}

#[tokio::test(start_paused = true)]
async fn calls_of_a_crashed_child_fail_restarting() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(slow());
    let a = add(&mut plan, &log, "a");
    plan.start().await.unwrap();
    log.expect("+a").await;
    let _never = occupy(&a).await;
    let mut calls: Vec<_> =
        (0..10).map(|_| a.ask(|reply: Reply<()>| act(move |_, _| reply.send(())))).collect();
    for call in &mut calls {
        is_waiting(call).await;
    }
    a.exit(failed("boom"));
    for call in calls {
        assert_eq!(call.await, Err(CallError::Restarting));
    }
    log.expect("-a").await;
}

#[tokio::test(start_paused = true)]
async fn the_call_that_crashes_a_child_fails_restarting() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(slow());
    let a = add(&mut plan, &log, "a");
    plan.start().await.unwrap();
    let panics = |reply: Reply<()>| {
        act(move |_, _| {
            let _reply = reply;
            std::panic::resume_unwind(Box::new("asked to"));
        })
    };
    assert_eq!(a.ask(panics).await, Err(CallError::Restarting));
}

/// The end of a child that will not be restarted is told as it is, once the supervisor knows.
#[tokio::test(start_paused = true)]
async fn a_child_that_is_not_restarted_is_gone() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(slow());
    let a = add_as(&mut plan, &log, "a", Restart::Temporary);
    let b = add_as(&mut plan, &log, "b", Restart::Transient);
    plan.start().await.unwrap();
    log.expect("+a +b").await;
    crash(&a);
    b.tell(quit(ExitReason::Normal)).unwrap();
    log.take(2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!is_restarting(&a).await);
    assert!(!is_restarting(&b).await);
}

#[tokio::test(start_paused = true)]
async fn waiting_sends_and_calls_of_a_crashed_child_fail_restarting() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(slow());
    let a = plan.child(ChildSpec::new("a"), room_for(1), children(&log, "a"));
    plan.start().await.unwrap();
    log.expect("+a").await;
    let _never = occupy(&a).await;
    a.tell(note(1)).unwrap();
    let mut send = a.send(note(2));
    let mut call = a.ask(|reply: Reply<()>| act(move |_, _| reply.send(())));
    is_waiting(&mut send).await;
    is_waiting(&mut call).await;
    a.exit(failed("boom"));
    let Err(SendError::Restarting(step)) = send.await else { panic!("not handed back") };
    assert_eq!(call.await, Err(CallError::Restarting));
    log.expect("-a +a").await;
    a.tell(step).unwrap();
    assert_eq!(notes(&a).await, [2]);
}

#[tokio::test(start_paused = true)]
async fn after_its_supervisor_it_is_gone() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let a = add(&mut plan, &log, "a");
    let supervisor = plan.start().await.unwrap();
    stop(&system, &supervisor).await;
    assert!(!is_restarting(&a).await);
}

/// A caller must not take the child for gone while it is its supervisor that is started anew.
#[tokio::test(start_paused = true)]
async fn while_its_supervisor_is_restarted_it_is_restarting() {
    let (system, log) = (system(), Log::new());
    let mut inner = system.supervisor(patient(Strategy::OneForOne));
    let a = add(&mut inner, &log, "a");
    let mut plan = system.supervisor(slow());
    let nested = plan.nested(ChildSpec::supervisor("inner"), inner);
    let root = plan.start().await.unwrap();
    log.expect("+a").await;
    let added = nested
        .add_child(&system, ChildSpec::new("b"), SpawnOptions::default(), children(&log, "b"))
        .await
        .unwrap();
    log.expect("+b").await;
    nested.kill();
    log.take(2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(is_restarting(&a).await);
    assert!(!is_restarting(&added).await, "its supervisor will not know of it");
    log.expect("+a").await;
    assert_eq!(notes(&a).await, []);
    nested.kill();
    log.expect("-a").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(is_restarting(&a).await);
    root.stop_child("inner").await.unwrap();
    assert!(!is_restarting(&a).await);
    root.restart_child("inner").await.unwrap();
    log.expect("+a").await;
    assert_eq!(notes(&a).await, []);
    root.kill();
    log.expect("-a").await;
    log.stays_empty(LONG).await;
    assert!(!is_restarting(&a).await);
    assert_eq!(system.actors(), 0);
}

#[tokio::test(start_paused = true)]
async fn it_is_compared_by_its_slot() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let (a, b) = (add(&mut plan, &log, "a"), add(&mut plan, &log, "b"));
    #[expect(clippy::mutable_key_type, reason = "compared by its slot, which does not change")]
    let known: HashSet<Ref<Puppet>> = HashSet::from([a.clone()]);
    plan.start().await.unwrap();
    log.expect("+a +b").await;
    crash(&a);
    log.expect("-a +a").await;
    assert!(known.contains(&a));
    assert!(!known.contains(&b));
    assert_ne!(a, b);
    let life: Ref<Puppet> = a.ask(|reply| act(move |_, cx| reply.send(cx.me()))).await.unwrap();
    assert_eq!(life.pid(), a.pid());
    assert_ne!(life, a, "one life of the child is not the child");
}

#[tokio::test(start_paused = true)]
async fn its_pid_is_that_of_the_child_known_last() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let a = add(&mut plan, &log, "a");
    let slot = a.pid();
    let supervisor = plan.start().await.unwrap();
    log.expect("+a").await;
    let first = a.pid();
    assert_ne!(first, slot);
    assert_eq!(system.inspect(first).unwrap().supervisor, Some(supervisor.pid()));
    crash(&a);
    log.expect("-a +a").await;
    let second = a.pid();
    assert_ne!(second, first);
    stop(&system, &supervisor).await;
    assert_eq!(a.pid(), second);
}

#[tokio::test(start_paused = true)]
async fn nobody_has_the_id_of_a_slot() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let a = add(&mut plan, &log, "a");
    let slot = a.pid();
    plan.start().await.unwrap();
    for _ in 0..1_000 {
        assert_ne!(system.spawn(Puppet::default()).pid(), slot);
    }
    assert_eq!(system.monitor(slot).await.reason, ExitReason::Noproc);
    let (signals, mut heard) = mpsc::channel(1);
    let peer = SpawnOptions::default().trap_exits();
    let peer = system.spawn_with(Puppet::default().signals_to(signals), peer);
    peer.tell(act(move |_, cx| cx.link(slot))).unwrap();
    let Some(Signal::Exit(Exit { from, reason, linked, .. })) = heard.recv().await else {
        panic!("no exit signal")
    };
    assert_eq!((from, reason, linked), (Some(slot), ExitReason::Noproc, true));
}

#[tokio::test(start_paused = true)]
async fn exits_through_it_reach_the_present_child() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let a = add(&mut plan, &log, "a");
    plan.start().await.unwrap();
    log.expect("+a").await;
    for _ in 0..3 {
        a.kill();
        log.expect("-a +a").await;
        a.exit(failed("f"));
        log.expect("-a +a").await;
    }
}

/// Senders on several threads, while the child crashes again and again: each message is handled
/// once or handed back, and each call ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_hangs_or_doubles_while_a_child_crashes() {
    const SENDERS: u64 = 8;
    const EACH: u64 = 1_000;
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(Policy {
        intensity: holm_actor::supervision::Intensity { restarts: u32::MAX, window: LONG },
        ..patient(Strategy::OneForOne)
    });
    let (handled, mut count) = mpsc::unbounded_channel();
    let a = plan.child(ChildSpec::new("a"), room_for(4), children(&log, "a"));
    let supervisor = plan.start().await.unwrap();
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (a, handled) = (a.clone(), handled.clone());
            tokio::spawn(async move {
                let mut handed_back = 0_u64;
                for number in 0..EACH {
                    let (sink, number) = (handled.clone(), sender * EACH + number);
                    if number % 50 == 7 {
                        handed_back += u64::from(a.send(quit(failed("boom"))).await.is_err());
                    } else if number.is_multiple_of(2) {
                        let step = act(move |_, _| sink.send(number).unwrap());
                        handed_back += u64::from(a.send(step).await.is_err());
                    } else {
                        let call = a.ask(|reply: Reply<()>| {
                            act(move |_, _| {
                                sink.send(number).unwrap();
                                reply.send(());
                            })
                        });
                        match call.await {
                            Ok(()) => {}
                            Err(CallError::Restarting) => handed_back += 1,
                            Err(error) => panic!("{error}"),
                        }
                    }
                    tokio::task::yield_now().await;
                }
                handed_back
            })
        })
        .collect();
    drop(handled);
    for sender in senders {
        sender.await.unwrap();
    }
    stop(&system, &supervisor).await;
    let mut seen = HashSet::new();
    while let Some(number) = count.recv().await {
        assert!(seen.insert(number), "{number} was handled twice");
    }
    assert!(!seen.is_empty());
    assert_eq!(system.actors(), 0);
}
