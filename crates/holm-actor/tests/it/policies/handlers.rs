//! Handlers that call, under every policy: none hangs.

use std::time::Duration;

use holm_actor::{CallError, Policy};

use super::*;

fn puppets(system: &ActorSystem, policy: Policy) -> Ref<Puppet> {
    system.spawn_with(Puppet::default(), room_for(1).policy(policy))
}

fn answer(reply: Reply<u64>) -> Step {
    act(move |_, _| reply.send(7))
}

/// Neither the caller's inbox nor its policy has to do with the reply.
#[tokio::test]
async fn a_call_from_a_handler_is_answered_though_the_callers_inbox_is_full() {
    for policy in ALL {
        let system = system();
        let (caller, callee) = (puppets(&system, policy), puppets(&system, policy));
        let release = occupy(&callee).await;
        let (answered, outcome) = oneshot::channel();
        let (entered, entry) = oneshot::channel();
        let other = callee.clone();
        caller
            .tell(wait(async move {
                entered.send(()).unwrap();
                answered.send(other.ask(answer).await).unwrap();
            }))
            .unwrap();
        entry.await.unwrap();
        caller.tell(note(1)).unwrap();
        drop(release);
        assert_eq!(outcome.await.unwrap(), Ok(7), "{policy:?}");
    }
}

/// The callee's inbox is full, so that the call waits, fails, or takes another's place; the
/// caller is then stopped or killed while it waits.
#[tokio::test(start_paused = true)]
async fn a_caller_that_is_stopped_in_a_call_ends() {
    for policy in ALL {
        for reason in [shutdown("s"), failed("f"), ExitReason::Killed] {
            let system = system();
            let (caller, callee) = (puppets(&system, policy), puppets(&system, policy));
            let release = occupy(&callee).await;
            callee.tell(note(1)).unwrap();
            let (entered, entry) = oneshot::channel();
            let other = callee.clone();
            caller
                .tell(wait(async move {
                    entered.send(()).unwrap();
                    let _ = other.ask(answer).await;
                    std::future::pending::<()>().await;
                }))
                .unwrap();
            entry.await.unwrap();
            let end = system.monitor(caller.pid());
            match reason {
                ExitReason::Killed => caller.kill(),
                _ => caller.exit(reason.clone()),
            }
            assert_eq!(end.await.reason, reason, "{policy:?}");
            drop(release);
            while callee.ask(answer).await != Ok(7) {
                tokio::task::yield_now().await;
            }
            system.shutdown("").await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_awaits_its_own_end_is_dropped_after_the_shutdown_time() {
    for policy in ALL {
        let system = system();
        let puppet = puppets(&system, policy);
        let own_end = system.monitor(puppet.pid());
        let (entered, entry) = oneshot::channel();
        puppet
            .tell(wait(async move {
                entered.send(()).unwrap();
                own_end.await;
                unreachable!("it has ended");
            }))
            .unwrap();
        entry.await.unwrap();
        let start = tokio::time::Instant::now();
        puppet.exit(shutdown("s"));
        assert_eq!(system.monitor(puppet.pid()).await.reason, shutdown("s"), "{policy:?}");
        assert_eq!(start.elapsed(), Duration::from_secs(5));
    }
}

/// It is cancelled in the middle, by its caller: the place that its message holds is not lost.
#[tokio::test]
async fn a_cancelled_call_costs_no_room() {
    for policy in ALL {
        let system = system();
        let puppet = puppets(&system, policy);
        for _ in 0..10 {
            let release = occupy(&puppet).await;
            let mut queued = puppet.ask(answer);
            is_waiting(&mut queued).await;
            let mut waiting = puppet.ask(answer);
            // Ready at once where the policy refuses it.
            tokio::select! {
                biased;
                outcome = &mut waiting => {
                    let refused = matches!(policy, Policy::Fail | Policy::DropNew);
                    assert!(refused, "{policy:?}: {outcome:?}");
                }
                () = std::future::ready(()) => {}
            }
            drop((waiting, queued, release));
            while puppet.ask(answer).await != Ok(7) {
                tokio::task::yield_now().await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_to_oneself_times_out() {
    for policy in ALL {
        let system = system();
        let puppet = puppets(&system, policy);
        let (me, time) = (puppet.clone(), Duration::from_secs(1));
        let outcome = puppet
            .ask(|reply: Reply<Result<u64, CallError>>| {
                wait(async move { reply.send(me.ask(answer).timeout(time).await) })
            })
            .await;
        assert_eq!(outcome, Ok(Err(CallError::Timeout(time))), "{policy:?}");
        assert_eq!(puppet.ask(answer).await, Ok(7), "{policy:?}");
    }
}
