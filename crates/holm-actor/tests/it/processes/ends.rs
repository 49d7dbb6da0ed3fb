//! How a process ends, and who hears of it.

use std::time::Duration;

use holm_actor::{CallError, Inbox, IntoExit, Process, Received, Ref, Reply, SendError};
use holm_wire::ExitReason;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::support::*;

async fn reason_of<F: Future<Output: IntoExit> + Send + 'static>(
    body: impl FnOnce(Inbox<()>) -> F + Send + 'static,
) -> ExitReason {
    let system = system();
    let process = system.spawn_fn(body);
    let end = system.monitor(process.pid());
    let reason = end.await.reason;
    assert_eq!(system.actors(), 0);
    reason
}

#[tokio::test]
async fn what_the_function_returns_is_the_reason() {
    assert_eq!(reason_of(|_| async {}).await, ExitReason::Normal);
    assert_eq!(reason_of(|_| async { shutdown("done") }).await, shutdown("done"));
    assert_eq!(reason_of(|_| async { Ok::<(), String>(()) }).await, ExitReason::Normal);
    assert_eq!(reason_of(|_| async { Err::<(), _>("no disk") }).await, failed("no disk"));
}

#[tokio::test]
async fn a_panic_of_the_function_is_the_reason() {
    fn panics() -> ExitReason {
        std::panic::resume_unwind(Box::new("no luck"))
    }
    assert_eq!(reason_of(|_| std::future::ready(panics())).await, failed("no luck"));
    assert_eq!(reason_of(|_| async { panics() }).await, failed("no luck"));
    let later = |_| async {
        tokio::task::yield_now().await;
        panics()
    };
    assert_eq!(reason_of(later).await, failed("no luck"));
}

/// A process that has entered its function, in which it receives or, if `works`, waits for ever.
async fn process(system: &holm_actor::ActorSystem, works: bool) -> Ref<Process<Reply<()>>> {
    let (entered, entry) = oneshot::channel();
    let process = system.spawn_fn(move |mut inbox: Inbox<Reply<()>>| async move {
        let first = inbox.recv().await;
        entered.send(()).unwrap();
        if works {
            std::future::pending::<()>().await;
        }
        inbox.recv().await;
        drop(first);
    });
    process.tell(Reply::nobody()).unwrap();
    entry.await.unwrap();
    process
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_a_receive_at_once() {
    let system = system();
    let process = process(&system, false).await;
    let start = Instant::now();
    process.exit(shutdown("s"));
    assert_eq!(system.monitor(process.pid()).await.reason, shutdown("s"));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_gives_work_its_time() {
    let system = system();
    let process = process(&system, true).await;
    let start = Instant::now();
    process.exit(shutdown("s"));
    assert_eq!(system.monitor(process.pid()).await.reason, shutdown("s"));
    assert_eq!(start.elapsed(), Duration::from_secs(5));
}

/// Within its time it finishes its work; the next receive is its end.
#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_the_next_receive() {
    let system = system();
    let (entered, entry) = oneshot::channel();
    let (done, mut seen) = oneshot::channel();
    let process = system.spawn_fn(|mut inbox: Inbox<()>| async move {
        entered.send(()).unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
        done.send(()).unwrap();
        inbox.recv().await;
        unreachable!("it is over");
    });
    entry.await.unwrap();
    process.tell(()).unwrap_or_else(|error| panic!("{error}"));
    let (start, end) = (Instant::now(), system.monitor(process.pid()));
    process.exit(shutdown("s"));
    assert_eq!(end.await.reason, shutdown("s"));
    assert_eq!(start.elapsed(), Duration::from_secs(2));
    assert_eq!(seen.try_recv(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn any_other_reason_and_a_kill_end_it_at_once() {
    for works in [true, false] {
        let system = system();
        let subject = process(&system, works).await;
        let start = Instant::now();
        subject.exit(failed("f"));
        assert_eq!(system.monitor(subject.pid()).await.reason, failed("f"));
        let subject = process(&system, works).await;
        subject.kill();
        assert_eq!(system.monitor(subject.pid()).await.reason, ExitReason::Killed);
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(system.actors(), 0);
    }
}

/// The first call is in the hands of the function, the others in the inbox.
#[tokio::test]
async fn its_calls_fail_with_the_reason() {
    let system = system();
    let process = process(&system, true).await;
    let mut calls: Vec<_> = (0..3).map(|_| process.ask(|reply| reply)).collect();
    for call in &mut calls {
        is_waiting(call).await;
    }
    process.exit(failed("f"));
    for call in calls {
        assert_eq!(call.await, Err(CallError::Exited(failed("f"))));
    }
    assert!(matches!(process.tell(Reply::nobody()), Err(SendError::Noproc(_))));
    assert_eq!(process.ask(|reply| reply).await, Err(CallError::Noproc));
}

/// One that has taken the call out, and one that keeps what it passed over.
#[tokio::test]
async fn calls_that_it_holds_fail_with_the_reason() {
    let system = system();
    let process = system.spawn_fn(|mut inbox: Inbox<Reply<()>>| async move {
        let _held = inbox.recv().await;
        inbox.recv_if(|_| false).await;
    });
    let mut calls: Vec<_> = (0..3).map(|_| process.ask(|reply| reply)).collect();
    for call in &mut calls {
        is_waiting(call).await;
    }
    tokio::task::yield_now().await;
    process.exit(failed("f"));
    for call in calls {
        assert_eq!(call.await, Err(CallError::Exited(failed("f"))));
    }
}

#[tokio::test]
async fn a_normal_end_fails_its_calls_with_normal() {
    let system = system();
    let process = system.spawn_fn(|mut inbox: Inbox<Reply<()>>| async move {
        inbox.recv().await;
    });
    let mut calls: Vec<_> = (0..2).map(|_| process.ask(|reply| reply)).collect();
    for call in &mut calls {
        is_waiting(call).await;
    }
    for call in calls {
        assert_eq!(call.await, Err(CallError::Exited(ExitReason::Normal)));
    }
}

#[tokio::test]
async fn its_end_is_told_through_links() {
    let system = system();
    let peer = system.spawn(Puppet::default());
    let (pid, end) = (peer.pid(), system.monitor(peer.pid()));
    system.spawn_fn(move |mut inbox: Inbox<()>| async move {
        inbox.cx().link(pid);
        Err::<(), _>("no disk")
    });
    assert_eq!(end.await.reason, failed("no disk"));
}

#[tokio::test]
async fn it_can_drain_its_inbox() {
    let system = system();
    let (seen, all) = oneshot::channel();
    let process = system.spawn_fn(|mut inbox: Inbox<u64>| async move {
        let mut numbers = Tell(Some(seen), Vec::new());
        while let Received::Msg(number) = inbox.recv().await {
            numbers.1.push(number);
            if number == 0 {
                inbox.cx().stop_when_drained(shutdown("drained"));
            }
        }
    });
    let end = system.monitor(process.pid());
    for number in 0..4 {
        process.tell(number).unwrap();
    }
    assert_eq!(end.await.reason, shutdown("drained"));
    assert_eq!(all.await.unwrap(), [0, 1, 2, 3]);
}

/// Tells what it has when it is dropped.
struct Tell(Option<oneshot::Sender<Vec<u64>>>, Vec<u64>);

impl Drop for Tell {
    fn drop(&mut self) {
        self.0.take().unwrap().send(std::mem::take(&mut self.1)).unwrap();
    }
}
