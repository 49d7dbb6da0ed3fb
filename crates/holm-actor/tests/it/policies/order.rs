//! Order among messages and signals, and the end of an actor, under the policies.

use holm_actor::{CallError, Policy, SendError};

use super::*;

/// Three actors in turn send a message, an exit signal and another message to a held desk.
async fn three_senders(policy: Policy, room: u32) -> Vec<Handled> {
    let held = Held::new(policy, room).await;
    let mut order = Vec::new();
    for sender in 0..3 {
        let puppet = held.system.spawn(Puppet::default());
        let (desk, from) = (held.desk.clone(), puppet.pid());
        puppet
            .ask(|reply: Reply<()>| {
                act(move |_, cx| {
                    desk.tell(keyed(0, 10 * sender)).unwrap();
                    cx.exit(desk.pid(), shutdown("s"));
                    desk.tell(keyed(1, 10 * sender + 1)).unwrap();
                    reply.send(());
                })
            })
            .await
            .unwrap();
        order.push(from);
    }
    let all = held.release().await;
    let mut senders = order.into_iter();
    for handled in &all {
        if let Handled::Signal(signal) = handled {
            let Signal::Exit(exit) = signal else { panic!("{signal:?}") };
            assert_eq!(exit.from, senders.next());
        }
    }
    assert_eq!(senders.next(), None, "no signal is lost");
    all
}

/// Items by value, signals as 99.
fn values(handled: &[Handled]) -> Vec<u64> {
    let value = |handled: &Handled| match handled {
        Handled::Item(value) => *value,
        Handled::Signal(_) => 99,
    };
    handled.iter().map(value).collect()
}

#[tokio::test]
async fn messages_and_signals_of_one_sender_stay_in_order() {
    for policy in [Policy::Block, Policy::DropNew, Policy::DropOld, Policy::Fail] {
        let handled = three_senders(policy, 64).await;
        assert_eq!(values(&handled), [0, 99, 1, 10, 99, 11, 20, 99, 21], "{policy:?}");
    }
}

#[tokio::test]
async fn what_is_left_of_them_stays_in_order() {
    let expected = [99, 99, 20, 99, 21];
    assert_eq!(values(&three_senders(Policy::DropOld, 2).await), expected);
    assert_eq!(values(&three_senders(Policy::Coalesce, 2).await), expected);
}

/// Signals need no room, and take none.
#[tokio::test]
async fn signals_are_never_refused() {
    for policy in ALL {
        let held = Held::new(policy, 1).await;
        held.desk.tell(item(1)).unwrap();
        for _ in 0..100 {
            let puppet = held.system.spawn(Puppet::default());
            let desk = held.desk.pid();
            let exit = |reply: Reply<()>| {
                act(move |_, cx| {
                    cx.exit(desk, shutdown("s"));
                    reply.send(());
                })
            };
            puppet.ask(exit).await.unwrap();
        }
        let handled = held.release().await;
        assert_eq!(handled.len(), 101, "{policy:?}");
        assert_eq!(handled[0], Handled::Item(1), "{policy:?}");
    }
}

#[tokio::test]
async fn the_end_of_an_actor_releases_who_waits() {
    for policy in [Policy::Block, Policy::Coalesce] {
        let held = Held::new(policy, 1).await;
        held.desk.tell(item(1)).unwrap();
        let desk = held.desk.clone();
        let mut sends: Vec<_> = (0..10).map(|value| desk.send(item(value))).collect();
        let mut calls: Vec<_> = (0..10).map(|value| desk.ask(asked(value))).collect();
        for send in &mut sends {
            is_waiting(send).await;
        }
        for call in &mut calls {
            is_waiting(call).await;
        }
        held.desk.kill();
        for send in sends {
            assert!(matches!(send.await, Err(SendError::Noproc(_))), "{policy:?}");
        }
        for call in calls {
            assert_eq!(call.await, Err(CallError::Noproc), "{policy:?}");
        }
    }
}

/// What was in the inbox is dropped; its calls hear why.
#[tokio::test]
async fn queued_calls_hear_the_reason_of_the_end() {
    for policy in ALL {
        let held = Held::new(policy, 4).await;
        let desk = held.desk.clone();
        let mut call = desk.ask(asked(1));
        is_waiting(&mut call).await;
        held.desk.kill();
        let killed = ExitReason::Killed;
        assert_eq!(call.await, Err(CallError::Exited(killed)), "{policy:?}");
        assert!(matches!(desk.tell(item(2)), Err(SendError::Noproc(_))));
        assert!(matches!(desk.send(item(2)).await, Err(SendError::Noproc(_))));
        assert_eq!(desk.ask(asked(2)).await, Err(CallError::Noproc));
    }
}

#[tokio::test]
async fn an_actor_is_drained_under_every_policy() {
    for policy in ALL {
        let system = system();
        let puppet = system.spawn_with(Puppet::default(), room_for(4).policy(policy));
        let end = system.monitor(puppet.pid());
        let release = occupy(&puppet).await;
        puppet.tell(act(|_, cx| cx.stop_when_drained(shutdown("drained")))).unwrap();
        let (noted, mut seen) = mpsc::unbounded_channel();
        for value in 0..2 {
            let noted = noted.clone();
            puppet.tell(act(move |_, _| noted.send(value).unwrap())).unwrap();
        }
        drop((release, noted));
        assert_eq!(end.await.reason, shutdown("drained"), "{policy:?}");
        let mut all = Vec::new();
        while let Some(value) = seen.recv().await {
            all.push(value);
        }
        assert_eq!(all, [0, 1], "{policy:?}");
    }
}
