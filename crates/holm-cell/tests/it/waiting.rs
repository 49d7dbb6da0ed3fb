//! Waiting for room, on one thread: order, half-full wakes, cancelling, closing.

use std::{
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use holm_cell::{Cell, Closed, Sending, cell};

use crate::support::{Wakes, capacity};

type Owned = Sending<Arc<Cell<u64, ()>>, u64, ()>;

fn poll(sending: &mut Owned, waker: &Waker) -> Poll<Result<(), Closed<u64>>> {
    Pin::new(sending).poll(&mut Context::from_waker(waker))
}

struct Waiter {
    sending: Owned,
    wakes: Arc<Wakes>,
    waker: Waker,
}

impl Waiter {
    fn poll(&mut self) -> Poll<Result<(), Closed<u64>>> {
        poll(&mut self.sending, &self.waker)
    }
}

fn waiter(cell: &Arc<Cell<u64, ()>>, message: u64) -> Waiter {
    let (wakes, waker) = Wakes::new();
    let mut sending = Cell::send_owned(cell.clone(), message);
    assert!(poll(&mut sending, &waker).is_pending());
    Waiter { sending, wakes, waker }
}

fn wakes(waiters: &[Waiter]) -> Vec<usize> {
    waiters.iter().map(|waiter| waiter.wakes.count()).collect()
}

#[test]
fn woken_in_order_when_half_is_free() {
    let (cell, mut consumer) = cell(capacity(4), ());
    cell.push_all(&mut (0..4).collect()).unwrap();
    let mut waiters: Vec<_> = (4..8).map(|n| waiter(&cell, n)).collect();
    consumer.pop();
    assert_eq!(wakes(&waiters), [0, 0, 0, 0]);
    consumer.pop();
    assert_eq!(wakes(&waiters), [1, 1, 0, 0]);
    for waiter in &mut waiters[..2] {
        assert_eq!(waiter.poll(), Poll::Ready(Ok(())));
    }
    while consumer.pop().is_some() {}
    assert_eq!(wakes(&waiters), [1, 1, 1, 1]);
}

#[test]
fn a_waiter_woken_in_vain_keeps_its_place() {
    let (cell, mut consumer) = cell(capacity(1), ());
    cell.push(0).unwrap();
    let mut waiters: Vec<_> = (1..4).map(|n| waiter(&cell, n)).collect();
    consumer.pop();
    cell.push(10).unwrap();
    assert!(waiters[0].poll().is_pending());
    consumer.pop();
    assert_eq!(wakes(&waiters), [2, 0, 0]);
}

#[test]
fn a_dropped_waiter_passes_its_wake_on() {
    let (cell, mut consumer) = cell(capacity(1), ());
    cell.push(0).unwrap();
    let mut waiters: Vec<_> = (1..5).map(|n| waiter(&cell, n)).collect();
    drop(waiters.remove(1));
    assert_eq!(wakes(&waiters), [0, 0, 0], "it had not been woken");
    consumer.pop();
    assert_eq!(wakes(&waiters), [1, 0, 0]);
    drop(waiters.remove(0));
    assert_eq!(wakes(&waiters), [1, 0]);
    drop(waiters.remove(0));
    assert_eq!(wakes(&waiters), [1]);
    assert!(waiters[0].poll().is_ready());
    assert_eq!(consumer.pop(), Some(4), "dropped ones were not sent");
    assert_eq!(consumer.pop(), None);
}

#[test]
fn a_waiter_may_change_its_waker() {
    let (cell, mut consumer) = cell(capacity(1), ());
    cell.push(0).unwrap();
    let mut first = waiter(&cell, 1);
    let (wakes, waker) = Wakes::new();
    assert!(poll(&mut first.sending, &waker).is_pending());
    consumer.pop();
    assert_eq!((first.wakes.count(), wakes.count()), (0, 1));
}

#[test]
fn closing_serves_all_waiters() {
    let (cell, consumer) = cell(capacity(1), ());
    cell.push(0).unwrap();
    let waiters: Vec<_> = (0..100).map(|n| waiter(&cell, n)).collect();
    let drain = consumer.close();
    assert_eq!(wakes(&waiters), [1; 100]);
    for (n, mut waiter) in (0..).zip(waiters) {
        assert_eq!(waiter.poll(), Poll::Ready(Err(Closed(n))));
    }
    assert_eq!(drain.collect::<Vec<_>>(), [0]);
    let mut late = Cell::send_owned(cell.clone(), 1);
    assert_eq!(poll(&mut late, Waker::noop()), Poll::Ready(Err(Closed(1))));
}

#[test]
fn room_is_waited_for_in_turn() {
    let (cell, mut consumer) = cell(capacity(2), ());
    cell.push_all(&mut (0..9).collect()).unwrap();
    let first = waiter(&cell, 9);
    let (wakes, waker) = Wakes::new();
    let mut cx = Context::from_waker(&waker);
    let mut room = pin!(Cell::room(cell.clone()));
    assert!(room.as_mut().poll(&mut cx).is_pending());
    let last = waiter(&cell, 10);
    let counts = || (first.wakes.count(), wakes.count(), last.wakes.count());
    for _ in 0..7 {
        consumer.pop();
    }
    assert_eq!(counts(), (0, 0, 0), "the inbox is as full as it may be");
    consumer.pop();
    assert_eq!(counts(), (1, 0, 0));
    consumer.pop();
    assert_eq!(counts(), (1, 1, 1));
    drop(first);
    assert!(room.as_mut().poll(&mut cx).is_ready());
}

#[test]
fn room_takes_no_room() {
    let (cell, mut consumer) = cell(capacity(1), ());
    cell.push(0).unwrap();
    let (wakes, waker) = Wakes::new();
    let mut cx = Context::from_waker(&waker);
    let mut room = pin!(Cell::room(cell.clone()));
    assert!(room.as_mut().poll(&mut cx).is_pending());
    let next = waiter(&cell, 1);
    consumer.pop();
    assert_eq!((wakes.count(), next.wakes.count()), (1, 0));
    assert!(room.as_mut().poll(&mut cx).is_ready());
    assert_eq!(next.wakes.count(), 1, "it passed its wake on");
    drop(next);
    cell.push(2).unwrap();
    let mut closed = pin!(Cell::room(cell.clone()));
    assert!(closed.as_mut().poll(&mut cx).is_pending());
    drop(consumer);
    assert!(closed.as_mut().poll(&mut cx).is_ready());
}
