//! References to supervised actors: good for all lives of a child.

use std::collections::HashSet;
use std::time::Duration;

use holm_actor::supervision::{
    Backoff, ChildSpec, Jitter, Policy, Restart, ShutdownTime, Strategy,
};
use holm_actor::{CallError, Exit, Ref, Reply, SendError, Signal, SpawnOptions};
use holm_wire::ExitReason;
use tokio::sync::{mpsc, oneshot};

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

/// Nor while its supervisor stops in order, for a sibling's sake, and waits to be started anew.
#[tokio::test(start_paused = true)]
async fn while_its_supervisor_stops_for_a_restart_it_is_restarting() {
    let (system, log) = (system(), Log::new());
    let mut inner = system.supervisor(patient(Strategy::OneForOne));
    let a = add_as(&mut inner, &log, "a", Restart::Transient);
    let mut plan = system.supervisor(Policy { strategy: Strategy::OneForAll, ..slow() });
    let sibling = add(&mut plan, &log, "b");
    plan.nested(ChildSpec::supervisor("inner"), inner);
    let root = plan.start().await.unwrap();
    log.expect("+b +a").await;
    let _never = occupy(&a).await;
    let mut queued = a.ask(|reply: Reply<()>| act(move |_, _| reply.send(())));
    is_waiting(&mut queued).await;
    crash(&sibling);
    assert_eq!(queued.await, Err(CallError::Restarting), "transient, and shut down");
    log.expect("-b -a").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(is_restarting(&a).await);
    log.expect("+b +a").await;
    assert_eq!(notes(&a).await, []);
    root.remove_child("inner").await.unwrap();
    assert!(!is_restarting(&a).await, "it ended for good");
}

/// At the end of a tree, too, its callers hear of the end and not of a restart.
#[tokio::test(start_paused = true)]
async fn queued_calls_of_a_tree_that_stops_get_the_reason() {
    let (system, log) = (system(), Log::new());
    let mut innermost = system.supervisor(patient(Strategy::OneForOne));
    let a = add(&mut innermost, &log, "a");
    let mut inner = system.supervisor(patient(Strategy::OneForOne));
    inner.nested(ChildSpec::supervisor("innermost"), innermost);
    let mut root = system.supervisor(patient(Strategy::OneForOne));
    // Stops last, so that the tree has not ended yet.
    let (release, released) = oneshot::channel();
    let mut released = Some(released);
    let last = ChildSpec { shutdown: ShutdownTime::Infinity, ..ChildSpec::new("last") };
    root.child(last, SpawnOptions::default(), move || {
        let released = released.take().unwrap();
        Ok(Puppet::default().on_stopped(|_| async { released.await.unwrap() }))
    });
    root.nested(ChildSpec::supervisor("inner"), inner);
    let root = root.start().await.unwrap();
    log.expect("+a").await;
    let _never = occupy(&a).await;
    let mut queued = a.ask(|reply: Reply<()>| act(move |_, _| reply.send(())));
    is_waiting(&mut queued).await;
    let end = system.monitor(root.pid());
    root.exit(shutdown("enough"));
    let outcome = queued.await;
    assert!(matches!(outcome, Err(CallError::Exited(ExitReason::Shutdown(_)))), "{outcome:?}");
    assert!(!is_restarting(&a).await);
    release.send(()).unwrap();
    end.await;
}

/// Their end is told as it is, though the supervisor has not heard of it yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queued_calls_of_a_child_that_does_not_come_back_get_the_reason() {
    let ends = [
        (Restart::Temporary, failed("boom")),
        (Restart::Temporary, ExitReason::Normal),
        (Restart::Transient, ExitReason::Normal),
        (Restart::Transient, shutdown("done")),
    ];
    for (restart, reason) in ends {
        let (system, log) = (system(), Log::new());
        let mut plan = system.supervisor(patient(Strategy::OneForOne));
        let a = add_as(&mut plan, &log, "a", restart);
        let supervisor = plan.start().await.unwrap();
        let release = occupy(&a).await;
        a.tell(quit(reason.clone())).unwrap();
        let mut queued = a.ask(|reply: Reply<()>| act(move |_, _| reply.send(())));
        is_waiting(&mut queued).await;
        // The supervisor is busy making a child.
        let (make, made) = std::sync::mpsc::channel();
        let (entered, entry) = oneshot::channel();
        let mut entered = Some(entered);
        let options = SpawnOptions::default();
        let (busy, system_too) = (supervisor.clone(), system.clone());
        let adding = tokio::spawn(async move {
            let make = move || {
                entered.take().unwrap().send(()).unwrap();
                made.recv().unwrap();
                Ok(Puppet::default())
            };
            busy.add_child(&system_too, ChildSpec::new("b"), options, make).await.unwrap();
        });
        entry.await.unwrap();
        release.send(()).unwrap();
        assert_eq!(queued.await, Err(CallError::Exited(reason)), "{restart}");
        assert!(!is_restarting(&a).await, "{restart}");
        make.send(()).unwrap();
        adding.await.unwrap();
        stop(&system, &supervisor).await;
    }
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
