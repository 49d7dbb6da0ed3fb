//! The inbox: its bound, its order, and that nothing is lost in it.

use std::collections::BTreeMap;
use std::time::Duration;

use holm_actor::{Reply, SendError};
use tokio::sync::oneshot;

use crate::support::*;

#[tokio::test]
async fn messages_of_one_sender_arrive_in_order() {
    let puppet = system().spawn(Puppet::default());
    for number in 0..500 {
        puppet.tell(note(number)).unwrap();
    }
    assert_eq!(notes(&puppet).await, (0..500).collect::<Vec<_>>());
}

#[tokio::test]
async fn verbs_keep_one_order() {
    let puppet = system().spawn_with(Puppet::default(), room_for(2));
    for round in 0..200_u64 {
        puppet.send(note(3 * round)).await.unwrap();
        if let Err(SendError::Full(step)) = puppet.tell(note(3 * round + 1)) {
            puppet.send(step).await.unwrap();
        }
        puppet
            .ask(|reply| {
                act(move |me, _| {
                    me.notes.push(3 * round + 2);
                    reply.send(());
                })
            })
            .await
            .unwrap();
    }
    assert_eq!(notes(&puppet).await, (0..600).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_full_inbox_hands_a_cast_back() {
    let puppet = system().spawn_with(Puppet::default(), room_for(2));
    let release = occupy(&puppet).await;
    puppet.tell(note(1)).unwrap();
    puppet.tell(note(2)).unwrap();
    let Err(SendError::Full(step)) = puppet.tell(note(3)) else { panic!("the inbox had room") };
    drop(release);
    puppet.send(step).await.unwrap();
    assert_eq!(notes(&puppet).await, [1, 2, 3]);
}

#[tokio::test]
async fn a_waiting_send_is_sent_when_there_is_room() {
    let puppet = system().spawn_with(Puppet::default(), room_for(1));
    let release = occupy(&puppet).await;
    puppet.tell(note(1)).unwrap();
    let (sender, sent) = (puppet.clone(), oneshot::channel());
    let task = tokio::spawn(async move {
        let mut send = Box::pin(sender.send(note(2)));
        tokio::select! {
            biased;
            outcome = &mut send => panic!("the inbox had room: {outcome:?}"),
            () = std::future::ready(()) => sent.0.send(()).unwrap(),
        }
        send.await
    });
    sent.1.await.unwrap();
    drop(release);
    task.await.unwrap().unwrap();
    assert_eq!(notes(&puppet).await, [1, 2]);
}

/// Less than half of the inbox is free, and nothing else will be taken out.
#[tokio::test(start_paused = true)]
async fn a_sender_whom_a_handler_waits_for_finds_the_room_there_is() {
    for room in [1, 2, 3, 8, 1024] {
        let puppet = system().spawn_with(Puppet::default(), room_for(room));
        let release = occupy(&puppet).await;
        let (sent, heard) = oneshot::channel();
        puppet.tell(wait(async { heard.await.unwrap() })).unwrap();
        for number in 1..room {
            puppet.tell(note(number.into())).unwrap();
        }
        let sender = puppet.clone();
        let (polled, waiting) = oneshot::channel();
        let send = tokio::spawn(async move {
            let mut send = sender.send(note(room.into()));
            is_waiting(&mut send).await;
            polled.send(()).unwrap();
            send.await.unwrap();
            sent.send(()).unwrap();
        });
        waiting.await.unwrap();
        drop(release);
        let in_time = tokio::time::timeout(Duration::from_secs(1), send).await;
        in_time.unwrap_or_else(|_| panic!("it waits for ever at a capacity of {room}")).unwrap();
        assert_eq!(notes(&puppet).await, (1..=u64::from(room)).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_dropped_send_sends_nothing() {
    let puppet = system().spawn_with(Puppet::default(), room_for(1));
    let release = occupy(&puppet).await;
    puppet.tell(note(1)).unwrap();
    let mut send = Box::pin(puppet.send(note(2)));
    tokio::select! {
        biased;
        outcome = &mut send => panic!("the inbox had room: {outcome:?}"),
        () = std::future::ready(()) => {}
    }
    drop(send);
    drop(release);
    assert_eq!(notes(&puppet).await, [1]);
}

#[tokio::test]
async fn the_end_of_an_actor_hands_waiting_sends_back() {
    let system = system();
    let puppet = system.spawn_with(Puppet::default(), room_for(1));
    let _release = occupy(&puppet).await;
    puppet.tell(note(1)).unwrap();
    let sender = puppet.clone();
    let (polled, waiting) = oneshot::channel();
    let task = tokio::spawn(async move {
        let mut send = Box::pin(sender.send(note(2)));
        tokio::select! {
            biased;
            outcome = &mut send => panic!("the inbox had room: {outcome:?}"),
            () = std::future::ready(()) => polled.send(()).unwrap(),
        }
        send.await
    });
    waiting.await.unwrap();
    puppet.exit(failed("enough"));
    assert!(matches!(task.await.unwrap(), Err(SendError::Noproc(_))));
    assert!(matches!(puppet.tell(note(3)), Err(SendError::Noproc(_))));
}

/// What is lost, doubled or out of order under contention shows in the notes.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_or_doubled_under_contention() {
    const SENDERS: u64 = 16;
    const EACH: u64 = 2_000;
    let puppet = system().spawn_with(Puppet::default(), room_for(1));
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let puppet = puppet.clone();
            tokio::spawn(async move {
                for number in 0..EACH {
                    let number = sender * EACH + number;
                    if number.is_multiple_of(3) {
                        let call = puppet.ask(|reply: Reply<()>| {
                            act(move |me, _| {
                                me.notes.push(number);
                                reply.send(());
                            })
                        });
                        call.await.unwrap();
                    } else {
                        puppet.send(note(number)).await.unwrap();
                    }
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    let mut next = BTreeMap::new();
    let notes = notes(&puppet).await;
    assert_eq!(notes.len() as u64, SENDERS * EACH);
    for number in notes {
        let (sender, number) = (number / EACH, number % EACH);
        let next = next.entry(sender).or_insert(0);
        assert_eq!(number, *next, "of sender {sender}");
        *next += 1;
    }
}
