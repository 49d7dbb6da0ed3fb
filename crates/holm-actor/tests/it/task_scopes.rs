//! Tasks of actors: they end with their actor, and are gone before anybody hears of it.

use std::future::pending;

use holm_actor::{TASKS_MAX, TaskScope};
use holm_wire::ExitReason;
use tokio::sync::oneshot;

use crate::support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_are_gone_before_the_end_is_heard_of() {
    for reason in [ExitReason::Normal, shutdown("s"), failed("f"), ExitReason::Killed] {
        let system = system();
        let puppet = system.spawn(Puppet::default());
        let mut tokens = Vec::new();
        for _ in 0..20 {
            let (token, gone) = oneshot::channel::<()>();
            let (running, run) = oneshot::channel();
            let spawn = act(move |_, cx| {
                let task = async move {
                    running.send(()).unwrap();
                    pending::<()>().await;
                    drop(token);
                };
                cx.spawn_task(task).unwrap();
            });
            puppet.tell(spawn).unwrap();
            run.await.unwrap();
            tokens.push(gone);
        }
        let end = system.monitor(puppet.pid());
        let expected = reason.clone();
        match reason {
            ExitReason::Killed => puppet.kill(),
            ExitReason::Normal => puppet.tell(act(|_, cx| cx.stop(ExitReason::Normal))).unwrap(),
            reason => puppet.exit(reason),
        }
        assert_eq!(end.await.reason, expected);
        for mut gone in tokens {
            let closed = oneshot::error::TryRecvError::Closed;
            assert_eq!(gone.try_recv(), Err(closed), "a task outlived its actor: {expected}");
        }
    }
}

#[tokio::test]
async fn they_run_on_during_stopped() {
    let system = system();
    let (ask, asked) = oneshot::channel();
    let (answer, answered) = oneshot::channel();
    let puppet = system.spawn(Puppet::default().on_stopped(|_| async {
        ask.send(7).unwrap();
        assert_eq!(answered.await, Ok(7));
    }));
    let task = async { answer.send(asked.await.unwrap()).unwrap() };
    puppet.tell(act(|_, cx| cx.spawn_task(task).unwrap())).unwrap();
    assert_eq!(notes(&puppet).await, []);
    let end = system.monitor(puppet.pid());
    puppet.exit(shutdown("s"));
    end.await;
}

#[tokio::test]
async fn a_panic_is_counted_and_ends_that_task_alone() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let (token, gone) = oneshot::channel::<()>();
    let spawn = act(|_, cx| {
        cx.spawn_task(async {
            let _token = token;
            std::panic::resume_unwind(Box::new("quiet"))
        })
        .unwrap();
    });
    puppet.tell(spawn).unwrap();
    assert!(gone.await.is_err());
    assert_eq!(notes(&puppet).await, []);
    assert_eq!(system.task_panics(), 1);
}

#[tokio::test]
async fn ended_tasks_leave_nothing_in_the_scope() {
    let mut scope = TaskScope::new(&system());
    let tasks: Vec<_> = (0..1_000)
        .map(|_| {
            let (done, end) = oneshot::channel();
            scope.spawn(async { done.send(()).unwrap() }).unwrap();
            end
        })
        .collect();
    assert_eq!(scope.len(), 1_000);
    for end in tasks {
        end.await.unwrap();
    }
    assert!(scope.is_empty());
}

#[tokio::test]
async fn a_full_scope_hands_the_future_back() {
    let mut scope = TaskScope::new(&system());
    for _ in 0..TASKS_MAX {
        scope.spawn(pending()).unwrap();
    }
    let refused = scope.spawn(async {}).unwrap_err();
    scope.end().await;
    assert!(scope.is_empty());
    scope.spawn(refused.0).unwrap();
}

#[tokio::test]
async fn a_dropped_scope_aborts_its_tasks() {
    let mut scope = TaskScope::new(&system());
    let (token, gone) = oneshot::channel::<()>();
    scope
        .spawn(async {
            let _token = token;
            pending::<()>().await;
        })
        .unwrap();
    drop(scope);
    assert!(gone.await.is_err());
}
