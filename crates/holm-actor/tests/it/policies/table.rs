//! The table of policies and verbs, cell by cell.

use holm_actor::{CallError, Policy, SendError};

use super::*;

/// A held desk whose two places are taken by 1 and 2.
async fn full(policy: Policy) -> Held {
    let held = Held::new(policy, 2).await;
    held.desk.tell(item(1)).unwrap();
    held.desk.tell(item(2)).unwrap();
    held
}

#[tokio::test]
async fn block_refuses_a_cast_and_has_sends_and_calls_wait() {
    for policy in [Policy::Block, Policy::Coalesce] {
        let held = full(policy).await;
        assert!(matches!(held.desk.tell(item(3)), Err(SendError::Full(_))));
        let desk = held.desk.clone();
        let mut send = desk.send(item(4));
        is_waiting(&mut send).await;
        let mut call = desk.ask(asked(5));
        is_waiting(&mut call).await;
        assert_eq!(held.counters(), none());
        drop(held.release);
        send.await.unwrap();
        call.await.unwrap();
        let mut handled = held.handled;
        for value in [1, 2, 4, 5] {
            assert_eq!(handled.recv().await, Some(Handled::Item(value)), "{policy:?}");
        }
    }
}

#[tokio::test]
async fn fail_refuses_every_verb_and_counts() {
    let held = full(Policy::Fail).await;
    assert!(matches!(held.desk.tell(item(3)), Err(SendError::Full(_))));
    assert!(matches!(held.desk.send(item(4)).await, Err(SendError::Full(_))));
    assert_eq!(held.desk.ask(asked(5)).await, Err(CallError::Full));
    assert_eq!(held.counters().refused, 3);
    assert_eq!(held.counters().dropped_new + held.counters().dropped_old, 0);
    assert_eq!(held.release().await, items([1, 2]));
}

#[tokio::test]
async fn drop_new_accepts_and_drops_and_counts() {
    let held = full(Policy::DropNew).await;
    held.desk.tell(item(3)).unwrap();
    held.desk.send(item(4)).await.unwrap();
    assert_eq!(held.desk.ask(asked(5)).await, Err(CallError::Dropped));
    assert_eq!(held.counters().dropped_new, 3);
    assert_eq!(held.counters().refused + held.counters().dropped_old, 0);
    assert_eq!(held.release().await, items([1, 2]));
}

#[tokio::test]
async fn drop_old_drops_the_oldest_and_counts() {
    let held = full(Policy::DropOld).await;
    held.desk.tell(item(3)).unwrap();
    held.desk.send(item(4)).await.unwrap();
    let desk = held.desk.clone();
    let mut call = desk.ask(asked(5));
    is_waiting(&mut call).await;
    assert_eq!(held.counters().dropped_old, 3);
    assert_eq!(held.depth(), 2);
    assert_eq!(held.release().await, items([4, 5]));
    call.await.unwrap();
}

#[tokio::test]
async fn a_call_that_drop_old_drops_fails_with_dropped() {
    let held = full(Policy::DropOld).await;
    let desk = held.desk.clone();
    let mut call = desk.ask(asked(3));
    is_waiting(&mut call).await;
    held.desk.tell(item(4)).unwrap();
    is_waiting(&mut call).await;
    held.desk.tell(item(5)).unwrap();
    assert_eq!(call.await, Err(CallError::Dropped));
    assert_eq!(held.release().await, items([4, 5]));
}

#[tokio::test]
async fn coalesce_keeps_the_newest_of_each_key_at_the_tail() {
    let held = Held::new(Policy::Coalesce, 3).await;
    for (key, value) in [(1, 10), (2, 20), (3, 30), (1, 11), (1, 12), (2, 21)] {
        held.desk.tell(keyed(key, value)).unwrap();
    }
    held.desk.send(keyed(3, 31)).await.unwrap();
    assert_eq!(held.counters().coalesced, 4);
    assert_eq!(held.depth(), 3);
    assert_eq!(held.release().await, items([12, 21, 31]));
}

