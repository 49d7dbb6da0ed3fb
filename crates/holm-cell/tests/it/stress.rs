//! Many threads: nothing lost, nothing twice, order kept, everybody served.

use std::{
    future::poll_fn,
    sync::{
        Arc, Barrier,
        atomic::{AtomicU64, Ordering},
    },
    task::Context,
    thread,
};

use holm_cell::{Cell, PushError, cell};

use crate::support::{Counted, Drops, Wakes, block_on, capacity, take};

const SENDERS: u64 = 16;

/// `number` is `sender << 32 | count`.
fn send_all(cell: &Cell<Counted, ()>, drops: &Drops, sender: u64, count: u64) {
    for n in 0..count {
        let message = drops.value(sender << 32 | n);
        match n % 3 {
            0 => block_on(cell.send(message)).unwrap(),
            1 => {
                if let Err(PushError::Full(message)) = cell.push(message) {
                    block_on(cell.send(message)).unwrap();
                }
            }
            _ => {
                // A send that is polled once and dropped, then the real one.
                let spare = drops.value(u64::MAX);
                let (_wakes, waker) = Wakes::new();
                let mut given_up = Box::pin(cell.send(message));
                if given_up.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
                    drop(given_up);
                    block_on(cell.send(drops.value(sender << 32 | n))).unwrap();
                }
                drop(spare);
            }
        }
    }
}

fn all_arrive_in_order(bound: u32, count: u64) {
    let drops = Drops::default();
    let (cell, mut consumer) = cell(capacity(bound), ());
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (cell, drops) = (cell.clone(), drops.clone());
            thread::spawn(move || send_all(&cell, &drops, sender, count))
        })
        .collect();
    let mut next = [0; SENDERS as usize];
    block_on(async {
        for _ in 0..SENDERS * count {
            let number = take(&mut consumer).await.number;
            let sender = (number >> 32) as usize;
            assert_eq!(number & 0xffff_ffff, next[sender], "sender {sender}");
            next[sender] += 1;
        }
    });
    for sender in senders {
        sender.join().unwrap();
    }
    assert_eq!(next, [count; SENDERS as usize]);
    assert!(consumer.pop().is_none());
}

#[test]
fn sixteen_senders_at_capacity_one() {
    all_arrive_in_order(1, 2_000);
}

#[test]
fn sixteen_senders_at_capacity_three() {
    all_arrive_in_order(3, 5_000);
}

#[test]
fn sixteen_senders_with_room() {
    all_arrive_in_order(256, 20_000);
}

#[test]
fn runs_and_single_messages_mix() {
    let (cell, mut consumer) = cell(capacity(64), ());
    const RUNS: u64 = 2_000;
    let senders: Vec<_> = (0..4u64)
        .map(|sender| {
            let cell = cell.clone();
            thread::spawn(move || {
                let mut n = 0;
                let mut run = Vec::new();
                for length in 0..RUNS {
                    run.extend((n..n + length % 70).map(|n| sender << 32 | n));
                    n += length % 70;
                    cell.push_all(&mut run).unwrap();
                    cell.push_unbounded(sender << 32 | n).unwrap();
                    n += 1;
                }
                n
            })
        })
        .collect();
    let mut next = [0; 4];
    let total: u64 = 4 * (0..RUNS).map(|length| length % 70 + 1).sum::<u64>();
    block_on(async {
        for _ in 0..total {
            let number = take(&mut consumer).await;
            let sender = (number >> 32) as usize;
            assert_eq!(number & 0xffff_ffff, next[sender]);
            next[sender] += 1;
        }
    });
    for (sender, sent) in senders.into_iter().zip(next) {
        assert_eq!(sender.join().unwrap(), sent);
    }
}

#[test]
fn closing_while_sending_loses_nothing() {
    for round in 0..300 {
        let drops = Drops::default();
        let made = Arc::new(AtomicU64::new(0));
        let accepted = Arc::new(AtomicU64::new(0));
        let (cell, mut consumer) = cell(capacity([1, 7, 200][round % 3]), ());
        let start = Arc::new(Barrier::new(5));
        let senders: Vec<_> = (0..4)
            .map(|sender| {
                let (cell, drops, start) = (cell.clone(), drops.clone(), start.clone());
                let (made, accepted) = (made.clone(), accepted.clone());
                thread::spawn(move || {
                    start.wait();
                    for n in 0.. {
                        made.fetch_add(1, Ordering::Relaxed);
                        let message = drops.value(n);
                        let sent = match sender {
                            0 => cell.push_unbounded(message).is_ok(),
                            1 => cell.push_all(&mut vec![message]).is_ok(),
                            _ => block_on(cell.send(message)).is_ok(),
                        };
                        if !sent {
                            assert!(cell.is_closed());
                            return;
                        }
                        accepted.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        start.wait();
        let mut got = 0;
        block_on(async {
            for _ in 0..round * 3 {
                drop(take(&mut consumer).await);
                got += 1;
            }
        });
        got += consumer.close().count() as u64;
        for sender in senders {
            sender.join().unwrap();
        }
        assert_eq!(got, accepted.load(Ordering::Relaxed));
        assert_eq!(drops.count() as u64, made.load(Ordering::Relaxed));
    }
}

#[test]
fn interrupts_are_never_lost() {
    let (cell, mut consumer) = cell::<u64, ()>(capacity(8), ());
    let (seen_by_sender, mut seen) = holm_cell::cell::<u64, ()>(capacity(8), ());
    let sender = thread::spawn(move || {
        for n in 0..20_000 {
            cell.interrupt();
            if n % 2 == 0 {
                cell.push_unbounded(n).unwrap();
            }
            assert_eq!(block_on(take(&mut seen)), n);
        }
    });
    block_on(async {
        for n in 0..20_000 {
            poll_fn(|cx| consumer.poll_ready(cx)).await;
            while !consumer.take_interrupt() {
                consumer.pop();
                poll_fn(|cx| consumer.poll_ready(cx)).await;
            }
            seen_by_sender.push(n).unwrap();
        }
    });
    sender.join().unwrap();
}
