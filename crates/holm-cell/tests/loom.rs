//! Model-checked tests: loom runs each closure under every interleaving it can tell apart.
//!
//! `RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=3 cargo test -p holm-cell --test loom --release`
//!
//! Blocks have two slots here. A message is a loom `Arc`, so that one lost or dropped twice
//! fails the test, and a lost wake-up is a deadlock, which loom reports.
#![cfg(loom)]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    future::poll_fn,
    iter::from_fn,
    pin::{Pin, pin},
    task::{Context, Poll, Wake, Waker},
};

use holm_cell::{
    Capacity, Cell, Consumer, SerialTable, cell,
    reply::{Promise, Reply, Unanswered, slot},
};
use loom::{
    future::block_on,
    model::Builder,
    sync::Arc,
    thread::{self, JoinHandle},
};

type Message = Arc<u64>;
type Inbox = (Arc<Cell<Message, ()>>, Consumer<Message, ()>);

fn inbox(capacity: u32) -> Inbox {
    cell(Capacity::new(capacity).unwrap(), ())
}

/// An inbox whose next index is `index`.
fn inbox_at(capacity: u32, index: u64) -> Inbox {
    let (cell, mut consumer) = inbox(capacity);
    for _ in 0..index {
        cell.push(Arc::new(0)).ok().unwrap();
        consumer.pop().unwrap();
    }
    consumer.publish();
    (cell, consumer)
}