#[tokio::test]
async fn coalesce_waits_when_full_without_an_equal_key() {
    let held = Held::new(Policy::Coalesce, 2).await;
    held.desk.tell(keyed(1, 10)).unwrap();
    held.desk.tell(item(20)).unwrap();
    assert!(matches!(held.desk.tell(keyed(2, 30)), Err(SendError::Full(_))));
    assert!(matches!(held.desk.tell(item(30)), Err(SendError::Full(_))));
    let desk = held.desk.clone();
    let mut send = desk.send(keyed(2, 30));
    is_waiting(&mut send).await;
    held.desk.tell(keyed(1, 11)).unwrap();
    is_waiting(&mut send).await;
    assert_eq!(held.counters().coalesced, 1);
    drop(held.release);
    send.await.unwrap();
    let mut handled = held.handled;
    for value in [20, 11, 30] {
        assert_eq!(handled.recv().await, Some(Handled::Item(value)));
    }
}

#[tokio::test]
async fn a_call_is_never_coalesced() {
    let held = Held::new(Policy::Coalesce, 4).await;
    let call = |value| move |reply| Paper::Item { key: Some(1), value, reply };
    let desk = held.desk.clone();
    let mut first = desk.ask(call(1));
    is_waiting(&mut first).await;
    held.desk.tell(keyed(1, 2)).unwrap();
    let mut second = desk.ask(call(3));
    is_waiting(&mut second).await;
    held.desk.tell(keyed(1, 4)).unwrap();
    assert_eq!(held.counters().coalesced, 1, "the cast of 2");
    assert_eq!(held.release().await, items([1, 3, 4]));
    first.await.unwrap();
    second.await.unwrap();
}

/// Room that one message has given back is not given twice.
#[tokio::test]
async fn coalescing_neither_gains_nor_loses_room() {
    let mut held = Held::new(Policy::Coalesce, 2).await;
    for round in 0..100 {
        held.desk.tell(keyed(1, round)).unwrap();
        held.desk.send(keyed(2, round)).await.unwrap();
        assert_eq!(held.depth(), 2);
        assert!(matches!(held.desk.tell(keyed(3, round)), Err(SendError::Full(_))));
        if round % 10 == 9 {
            let (release, released) = oneshot::channel();
            let desk = held.desk.clone();
            let mut hold = desk.ask(|reply| Paper::Hold(released, reply));
            is_waiting(&mut hold).await;
            // Waiting for room, it comes after what is there.
            drop(std::mem::replace(&mut held.release, release));
            hold.await.unwrap();
            assert_eq!(held.depth(), 0);
        }
    }
    assert_eq!(held.counters().coalesced, 180);
}

/// A sender that waited for room finds its key there when its turn comes: the room that it was
/// given serves another.
#[tokio::test]
async fn a_waiting_send_that_coalesces_gives_its_room_back() {
    let mut held = Held::new(Policy::Coalesce, 2).await;
    let desk = held.desk.clone();
    for _ in 0..3 {
        desk.tell(item(1)).unwrap();
        desk.tell(item(2)).unwrap();
        let mut send = desk.send(keyed(7, 4));
        is_waiting(&mut send).await;
        drop(held.release);
        for value in [1, 2] {
            assert_eq!(held.handled.recv().await, Some(Handled::Item(value)));
        }
        let (release, released) = oneshot::channel();
        held.release = release;
        // Neither yields in between: the one place that is free, then that of the waiting send.
        desk.tell(keyed(7, 3)).unwrap();
        send.await.unwrap();
        assert_eq!(held.handled.recv().await, Some(Handled::Item(4)));
        desk.ask(|reply| Paper::Hold(released, reply)).await.unwrap();
    }
    assert_eq!(held.counters().coalesced, 3);
    desk.tell(item(5)).unwrap();
    desk.tell(item(6)).unwrap();
    assert!(matches!(desk.tell(item(7)), Err(SendError::Full(_))));
}
