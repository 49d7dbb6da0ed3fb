//! What a process receives, and in which order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use holm_actor::{Inbox, Received, Ref, Reply, Signal, SpawnOptions};
use holm_wire::ExitReason;
use tokio::sync::{mpsc, oneshot};

use crate::support::*;

fn number(received: Received<u64>) -> u64 {
    match received {
        Received::Msg(number) => number,
        Received::Signal(signal) => panic!("{signal:?}"),
    }
}

/// Numbers by value, exits as 100 and `Down`s as 200.
fn code(received: &Received<u64>) -> u64 {
    match received {
        Received::Msg(number) => *number,
        Received::Signal(Signal::Exit(_)) => 100,
        Received::Signal(Signal::Down(_)) => 200,
        Received::Signal(signal) => panic!("{signal:?}"),
    }
}

#[tokio::test]
async fn messages_are_received_in_order() {
    let (sum, summed) = oneshot::channel();
    let process = system().spawn_fn(|mut inbox: Inbox<u64>| async move {
        let mut all = Vec::new();
        while all.len() < 1_000 {
            all.push(number(inbox.recv().await));
        }
        sum.send(all).unwrap();
    });
    for number in 0..1_000 {
        process.send(number).await.unwrap();
    }
    assert_eq!(summed.await.unwrap(), (0..1_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_process_answers_calls() {
    let process = system().spawn_fn(|mut inbox: Inbox<(u64, Reply<u64>)>| async move {
        while let Received::Msg((number, reply)) = inbox.recv().await {
            reply.send(2 * number);
        }
    });
    for number in 0..10 {
        assert_eq!(process.ask(|reply| (number, reply)).await, Ok(2 * number));
    }
}

#[tokio::test]
async fn try_recv_does_not_wait() {
    let (seen, all) = oneshot::channel();
    let (go, gone) = oneshot::channel::<()>();
    let (entered, entry) = oneshot::channel();
    let process = system().spawn_fn(|mut inbox: Inbox<u64>| async move {
        assert!(inbox.try_recv().is_none());
        entered.send(()).unwrap();
        gone.await.unwrap();
        let mut numbers = Vec::new();
        while let Some(received) = inbox.try_recv() {
            numbers.push(number(received));
        }
        seen.send(numbers).unwrap();
    });
    entry.await.unwrap();
    for number in 0..3 {
        process.tell(number).unwrap();
    }
    go.send(()).unwrap();
    assert_eq!(all.await.unwrap(), [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn recv_timeout_waits_for_its_time() {
    let (times, mut waited) = mpsc::unbounded_channel();
    let time = Duration::from_secs(3);
    let process = system().spawn_fn(move |mut inbox: Inbox<u64>| async move {
        loop {
            let start = tokio::time::Instant::now();
            let received = inbox.recv_timeout(time).await.map(number);
            times.send((received, start.elapsed())).unwrap();
        }
    });
    assert_eq!(waited.recv().await.unwrap(), (None, time));
    tokio::time::sleep(Duration::from_secs(1)).await;
    process.tell(5).unwrap();
    assert_eq!(waited.recv().await.unwrap(), (Some(5), Duration::from_secs(1)));
    assert_eq!(waited.recv().await.unwrap(), (None, time));
}

/// A process that traps exits, told to go on once its inbox is filled: what it then received.
async fn filled<F>(
    body: impl FnOnce(Inbox<u64>) -> F + Send + 'static,
    fill: impl AsyncFnOnce(&Ref<holm_actor::Process<u64>>, &holm_actor::ActorSystem),
) -> Vec<u64>
where
    F: Future<Output = Vec<u64>> + Send + 'static,
{
    let system = system();
    let (seen, all) = oneshot::channel();
    let (go, gone) = oneshot::channel::<()>();
    let process = system.spawn_fn_with(
        SpawnOptions::default().trap_exits(),
        |inbox: Inbox<u64>| async move {
            gone.await.unwrap();
            seen.send(body(inbox).await).unwrap();
        },
    );
    fill(&process, &system).await;
    go.send(()).unwrap();
    all.await.unwrap()
}

#[tokio::test]
async fn recv_if_leaves_the_rest_in_order() {
    let body = |mut inbox: Inbox<u64>| async move {
        let mut codes = vec![code(&inbox.recv_if(|received| code(received) == 3).await)];
        codes.push(code(&inbox.recv_if(|received| code(received) == 100).await));
        while let Some(received) = inbox.try_recv() {
            codes.push(code(&received));
        }
        codes
    };
    let codes = filled(body, async |process, _| {
        process.tell(1).unwrap();
        process.tell(2).unwrap();
        process.exit(shutdown("s"));
        process.tell(3).unwrap();
        process.tell(4).unwrap();
    })
    .await;
    assert_eq!(codes, [3, 100, 1, 2, 4]);
}

#[tokio::test]
async fn signals_that_were_passed_over_keep_their_places() {
    let body = |mut inbox: Inbox<u64>| async move {
        let mut codes = vec![code(&inbox.recv_if(|received| code(received) == 3).await)];
        while let Some(received) = inbox.try_recv() {
            codes.push(code(&received));
        }
        codes
    };
    let codes = filled(body, async |process, _| {
        process.tell(1).unwrap();
        process.exit(shutdown("s"));
        process.tell(2).unwrap();
        process.tell(3).unwrap();
    })
    .await;
    assert_eq!(codes, [3, 1, 100, 2]);
}

#[tokio::test]
async fn recv_if_waits_for_what_it_wants() {
    let (seen, mut all) = mpsc::unbounded_channel();
    let process = system().spawn_fn(|mut inbox: Inbox<u64>| async move {
        for wanted in [7, 1, 8, 2] {
            seen.send(number(inbox.recv_if(|received| code(received) == wanted).await)).unwrap();
        }
    });
    for number in [1, 2, 7] {
        process.tell(number).unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(all.recv().await, Some(7));
    assert_eq!(all.recv().await, Some(1));
    process.tell(8).unwrap();
    assert_eq!(all.recv().await, Some(8));
    assert_eq!(all.recv().await, Some(2));
}

/// Dropped half-way, it has lost nothing of what it had looked at.
#[tokio::test]
async fn recv_if_is_cancel_safe() {
    let body = |mut inbox: Inbox<u64>| async move {
        let mut never = Box::pin(inbox.recv_if(|received| code(received) == 9));
        is_waiting(&mut never).await;
        drop(never);
        [inbox.recv().await, inbox.recv().await].iter().map(code).collect()
    };
    let codes = filled(body, async |process, _| {
        process.tell(1).unwrap();
        process.tell(2).unwrap();
    })
    .await;
    assert_eq!(codes, [1, 2]);
}

/// Monitors one that has ended, passes its `Down` over, and gives the monitor up by `end`.
async fn passed_over(end: fn(&mut Inbox<u64>, holm_actor::MonitorRef)) -> Vec<u64> {
    let system = system();
    let other = system.spawn(Puppet::default());
    let (pid, end_of_other) = (other.pid(), system.monitor(other.pid()));
    other.kill();
    end_of_other.await;
    let body = move |mut inbox: Inbox<u64>| async move {
        let monitor = inbox.cx().monitor(pid);
        let me = inbox.cx().me();
        me.tell(1).unwrap();
        inbox.recv_if(|received| code(received) == 1).await;
        end(&mut inbox, monitor);
        me.tell(2).unwrap();
        let mut codes = Vec::new();
        while let Some(received) = inbox.try_recv() {
            codes.push(code(&received));
        }
        codes
    };
    let (seen, all) = oneshot::channel();
    system.spawn_fn(move |inbox: Inbox<u64>| async move {
        seen.send(body(inbox).await).unwrap();
    });
    all.await.unwrap()
}

#[tokio::test]
async fn demonitor_flush_also_removes_what_was_passed_over() {
    let flushed = passed_over(|inbox, monitor| inbox.cx().demonitor_flush(monitor)).await;
    assert_eq!(flushed, [2]);
    let kept = passed_over(|inbox, monitor| inbox.cx().demonitor(monitor)).await;
    assert_eq!(kept, [200, 2]);
}

#[tokio::test]
async fn unlink_also_removes_what_was_passed_over() {
    for unlinks in [true, false] {
        let system = system();
        let other = system.spawn(Puppet::default());
        let (seen, all) = oneshot::channel();
        let options = SpawnOptions::default().trap_exits();
        let (friend, world) = (other.clone(), system.clone());
        system.spawn_fn_with(options, move |mut inbox: Inbox<u64>| async move {
            let pid = friend.pid();
            inbox.cx().link(pid);
            let end = world.monitor(pid);
            friend.exit(failed("f"));
            end.await;
            inbox.cx().me().tell(1).unwrap();
            inbox.recv_if(|received| code(received) == 1).await;
            if unlinks {
                inbox.cx().unlink(pid);
            }
            seen.send(inbox.try_recv().map(|received| code(&received))).unwrap();
        });
        assert_eq!(all.await.unwrap(), (!unlinks).then_some(100));
    }
}

/// What a process has taken is room for others, whatever it waits for next.
#[tokio::test]
async fn a_message_taken_is_room_for_another() {
    for room in [1, 2, 8, 64] {
        let (go, gone) = oneshot::channel::<()>();
        let (took, taken) = oneshot::channel();
        let process = system().spawn_fn_with(room_for(room), |mut inbox: Inbox<u64>| async move {
            gone.await.unwrap();
            took.send(number(inbox.recv().await)).unwrap();
            std::future::pending::<()>().await;
        });
        for number in 0..u64::from(room) {
            process.tell(number).unwrap();
        }
        assert!(process.tell(99).is_err());
        go.send(()).unwrap();
        assert_eq!(taken.await, Ok(0));
        process.tell(99).unwrap();
        assert!(process.tell(99).is_err());
        process.kill();
    }
}

/// A process that always finds a message lets others run all the same.
#[tokio::test]
async fn a_busy_process_lets_others_run() {
    let system = system();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let busy = system.spawn_fn(move |mut inbox: Inbox<u64>| async move {
        let me = inbox.cx().me();
        while !stopped.load(Ordering::Relaxed) {
            me.tell(number(inbox.recv().await) + 1).unwrap();
        }
    });
    let end = system.monitor(busy.pid());
    busy.tell(0).unwrap();
    let other = system.spawn(Puppet::default());
    other.tell(act(move |_, _| stop.store(true, Ordering::Relaxed))).unwrap();
    assert_eq!(end.await.reason, ExitReason::Normal);
}
