//! The reply slot: answers, losses on both sides, wakers, drops.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    thread,
};

use holm_cell::reply::{Reply, Unanswered, slot};

use crate::support::{Drops, Wakes, block_on};

fn poll<T>(reply: &mut Reply<T>, waker: &Waker) -> Poll<Result<T, Unanswered>> {
    Pin::new(reply).poll(&mut Context::from_waker(waker))
}

#[test]
fn answered_before_and_after_the_wait() {
    let (promise, mut reply) = slot();
    promise.complete(1).unwrap();
    assert_eq!(poll(&mut reply, Waker::noop()), Poll::Ready(Ok(1)));

    let (wakes, waker) = Wakes::new();
    let (promise, mut reply) = slot();
    assert!(poll(&mut reply, &waker).is_pending());
    assert!(poll(&mut reply, &waker).is_pending());
    promise.complete(2).unwrap();
    assert_eq!(wakes.count(), 1);
    assert_eq!(poll(&mut reply, &waker), Poll::Ready(Ok(2)));
    drop((reply, waker));
    assert_eq!(Arc::strong_count(&wakes), 1);
}

#[test]
fn a_lost_promise_is_unanswered() {
    let (wakes, waker) = Wakes::new();
    let (promise, mut reply) = slot::<u64>();
    assert!(poll(&mut reply, &waker).is_pending());
    drop(promise);
    assert_eq!(wakes.count(), 1);
    assert_eq!(poll(&mut reply, &waker), Poll::Ready(Err(Unanswered)));
}

#[test]
fn an_abandoned_promise_learns_of_it() {
    let (wakes, waker) = Wakes::new();
    let (reply_wakes, reply_waker) = Wakes::new();
    let mut cx = Context::from_waker(&waker);
    let (mut promise, mut reply) = slot();
    assert!(promise.poll_abandoned(&mut cx).is_pending());
    assert!(poll(&mut reply, &reply_waker).is_pending());
    assert!(!promise.is_abandoned());
    drop(reply);
    assert_eq!((wakes.count(), reply_wakes.count()), (1, 0));
    assert!(promise.is_abandoned());
    assert!(promise.poll_abandoned(&mut cx).is_ready());
    assert_eq!(promise.complete(7), Err(7));
    drop((waker, reply_waker));
    assert_eq!((Arc::strong_count(&wakes), Arc::strong_count(&reply_wakes)), (1, 1));
}

#[test]
fn the_latest_waker_is_woken() {
    let (first, first_waker) = Wakes::new();
    let (second, second_waker) = Wakes::new();
    let (mut promise, mut reply) = slot();
    assert!(poll(&mut reply, &first_waker).is_pending());
    assert!(poll(&mut reply, &second_waker).is_pending());
    assert!(promise.poll_abandoned(&mut Context::from_waker(&first_waker)).is_pending());
    assert!(promise.poll_abandoned(&mut Context::from_waker(&second_waker)).is_pending());
    promise.complete(1).unwrap();
    assert_eq!((first.count(), second.count()), (0, 1));
    assert_eq!(poll(&mut reply, Waker::noop()), Poll::Ready(Ok(1)));
    drop((first_waker, second_waker));
    assert_eq!((Arc::strong_count(&first), Arc::strong_count(&second)), (1, 1));
}

#[test]
fn every_value_is_dropped_once() {
    let drops = Drops::default();
    let (promise, reply) = slot();
    promise.complete(drops.value(0)).unwrap();
    assert_eq!(drops.count(), 0);
    drop(reply);
    assert_eq!(drops.count(), 1);
    let (promise, reply) = slot();
    drop(reply);
    drop(promise.complete(drops.value(1)));
    assert_eq!(drops.count(), 2);
    let (promise, reply) = slot();
    promise.complete(drops.value(2)).unwrap();
    drop(block_on(reply));
    assert_eq!(drops.count(), 3);
}

#[test]
fn both_ends_race() {
    let drops = Drops::default();
    let mut made = 0;
    let (work, mut ends) = holm_cell::cell(crate::support::capacity(64), ());
    let worker = thread::spawn(move || {
        block_on(async {
            for n in 0..60_000 {
                let (promise, value): (holm_cell::reply::Promise<_>, _) =
                    crate::support::take(&mut ends).await;
                match n % 3 {
                    0 => drop(promise),
                    _ => drop(promise.complete(value)),
                }
            }
        });
    });
    for n in 0..60_000u64 {
        let (promise, reply) = slot();
        made += 1;
        block_on(work.send((promise, drops.value(n)))).unwrap();
        match n % 5 {
            0 => drop(reply),
            _ if n % 3 == 0 => assert_eq!(block_on(reply).unwrap_err(), Unanswered),
            _ => assert_eq!(block_on(reply).unwrap().number, n),
        }
    }
    worker.join().unwrap();
    assert_eq!(drops.count(), made);
}
