//! Calls: replies, timeouts, cancelling, failing.

use std::time::Duration;

use holm_actor::{CallError, Reply};
use tokio::sync::oneshot;

use crate::support::*;

#[tokio::test]
async fn a_call_gets_the_reply() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    puppet.tell(note(4)).unwrap();
    let sum: u64 = puppet
        .ask(|reply| act(move |me, _| reply.send(me.notes.iter().sum::<u64>() + 1)))
        .await
        .unwrap();
    assert_eq!(sum, 5);
}

#[tokio::test]
async fn a_dropped_reply_is_told_to_the_caller() {
    let puppet = system().spawn(Puppet::default());
    let outcome = puppet.ask(|reply: Reply<()>| act(move |_, _| drop(reply))).await;
    assert_eq!(outcome, Err(CallError::Unanswered));
    assert_eq!(notes(&puppet).await, [], "the actor lives on");
}

#[tokio::test]
async fn a_reply_can_be_sent_later_by_anyone() {
    let puppet = system().spawn(Puppet::default());
    let (hand_over, handed) = oneshot::channel::<Reply<u64>>();
    let caller = puppet.clone();
    let call = tokio::spawn(async move {
        caller.ask(|reply| act(move |_, _| hand_over.send(reply).unwrap())).await
    });
    handed.await.unwrap().send(7);
    assert_eq!(call.await.unwrap(), Ok(7));
}

#[tokio::test(start_paused = true)]
async fn a_call_times_out_and_its_late_reply_is_dropped() {
    let puppet = system().spawn(Puppet::default());
    let (hand_over, handed) = oneshot::channel::<Reply<u64>>();
    let after = Duration::from_secs(3);
    let start = tokio::time::Instant::now();
    let outcome =
        puppet.ask(|reply| act(move |_, _| hand_over.send(reply).unwrap())).timeout(after).await;
    assert_eq!(outcome, Err(CallError::Timeout(after)));
    assert_eq!(start.elapsed(), after);
    let reply = handed.await.unwrap();
    assert!(reply.is_abandoned());
    reply.send(1);
    assert_eq!(notes(&puppet).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_covers_waiting_for_room() {
    let puppet = system().spawn_with(Puppet::default(), room_for(1));
    let release = occupy(&puppet).await;
    puppet.tell(note(1)).unwrap();
    let after = Duration::from_secs(1);
    let outcome = puppet
        .ask(|reply: Reply<()>| {
            act(move |me, _| {
                me.notes.push(2);
                reply.send(());
            })
        })
        .timeout(after)
        .await;
    assert_eq!(outcome, Err(CallError::Timeout(after)));
    drop(release);
    assert_eq!(notes(&puppet).await, [1], "a call that found no room was not sent");
}

#[tokio::test]
async fn a_dropped_call_is_seen_by_the_handler() {
    let puppet = system().spawn(Puppet::default());
    let (hand_over, handed) = oneshot::channel::<Reply<u64>>();
    let mut call = Box::pin(puppet.ask(|reply| act(move |_, _| hand_over.send(reply).unwrap())));
    let reply = tokio::select! {
        _ = &mut call => panic!("nobody replied"),
        reply = handed => reply.unwrap(),
    };
    assert!(!reply.is_abandoned());
    drop(call);
    assert!(reply.is_abandoned());
}

#[tokio::test]
async fn a_call_waits_for_room() {
    let puppet = system().spawn_with(Puppet::default(), room_for(1));
    let release = occupy(&puppet).await;
    puppet.tell(note(1)).unwrap();
    let mut call = Box::pin(notes(&puppet));
    assert!(futures_poll(&mut call).await.is_none());
    drop(release);
    assert_eq!(call.await, [1]);
}

#[tokio::test]
async fn a_call_to_an_ended_actor_is_noproc() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let end = system.monitor(puppet.pid());
    puppet.exit(shutdown(""));
    end.await;
    let outcome = puppet.ask(|reply: Reply<()>| act(move |_, _| reply.send(()))).await;
    assert_eq!(outcome, Err(CallError::Noproc));
}

/// Polls once; `None` if it is pending.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(cx) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}