fn take(consumer: &mut Consumer<Message, ()>) -> u64 {
    block_on(poll_fn(|cx| match consumer.pop() {
        Some(message) => Poll::Ready(*message),
        None => match consumer.poll_ready(cx) {
            Poll::Ready(()) => Poll::Ready(*consumer.pop().unwrap()),
            Poll::Pending => Poll::Pending,
        },
    }))
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn park_and_wake() {
    loom::model(|| {
        let (cell, mut consumer) = inbox(4);
        let sender = thread::spawn(move || {
            cell.push(Arc::new(1)).ok().unwrap();
            cell.push(Arc::new(2)).ok().unwrap();
        });
        assert_eq!((take(&mut consumer), take(&mut consumer)), (1, 2));
        sender.join().unwrap();
    });
}

/// With fewer preemptions than the environment says, where three threads would take minutes.
fn model_within(preemptions: usize, closure: impl Fn() + Sync + Send + 'static) {
    let mut model = Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(closure);
}

/// Takes the next message without parking, at a time when no other thread spins.
fn spin(consumer: &mut Consumer<Message, ()>) -> u64 {
    loop {
        match consumer.pop() {
            Some(message) => return *message,
            None => thread::yield_now(),
        }
    }
}

/// Takes messages while the senders run and after they have ended.
fn take_all(consumer: &mut Consumer<Message, ()>, senders: [JoinHandle<()>; 2]) -> Vec<u64> {
    let mut got: Vec<u64> = [(); 2].into_iter().filter_map(|()| Some(*consumer.pop()?)).collect();
    for sender in senders {
        sender.join().unwrap();
    }
    got.extend(from_fn(|| Some(*consumer.pop()?)));
    got
}

#[test]
fn two_senders_change_blocks() {
    // The second message is the first of a block: a new one, or at 3 one used before.
    for start in [1, 3] {
        loom::model(move || {
            let (cell, mut consumer) = inbox_at(16, start);
            let other = cell.clone();
            let first = thread::spawn(move || cell.push(Arc::new(1)).ok().unwrap());
            let second = thread::spawn(move || other.push(Arc::new(2)).ok().unwrap());
            let got = take_all(&mut consumer, [first, second]);
            assert!([[1, 2], [2, 1]].map(Vec::from).contains(&got), "{got:?}");
        });
    }
}

#[test]
fn a_block_is_reused_at_once() {
    loom::model(|| {
        // Indices 3 to 6: the consumer leaves a block at 4, the sender needs one at 6.
        let (cell, mut consumer) = inbox_at(16, 3);
        let sender = thread::spawn(move || {
            for n in 3..7 {
                cell.push(Arc::new(n)).ok().unwrap();
            }
        });
        for n in 3..7 {
            assert_eq!(spin(&mut consumer), n);
        }
        sender.join().unwrap();
    });
}

#[test]
fn a_run_and_a_message() {
    loom::model(|| {
        let (cell, mut consumer) = inbox_at(1, 1);
        let other = cell.clone();
        let run = thread::spawn(move || {
            cell.push_all(&mut vec![Arc::new(10), Arc::new(11)]).unwrap();
        });
        let single = thread::spawn(move || other.push_unbounded(Arc::new(20)).ok().unwrap());
        let got = take_all(&mut consumer, [run, single]);
        assert!(
            [[10, 11, 20], [10, 20, 11], [20, 10, 11]].map(Vec::from).contains(&got),
            "{got:?}"
        );
    });
}

#[test]
fn a_run_wakes_a_parked_consumer() {
    loom::model(|| {
        let (cell, mut consumer) = inbox_at(1, 1);
        let run = thread::spawn(move || {
            cell.push_all(&mut vec![Arc::new(10), Arc::new(11)]).unwrap();
        });
        assert_eq!((take(&mut consumer), take(&mut consumer)), (10, 11));
        run.join().unwrap();
    });
}

#[test]
fn the_bound_is_exact() {
    loom::model(|| {
        let (cell, mut consumer) = inbox_at(1, 1);
        let other = cell.clone();
        let sender = thread::spawn(move || other.push(Arc::new(1)).is_ok());
        let accepted = cell.push(Arc::new(2)).is_ok();
        assert!(accepted != sender.join().unwrap(), "one place for two");
        assert!(consumer.pop().is_some());
    });
}

#[test]
fn a_message_is_refused_or_drained() {
    for start in 0..2 {
        loom::model(move || {
            let (cell, consumer) = inbox_at(4, start);
            let other = cell.clone();
            let first = thread::spawn(move || usize::from(cell.push(Arc::new(1)).is_ok()));
            let second = thread::spawn(move || usize::from(other.push(Arc::new(2)).is_ok()));
            let drained = consumer.close().count();
            assert_eq!(drained, first.join().unwrap() + second.join().unwrap());
        });
    }
}

#[test]
fn closing_while_parked_and_sent_to() {
    loom::model(|| {
        let (cell, mut consumer) = inbox(4);
        let sender = thread::spawn(move || drop(cell.push(Arc::new(1))));
        let mut cx = Context::from_waker(Waker::noop());
        let _ = consumer.poll_ready(&mut cx);
        drop(consumer);
        sender.join().unwrap();
    });
}

#[test]
fn waiting_for_room() {
    loom::model(|| {
        let (cell, mut consumer) = inbox(1);
        cell.push(Arc::new(1)).ok().unwrap();
        let sender = thread::spawn(move || block_on(cell.send(Arc::new(2))).unwrap());
        assert_eq!((take(&mut consumer), take(&mut consumer)), (1, 2));
        sender.join().unwrap();
    });
}

#[test]
fn two_wait_for_room() {
    model_within(2, || {
        let (cell, mut consumer) = inbox(1);
        cell.push(Arc::new(1)).ok().unwrap();
        let senders = [2, 3].map(|n| {
            let cell = cell.clone();
            thread::spawn(move || block_on(cell.send(Arc::new(n))).unwrap())
        });
        let got = [(); 3].map(|()| spin(&mut consumer));
        assert_eq!(got.iter().sum::<u64>(), 6);
        for sender in senders {
            sender.join().unwrap();
        }
    });
}

#[test]
fn a_waiter_that_gives_up_passes_its_wake_on() {
    model_within(2, || {
        let (cell, mut consumer) = inbox(1);
        cell.push(Arc::new(1)).ok().unwrap();
        let fickle = {
            let cell = cell.clone();
            let mut sending = Box::pin(Cell::send_owned(cell.clone(), Arc::new(9)));
            assert!(poll_once(sending.as_mut()).is_pending());
            thread::spawn(move || drop(sending))
        };
        let sender = thread::spawn(move || block_on(cell.send(Arc::new(2))).unwrap());
        assert_eq!((take(&mut consumer), take(&mut consumer)), (1, 2));
        fickle.join().unwrap();
        sender.join().unwrap();
    });
}

#[test]
fn room_is_waited_for_in_turn() {
    model_within(2, || {
        let (cell, mut consumer) = inbox(1);
        cell.push(Arc::new(1)).ok().unwrap();
        let room = thread::spawn({
            let cell = cell.clone();
            move || block_on(Cell::room(cell))
        });
        let sender = thread::spawn(move || block_on(cell.send(Arc::new(2))).unwrap());
        assert_eq!((spin(&mut consumer), spin(&mut consumer)), (1, 2));
        consumer.publish();
        room.join().unwrap();
        sender.join().unwrap();
    });
}

#[test]
fn closing_lets_waiters_go() {
    loom::model(|| {
        let (cell, consumer) = inbox(1);
        cell.push(Arc::new(1)).ok().unwrap();
        let sender = thread::spawn(move || block_on(cell.send(Arc::new(2))).is_err());
        let drain = consumer.close();
        assert!(sender.join().unwrap(), "before anything is drained");
        assert_eq!(drain.count(), 1);
    });
}

#[test]
fn an_interrupt_meets_a_parking_consumer() {
    loom::model(|| {
        let (cell, mut consumer) = inbox(4);
        let sender = thread::spawn(move || cell.interrupt());
        block_on(poll_fn(|cx| consumer.poll_ready(cx)));
        assert!(consumer.take_interrupt());
        sender.join().unwrap();
    });
}

#[test]
fn an_interrupt_meets_a_consumer_that_waits_for_something_else() {
    loom::model(|| {
        let (cell, mut consumer) = inbox(4);
        let sender = thread::spawn(move || cell.interrupt());
        block_on(poll_fn(|cx| {
            consumer.watch_interrupts(cx);
            if consumer.take_interrupt() { Poll::Ready(()) } else { Poll::Pending }
        }));
        sender.join().unwrap();
    });
}

#[test]
fn an_interrupt_and_a_message() {
    model_within(1, || {
        let (cell, mut consumer) = inbox(4);
        let other = cell.clone();
        let sender = thread::spawn(move || cell.push(Arc::new(1)).ok().unwrap());
        let killer = thread::spawn(move || other.interrupt());
        let (mut interrupted, mut message) = (false, None);
        while !interrupted || message.is_none() {
            block_on(poll_fn(|cx| consumer.poll_ready(cx)));
            interrupted |= consumer.take_interrupt();
            message = message.or_else(|| consumer.pop());
        }
        sender.join().unwrap();
        killer.join().unwrap();
    });
}

/// A waker that wakes another one, and yields first: its wake takes a while.
struct Slow(Waker);

impl Wake for Slow {
    fn wake(self: std::sync::Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &std::sync::Arc<Self>) {
        thread::yield_now();
        self.0.wake_by_ref();
    }
}

/// As [`take`], with a waker of its own.
fn take_slowly(consumer: &mut Consumer<Message, ()>) -> u64 {
    let mut own = None;
    block_on(poll_fn(|cx| {
        let own = own.get_or_insert_with(|| std::sync::Arc::new(Slow(cx.waker().clone())).into());
        match consumer.poll_ready(&mut Context::from_waker(own)) {
            Poll::Ready(()) => Poll::Ready(*consumer.pop().unwrap()),
            Poll::Pending => Poll::Pending,
        }
    }))
}

#[test]
fn the_consumer_changes_its_waker() {
    model_within(2, || {
        let (cell, mut consumer) = inbox(4);
        let sender = thread::spawn(move || {
            cell.push(Arc::new(1)).ok().unwrap();
            cell.push(Arc::new(2)).ok().unwrap();
        });
        let _ = consumer.poll_ready(&mut Context::from_waker(Waker::noop()));
        assert_eq!(take(&mut consumer), 1);
        let _ = consumer.poll_ready(&mut Context::from_waker(Waker::noop()));
        assert_eq!(take(&mut consumer), 2);
        sender.join().unwrap();
    });
}

#[test]
fn the_consumer_changes_its_waker_while_it_is_woken() {
    model_within(1, || {
        let (cell, mut consumer) = inbox(4);
        let other = cell.clone();
        let first = thread::spawn(move || cell.push(Arc::new(1)).ok().unwrap());
        let second = thread::spawn(move || other.push(Arc::new(1)).ok().unwrap());
        assert_eq!(take_slowly(&mut consumer), 1);
        assert_eq!(take_slowly(&mut consumer), 1);
        drop(consumer);
        first.join().unwrap();
        second.join().unwrap();
    });
}

#[test]
fn closing_while_a_sender_wakes() {
    loom::model(|| {
        let (cell, mut consumer) = inbox(4);
        let sender = thread::spawn(move || cell.push(Arc::new(1)).ok().unwrap());
        assert_eq!(take_slowly(&mut consumer), 1);
        drop(consumer);
        sender.join().unwrap();
    });
}

#[test]
fn interrupts_while_the_waker_changes_and_goes() {
    loom::model(|| {
        let (cell, mut consumer) = inbox(4);
        let sender = thread::spawn(move || {
            cell.push(Arc::new(1)).ok().unwrap();
            cell.interrupt();
        });
        assert_eq!(take_slowly(&mut consumer), 1);
        block_on(poll_fn(|cx| consumer.poll_ready(cx)));
        assert!(consumer.take_interrupt());
        drop(consumer);
        sender.join().unwrap();
    });
    loom::model(|| {
        let (cell, mut consumer) = inbox(4);
        let sender = thread::spawn(move || cell.interrupt());
        consumer.watch_interrupts(&Context::from_waker(Waker::noop()));
        consumer.watch_interrupts(&Context::from_waker(
            &std::sync::Arc::new(Slow(Waker::noop().clone())).into(),
        ));
        drop(consumer);
        sender.join().unwrap();
    });
}

/// Each test of the reply slot gives both ends to a thread of their own.
fn reply_model(promise_end: fn(Promise<Message>), reply_end: fn(Pin<&mut Reply<Message>>)) {
    loom::model(move || {
        let (promise, reply) = slot();
        let other = thread::spawn(move || promise_end(promise));
        let mut reply = Box::pin(reply);
        reply_end(reply.as_mut());
        drop(reply);
        other.join().unwrap();
    });
}

fn keep(promise: Promise<Message>) {
    drop(promise.complete(Arc::new(1)));
}

#[test]
fn answer_and_wait() {
    reply_model(keep, |reply| assert_eq!(*block_on(reply).unwrap(), 1));
    reply_model(keep, |mut reply| {
        // Another waker first.
        match poll_once(reply.as_mut()) {
            Poll::Ready(answer) => assert_eq!(*answer.unwrap(), 1),
            Poll::Pending => assert_eq!(*block_on(reply).unwrap(), 1),
        }
    });
}

#[test]
fn answer_and_abandon() {
    loom::model(|| {
        let (promise, reply) = slot();
        let other = thread::spawn(move || drop(reply));
        let _ = promise.complete(Arc::new(1));
        other.join().unwrap();
    });
    loom::model(|| {
        let (promise, mut reply) = slot();
        assert!(poll_once(pin!(&mut reply)).is_pending());
        let other = thread::spawn(move || drop(reply));
        let _ = promise.complete(Arc::new(1));
        other.join().unwrap();
    });
}

#[test]
fn a_promise_lost() {
    reply_model(drop, |reply| {
        assert_eq!(block_on(reply).unwrap_err(), Unanswered);
    });
    reply_model(drop, |mut reply| drop(poll_once(reply.as_mut())));
    reply_model(keep, |mut reply| drop(poll_once(reply.as_mut())));
}

#[test]
fn abandonment_is_noticed() {
    loom::model(|| {
        let (mut promise, reply) = slot::<Message>();
        let other = thread::spawn(move || drop(reply));
        block_on(poll_fn(|cx| promise.poll_abandoned(cx)));
        assert!(promise.complete(Arc::new(1)).is_err());
        other.join().unwrap();
    });
    loom::model(|| {
        let (mut promise, mut reply) = slot::<Message>();
        let other = thread::spawn(move || {
            let _ = poll_once(pin!(&mut reply));
        });
        let _ = promise.poll_abandoned(&mut Context::from_waker(Waker::noop()));
        drop(promise);
        other.join().unwrap();
    });
}

#[test]
fn a_serial_is_removed_and_its_slot_used_again() {
    loom::model(|| {
        let table = Arc::new(SerialTable::new());
        let old = table.reserve().unwrap().fill(1);
        let getter = {
            let table = table.clone();
            thread::spawn(move || table.get(old))
        };
        let remover = {
            let table = table.clone();
            thread::spawn(move || table.remove(old))
        };
        let new = table.reserve().unwrap().fill(2);
        assert!(matches!(getter.join().unwrap(), None | Some(1)));
        assert_eq!(remover.join().unwrap(), Some(1));
        assert_eq!((table.get(old), table.get(new)), (None, Some(2)));
        assert_eq!(table.len(), 1);
    });
}

#[test]
fn a_consumer_hibernates_while_a_sender_sends() {
    for index in [1, 2] {
        model_within(1, move || {
            let (cell, mut consumer) = inbox_at(4, index);
            let sender = thread::spawn(move || {
                for value in 1..=2 {
                    cell.push(Arc::new(value)).ok().unwrap();
                }
            });
            consumer.hibernate();
            for value in 1..=2 {
                assert_eq!(take(&mut consumer), value);
            }
            sender.join().unwrap();
        });
    }
}
