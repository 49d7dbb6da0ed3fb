//! Exits: which reason, what still runs, what is dropped.

use holm_actor::{CallError, Reply, SendError};
use holm_wire::ExitReason;
use tokio::sync::oneshot;

use crate::support::*;

#[tokio::test]
async fn shutdown_lets_the_running_handler_finish() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let (entered, entry) = oneshot::channel();
    let (go, gone) = oneshot::channel::<()>();
    let caller = puppet.clone();
    let call = tokio::spawn(async move {
        caller
            .ask(|reply: Reply<u64>| {
                wait(async move {
                    entered.send(()).unwrap();
                    gone.await.unwrap();
                    reply.send(9);
                })
            })
            .await
    });
    entry.await.unwrap();
    let end = system.monitor(puppet.pid());
    let queued = tokio::spawn({
        let puppet = puppet.clone();
        async move { puppet.ask(|reply: Reply<()>| act(move |_, _| reply.send(()))).await }
    });
    tokio::task::yield_now().await;
    puppet.exit(shutdown("enough"));
    go.send(()).unwrap();
    assert_eq!(call.await.unwrap(), Ok(9));
    assert_eq!(end.await.reason, shutdown("enough"));
    assert_eq!(queued.await.unwrap(), Err(CallError::Exited(shutdown("enough"))));
}

#[tokio::test(start_paused = true)]
async fn shutdown_drops_a_handler_that_outstays_the_shutdown_time() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let _never = occupy(&puppet).await;
    let start = tokio::time::Instant::now();
    puppet.exit(shutdown("late"));
    assert_eq!(system.monitor(puppet.pid()).await.reason, shutdown("late"));
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn any_other_reason_drops_the_handler_at_its_next_await() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let _never = occupy(&puppet).await;
    let end = system.monitor(puppet.pid());
    puppet.exit(failed("no more"));
    assert_eq!(end.await.reason, failed("no more"));
}

/// The handler of the very first message, before the actor ever waited for one.
#[tokio::test]
async fn the_first_handler_can_be_interrupted() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let (entered, entry) = oneshot::channel();
    puppet
        .tell(wait(async {
            entered.send(()).unwrap();
            std::future::pending::<()>().await;
        }))
        .unwrap();
    entry.await.unwrap();
    puppet.exit(failed("no more"));
    assert_eq!(system.monitor(puppet.pid()).await.reason, failed("no more"));
}

#[tokio::test]
async fn started_can_be_interrupted() {
    let system = system();
    let (entered, entry) = oneshot::channel();
    let puppet = system.spawn(Puppet::default().on_started(|| async {
        entered.send(()).unwrap();
        std::future::pending().await
    }));
    entry.await.unwrap();
    puppet.exit(failed("no more"));
    assert_eq!(system.monitor(puppet.pid()).await.reason, failed("no more"));
}

#[tokio::test]
async fn the_first_reason_wins() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let end = system.monitor(puppet.pid());
    puppet.exit(shutdown("one"));
    puppet.exit(failed("two"));
    puppet.kill();
    assert_eq!(end.await.reason, shutdown("one"));
}

#[tokio::test]
async fn an_actor_can_stop_itself() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let end = system.monitor(puppet.pid());
    let outcome = puppet
        .ask(|reply: Reply<u64>| {
            act(move |_, cx| {
                cx.stop(ExitReason::Normal);
                cx.stop(failed("later"));
                reply.send(1);
            })
        })
        .await;
    assert_eq!(outcome, Ok(1), "the handler returns first");
    assert_eq!(end.await.reason, ExitReason::Normal);
    assert!(matches!(puppet.tell(note(1)), Err(SendError::Noproc(_))));
}

#[tokio::test]
async fn kill_ends_a_waiting_actor_and_one_in_a_handler() {
    let system = system();
    let idle = system.spawn(Puppet::default());
    let busy = system.spawn(Puppet::default());
    let _never = occupy(&busy).await;
    assert_eq!(notes(&idle).await, []);
    for puppet in [idle, busy] {
        let end = system.monitor(puppet.pid());
        puppet.kill();
        assert_eq!(end.await.reason, ExitReason::Killed);
    }
}

/// Killed before its first turn, it runs none of its own code.
#[tokio::test]
async fn an_actor_killed_before_it_started_does_not_start() {
    let system = system();
    let (ran, mut run) = oneshot::channel();
    let puppet = system.spawn(Puppet::default().on_started(|| async {
        ran.send(()).unwrap();
        Ok(())
    }));
    let end = system.monitor(puppet.pid());
    puppet.kill();
    assert_eq!(end.await.reason, ExitReason::Killed);
    assert!(run.try_recv().is_err());
}

#[tokio::test]
async fn an_error_of_started_is_the_reason() {
    let system = system();
    let (stopped, stop) = oneshot::channel();
    let puppet = system.spawn(
        Puppet::default()
            .on_started(|| async { Err(failed("no disk")) })
            .on_stopped(|reason| async { stopped.send(reason).unwrap() }),
    );
    let end = system.monitor(puppet.pid());
    let call = puppet.ask(|reply: Reply<()>| act(move |_, _| reply.send(())));
    assert_eq!(call.await, Err(CallError::Exited(failed("no disk"))));
    assert_eq!(end.await.reason, failed("no disk"));
    assert_eq!(stop.await.unwrap(), failed("no disk"));
}

#[tokio::test]
async fn started_runs_before_the_first_message() {
    let (go, gone) = oneshot::channel();
    let (ran, run) = oneshot::channel();
    let puppet = system().spawn(Puppet::default().on_started(|| async {
        gone.await.unwrap();
        ran.send(()).unwrap();
        Ok(())
    }));
    let mut run = Some(run);
    let first = puppet.ask(|reply: Reply<bool>| {
        let mut run = run.take().unwrap();
        act(move |_, _| reply.send(run.try_recv().is_ok()))
    });
    go.send(()).unwrap();
    assert_eq!(first.await, Ok(true));
}

#[tokio::test]
async fn dropping_every_reference_does_not_stop_an_actor() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let pid = puppet.pid();
    drop(puppet);
    tokio::task::yield_now().await;
    assert_eq!(system.find(pid).and_then(|cell| cell.exit_reason()), None);
    assert_eq!(system.actors(), 1);
}

#[tokio::test]
async fn a_reference_to_an_ended_actor_keeps_neither_state_nor_inbox() {
    let system = system();
    let (token, mut dropped) = oneshot::channel::<()>();
    let puppet = system.spawn(Puppet::default().holding(token));
    let (queued, mut unhandled) = oneshot::channel::<()>();
    let _never = occupy(&puppet).await;
    puppet.tell(wait(async { drop(queued) })).unwrap();
    let end = system.monitor(puppet.pid());
    puppet.exit(failed("x"));
    end.await;
    assert!(dropped.try_recv().is_err_and(|e| e == oneshot::error::TryRecvError::Closed));
    let _ = (&mut unhandled).await;
    assert!(puppet.handle().pid().is_some());
}
