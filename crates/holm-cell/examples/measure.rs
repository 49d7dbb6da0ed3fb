//! Times the leaf's operations, in ns each: `measure [NAME]` runs all, or those whose name has NAME in it.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::{
    env,
    future::poll_fn,
    hint::{black_box, spin_loop},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Instant,
};

use holm_cell::{Capacity, Cell, Consumer, PooledFuture, PushError, SerialTable, cell, reply};

/// The shortest of these rounds counts: the machine's other work only ever adds.
const ROUNDS: usize = 100;

/// A name, and what runs and returns how often it did the thing.
type Measure = (&'static str, fn() -> u64);
type Message = [u64; 2];
type Inbox = (Arc<Cell<Message, ()>>, Consumer<Message, ()>);

fn main() {
    let filter = env::args().nth(1).unwrap_or_default();
    let all: [Measure; 11] = [
        ("queue.alone", alone),
        ("queue.one_producer", || across(1)),
        ("queue.two_producers", || across(2)),
        ("queue.park_wake", park_wake),
        ("queue.park_wake_arc", park_wake_arc),
        ("reply.same_thread", reply_same_thread),
        ("table.spawn_exit", spawn_exit),
        ("table.get", table_get),
        ("cell.new", cell_new),
        ("future.pooled", pooled_future),
        ("future.boxed", boxed_future),
    ];
    for (name, run) in all.into_iter().filter(|(name, _)| name.contains(&filter)) {
        let best = (0..ROUNDS).map(|_| time(run)).min_by(f64::total_cmp);
        println!("{name:24} {:8.2} ns", best.unwrap());
    }
}

fn time(run: fn() -> u64) -> f64 {
    let start = Instant::now();
    let count = run();
    start.elapsed().as_nanos() as f64 / count as f64
}

fn inbox() -> Inbox {
    cell(Capacity::new(1024).unwrap(), ())
}

/// 64 messages in, 64 out.
fn alone() -> u64 {
    const TURNS: u64 = 500;
    let (cell, mut consumer) = inbox();
    for turn in 0..TURNS {
        for n in 0..64 {
            cell.push([turn, black_box(n)]).unwrap();
        }
        for _ in 0..64 {
            black_box(consumer.pop().unwrap());
        }
    }
    TURNS * 64
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

/// How often a thread tries again before it waits: it measures the queue, not the system's
/// wake-ups.
const SPINS: usize = 1000;

fn push_or_wait(cell: &Cell<Message, ()>, mut message: Message) {
    for _ in 0..SPINS {
        match cell.push(message) {
            Err(PushError::Full(back)) => message = back,
            sent => return sent.unwrap(),
        }
        spin_loop();
    }
    block_on(cell.send(message)).unwrap();
}

async fn take(consumer: &mut Consumer<Message, ()>) -> Message {
    loop {
        for _ in 0..SPINS {
            if let Some(message) = consumer.pop() {
                return message;
            }
            spin_loop();
        }
        poll_fn(|cx| consumer.poll_ready(cx)).await;
    }
}

/// Producers on threads of their own.
fn across(producers: u64) -> u64 {
    const EACH: u64 = 200_000;
    let (cell, mut consumer) = inbox();
    let threads: Vec<_> = (0..producers)
        .map(|producer| {
            let cell = cell.clone();
            thread::spawn(move || (0..EACH).for_each(|n| push_or_wait(&cell, [producer, n])))
        })
        .collect();
    block_on(async {
        for _ in 0..producers * EACH {
            black_box(take(&mut consumer).await);
        }
    });
    for thread in threads {
        thread.join().unwrap();
    }
    producers * EACH
}

fn park_wake_with(waker: &Waker) -> u64 {
    const TURNS: u64 = 20_000;
    let (cell, mut consumer) = inbox();
    let mut cx = Context::from_waker(waker);
    for n in 0..TURNS {
        assert!(consumer.poll_ready(&mut cx).is_pending());
        cell.push([n, black_box(n)]).unwrap();
        black_box(consumer.pop().unwrap());
    }
    TURNS
}

/// One message at a time to a parked consumer, with a waker that does nothing at all.
fn park_wake() -> u64 {
    park_wake_with(Waker::noop())
}

struct Nothing;

impl Wake for Nothing {
    fn wake(self: Arc<Self>) {}
    fn wake_by_ref(self: &Arc<Self>) {}
}

/// The same with a waker that is counted, as those of tasks are.
fn park_wake_arc() -> u64 {
    park_wake_with(&Waker::from(Arc::new(Nothing)))
}

fn reply_same_thread() -> u64 {
    const TURNS: u64 = 20_000;
    let mut cx = Context::from_waker(Waker::noop());
    for n in 0..TURNS {
        let (promise, mut reply) = reply::slot();
        assert!(Pin::new(&mut reply).poll(&mut cx).is_pending());
        promise.complete(black_box(n)).unwrap();
        black_box(Pin::new(&mut reply).poll(&mut cx).is_ready());
    }
    TURNS
}

fn spawn_exit() -> u64 {
    const TURNS: u64 = 20_000;
    let table = SerialTable::new();
    let value = Arc::new(1);
    let kept: Vec<_> = (0..100).map(|_| table.reserve().unwrap().fill(value.clone())).collect();
    for _ in 0..TURNS {
        let serial = table.reserve().unwrap().fill(value.clone());
        black_box(table.remove(serial).unwrap());
    }
    black_box(kept);
    TURNS
}

fn table_get() -> u64 {
    const TURNS: u64 = 20_000;
    let table = SerialTable::new();
    let value = Arc::new(1);
    let serial = table.reserve().unwrap().fill(value);
    for _ in 0..TURNS {
        black_box(table.get(black_box(serial)).unwrap());
    }
    TURNS
}

fn cell_new() -> u64 {
    const TURNS: u64 = 20_000;
    for _ in 0..TURNS {
        drop(black_box(inbox()));
    }
    TURNS
}

/// A handler's future that needs no wait, with an argument of 32 bytes.
async fn handler(argument: [u64; 4]) -> u64 {
    argument.iter().sum()
}

fn pooled_future() -> u64 {
    future(|argument| PooledFuture::new(|| handler(argument)))
}

fn boxed_future() -> u64 {
    future(|argument| Box::pin(handler(argument)))
}

fn future<F: Future + Unpin>(make: impl Fn([u64; 4]) -> F) -> u64 {
    const TURNS: u64 = 20_000;
    let mut cx = Context::from_waker(Waker::noop());
    for n in 0..TURNS {
        let mut future = make([black_box(n); 4]);
        let _ = black_box(Pin::new(black_box(&mut future)).poll(&mut cx).is_ready());
    }
    TURNS
}
