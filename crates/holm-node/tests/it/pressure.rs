//! More than a receiver can take.

use holm::{CallError, Capacity, Code, Limits, SendError, SpawnOptions};

use crate::actors::Probe;
use crate::support::*;

pub(crate) fn room_for(messages: u32) -> SpawnOptions {
    SpawnOptions::default().mailbox(Capacity::new(messages).unwrap())
}

/// Messages of this size, so that a flood shows in memory.
const BYTES: usize = 1_000;

/// Most that may be accepted beyond the inbox: what fits in two buffers of the stream
/// and is read in one go, twice over.
const OVERSHOOT_MAX: u64 = 4 << 20;

#[tokio::test]
async fn a_slow_actor_pauses_its_remote_senders_and_nothing_is_lost() {
    let (a, b) = pair().await;
    let probe = Probe::default();
    let there = reach(&a, &b.spawn_with(probe.clone(), room_for(4)));
    let (other, bystander) = crate::support::probe(&a, &b);
    let mut hold = Box::pin(there.hold());
    begin(&mut hold).await;
    probe.entered.notified().await;
    let mut accepted = 0;
    loop {
        match there.cast().take(accepted, vec![accepted as u8; BYTES]) {
            Ok(()) => accepted += 1,
            Err(SendError::Busy(_)) => break,
            Err(error) => panic!("{error}"),
        }
        tokio::task::yield_now().await;
        assert!(accepted * (BYTES as u64) < OVERSHOOT_MAX, "never paused");
    }
    let mut send = Box::pin(there.send().take(accepted, vec![accepted as u8; BYTES]));
    begin(&mut send).await;
    let mut call = Box::pin(there.got());
    begin(&mut call).await;
    // Only this actor is paused.
    assert_eq!(bystander.echo(vec![1]).await.unwrap(), [1]);
    drop(other);
    probe.release.notify_one();
    hold.await.unwrap();
    send.await.unwrap();
    let _ = call.await.unwrap();
    let numbers: Vec<u64> = there.got().await.unwrap().iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (0..=accepted).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_senders_into_a_small_inbox_lose_nothing() {
    const SENDERS: u64 = 8;
    const EACH: u64 = 1_000;
    let (a, b) = pair().await;
    let probe = Probe::default();
    let there = reach(&a, &b.spawn_with(probe, room_for(2)));
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let there = there.clone();
            tokio::spawn(async move {
                for number in 0..EACH {
                    there.send().take(sender * EACH + number, Vec::new()).await.unwrap();
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    let got = there.got().await.unwrap();
    assert_eq!(got.len() as u64, SENDERS * EACH);
    for sender in 0..SENDERS {
        let numbers: Vec<u64> = got
            .iter()
            .map(|(number, _)| *number)
            .filter(|number| number / EACH == sender)
            .collect();
        assert_eq!(numbers, (sender * EACH..(sender + 1) * EACH).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn the_end_of_a_paused_actor_or_session_lets_senders_go() {
    for lose_session in [false, true] {
        let (a, b) = pair().await;
        let probe = Probe::default();
        let there = reach(&a, &b.spawn_with(probe.clone(), room_for(1)));
        let mut hold = Box::pin(there.hold());
        begin(&mut hold).await;
        probe.entered.notified().await;
        while there.cast().take(0, Vec::new()).is_ok() {
            tokio::task::yield_now().await;
        }
        let mut send = Box::pin(there.send().take(0, Vec::new()));
        begin(&mut send).await;
        let mut call = Box::pin(there.got());
        begin(&mut call).await;
        if lose_session {
            b.disconnect(a.name());
            assert!(matches!(send.await, Err(SendError::Disconnected(_))));
            assert_eq!(call.await, Err(CallError::Disconnected));
            assert_eq!(hold.await, Err(CallError::Disconnected));
        } else {
            there.exit(failed("f"));
            send.await.unwrap();
            assert_eq!(call.await, Err(CallError::Noproc));
            assert_eq!(hold.await, Err(CallError::Exited(failed("f"))));
        }
    }
}

/// A new session begins without the pauses of the old one.
#[tokio::test]
async fn a_pause_ends_with_its_session() {
    let (a, b) = pair().await;
    let probe = Probe::default();
    let there = reach(&a, &b.spawn_with(probe.clone(), room_for(1)));
    let mut hold = Box::pin(there.hold());
    begin(&mut hold).await;
    probe.entered.notified().await;
    while there.cast().take(0, Vec::new()).is_ok() {
        tokio::task::yield_now().await;
    }
    b.disconnect(a.name());
    a.monitor_node(b.name()).await;
    connect(&a, &b).await;
    there.cast().take(1, Vec::new()).unwrap();
    probe.release.notify_one();
    assert_eq!(there.got().await.unwrap().last(), Some(&(1, 0)));
}

#[tokio::test]
async fn requests_beyond_the_limit_are_refused_and_the_session_lives() {
    const MAX: usize = 8;
    let net = Net::default();
    let a = net.start("a@x").await;
    let limits = Limits { requests_max: MAX, ..Limits::default() };
    let b = net.builder("b@x").limits(limits).start().await.unwrap();
    connect(&a, &b).await;
    let (probe, there) = probe(&a, &b);
    let mut held: Vec<_> = (0..MAX).map(|_| Box::pin(there.hold())).collect();
    for call in &mut held {
        begin(call).await;
    }
    probe.entered.notified().await;
    for _ in 0..MAX {
        let outcome = there.got().await;
        assert!(
            matches!(outcome, Err(CallError::Refused(error)) if error.code == Code::Overloaded)
        );
    }
    while !held.is_empty() {
        probe.release.notify_one();
        held.remove(0).await.unwrap();
    }
    assert_eq!(there.got().await.unwrap(), []);
}

/// Beyond this nothing is accepted: where all are paused, what two queues hold, and the stream.
const ALL_MAX: u64 = 64 << 20;

#[tokio::test]
async fn senders_by_name_are_paused_when_much_waits() {
    const LENGTH: u64 = 32 << 10;
    let (a, b) = pair().await;
    let probe = Probe::default();
    let held = b.spawn_with(probe.clone(), room_for(4));
    b.names().register("held", &held).unwrap();
    let there = a.at::<Probe>(b.name(), "held");
    let (other, bystander) = crate::support::probe(&a, &b);
    let mut hold = Box::pin(there.hold());
    begin(&mut hold).await;
    probe.entered.notified().await;
    let mut accepted = 0;
    loop {
        match there.cast().take(accepted, vec![accepted as u8; LENGTH as usize]) {
            Ok(()) => accepted += 1,
            Err(SendError::Busy(_)) => break,
            Err(error) => panic!("{error}"),
        }
        tokio::task::yield_now().await;
        assert!(accepted * LENGTH < ALL_MAX, "never paused");
    }
    assert!(accepted * LENGTH > 16 << 20, "{accepted} messages");
    // The queue empties; the pause goes on, for all, until half is handled.
    tokio::task::yield_now().await;
    let mut call = Box::pin(bystander.echo(vec![1]));
    begin(&mut call).await;
    probe.release.notify_one();
    hold.await.unwrap();
    assert_eq!(call.await.unwrap(), [1]);
    drop(other);
    let numbers: Vec<u64> = there.got().await.unwrap().iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (0..accepted).collect::<Vec<_>>());
}
