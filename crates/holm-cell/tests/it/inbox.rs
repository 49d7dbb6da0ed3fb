//! One thread: bound, order, parking, wakes, interrupts, closing, sizes.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    task::{Context, Poll, Wake, Waker},
};

use holm_cell::{Capacity, Cell, Closed, Consumer, PushError, cell};

use crate::support::{Drops, Wakes, capacity};

fn poll<T, H>(consumer: &mut Consumer<T, H>, waker: &Waker) -> Poll<()> {
    consumer.poll_ready(&mut Context::from_waker(waker))
}

#[test]
fn sizes_stay_small() {
    println!(
        "cell {} B, consumer {} B",
        size_of::<Cell<u64, ()>>(),
        size_of::<Consumer<u64, ()>>()
    );
    assert!(size_of::<Cell<[u64; 8], ()>>() <= 80);
    assert!(size_of::<Consumer<[u64; 8], ()>>() <= 40);
    assert_eq!(size_of::<Option<Consumer<u64, ()>>>(), size_of::<Consumer<u64, ()>>());
}

#[test]
fn capacity_is_checked() {
    assert_eq!(Capacity::new(0), None);
    assert_eq!(Capacity::new(Capacity::MAX + 1), None);
    assert_eq!(capacity(7).messages(), 7);
}

#[test]
fn the_bound_is_exact_and_signals_ignore_it() {
    let (cell, mut consumer) = cell(capacity(100), ());
    for n in 0..100 {
        cell.push(n).unwrap();
    }
    assert_eq!(cell.push(100), Err(PushError::Full(100)));
    cell.push_unbounded(100).unwrap();
    assert_eq!(consumer.pop(), Some(0));
    consumer.publish();
    assert_eq!(cell.push(101), Err(PushError::Full(101)), "the signal counts");
    assert_eq!(consumer.pop(), Some(1));
    consumer.publish();
    cell.push(101).unwrap();
    assert_eq!((cell.len(), consumer.len()), (100, 100));
    assert_eq!(consumer.close().collect::<Vec<_>>(), (2..102).collect::<Vec<_>>());
}

#[test]
fn room_shows_after_a_quarter_at_most() {
    let (cell, mut consumer) = cell(capacity(8), ());
    cell.push_all(&mut (0..8).collect()).unwrap();
    assert_eq!(consumer.pop(), Some(0));
    assert!(cell.push(8).is_err());
    assert_eq!(consumer.pop(), Some(1));
    cell.push(8).unwrap();
    cell.push(9).unwrap();
    assert!(cell.push(10).is_err());
}

#[test]
fn a_run_comes_in_order_and_wakes_once() {
    let (cell, mut consumer) = cell(capacity(4), ());
    let (wakes, waker) = Wakes::new();
    assert_eq!(poll(&mut consumer, &waker), Poll::Pending);
    let mut run: Vec<u64> = (0..1000).collect();
    let memory = run.capacity();
    cell.push_all(&mut run).unwrap();
    assert_eq!((run.len(), run.capacity()), (0, memory));
    assert_eq!(wakes.count(), 1);
    for n in 0..1000 {
        assert_eq!(consumer.pop(), Some(n));
    }
    assert_eq!(consumer.pop(), None);
    drop(consumer);
    run.extend([1, 2]);
    assert_eq!(cell.push_all(&mut run), Err(Closed(())));
    assert_eq!(run, [1, 2]);
}

#[test]
fn a_burst_wakes_once() {
    let (cell, mut consumer) = cell(capacity(1024), ());
    let (wakes, waker) = Wakes::new();
    for burst in 1..=100 {
        assert_eq!(poll(&mut consumer, &waker), Poll::Pending);
        for n in 0..burst {
            cell.push(n).unwrap();
        }
        assert_eq!(wakes.count(), burst);
        assert_eq!(poll(&mut consumer, &waker), Poll::Ready(()));
        for n in 0..burst {
            assert_eq!(consumer.pop(), Some(n));
        }
    }
}

#[test]
fn the_latest_waker_is_woken() {
    let (cell, mut consumer) = cell(capacity(4), ());
    let (first, first_waker) = Wakes::new();
    let (second, second_waker) = Wakes::new();
    assert_eq!(poll(&mut consumer, &first_waker), Poll::Pending);
    assert_eq!(poll(&mut consumer, &second_waker), Poll::Pending);
    cell.push(1).unwrap();
    cell.interrupt();
    assert_eq!((first.count(), second.count()), (0, 2));
    assert_eq!(Arc::strong_count(&first), 2, "nothing keeps a waker that was replaced");
    drop(consumer);
    assert_eq!(Arc::strong_count(&second), 2, "a closed cell keeps no waker");
}

#[test]
fn a_cell_closed_while_parked_keeps_no_waker() {
    let (cell, mut consumer) = cell::<u64, _>(capacity(4), ());
    let (wakes, waker) = Wakes::new();
    assert_eq!(poll(&mut consumer, &waker), Poll::Pending);
    drop(consumer.close());
    cell.interrupt();
    assert_eq!((wakes.count(), Arc::strong_count(&wakes)), (0, 2));
}

/// Drops or re-registers its consumer's waker from inside a wake.
struct Meddler(Mutex<Option<Consumer<u64, ()>>>, bool);

impl Wake for Meddler {
    fn wake(self: Arc<Self>) {
        let mut consumer = self.0.lock().unwrap();
        if let Some(inbox) = &mut *consumer {
            assert_eq!(inbox.pop(), Some(1));
            assert_eq!(poll(inbox, Waker::noop()), Poll::Pending);
        }
        if self.1 {
            *consumer = None;
        }
    }
}

#[test]
fn a_wake_may_change_the_waker_and_close_the_cell() {
    for closes in [false, true] {
        let (cell, mut consumer) = cell(capacity(4), ());
        let meddler = Arc::new(Meddler(Mutex::new(None), closes));
        assert_eq!(poll(&mut consumer, &meddler.clone().into()), Poll::Pending);
        *meddler.0.lock().unwrap() = Some(consumer);
        cell.push(1).unwrap();
        assert_eq!(cell.is_closed(), closes);
        if let Some(mut consumer) = meddler.0.lock().unwrap().take() {
            // The waker goes where no sender may be using it, and changes there.
            cell.push(2).unwrap();
            assert_eq!(consumer.pop(), Some(2));
            let (wakes, waker) = Wakes::new();
            assert_eq!(poll(&mut consumer, &waker), Poll::Pending);
            assert_eq!(poll(&mut consumer, &waker), Poll::Pending);
            cell.push(3).unwrap();
            cell.interrupt();
            assert_eq!(wakes.count(), 2);
            assert_eq!(poll(&mut consumer, Waker::noop()), Poll::Ready(()));
            drop(consumer);
            assert_eq!(Arc::strong_count(&wakes), 2);
        }
        drop(cell);
        assert_eq!(Arc::strong_count(&meddler), 1, "the cell was its last other owner");
    }
}

#[test]
fn an_interrupt_wakes_and_stays_until_taken() {
    let (cell, mut consumer) = cell::<u64, _>(capacity(4), ());
    let (wakes, waker) = Wakes::new();
    cell.interrupt();
    assert!(consumer.is_interrupted());
    assert_eq!(poll(&mut consumer, &waker), Poll::Ready(()));
    assert!(consumer.take_interrupt());
    assert!(!consumer.take_interrupt());
    assert_eq!(poll(&mut consumer, &waker), Poll::Pending);
    cell.interrupt();
    cell.interrupt();
    assert_eq!(wakes.count(), 2);
    assert_eq!(poll(&mut consumer, &waker), Poll::Ready(()));
    assert_eq!(poll(&mut consumer, &waker), Poll::Ready(()));
    assert!(consumer.take_interrupt());
    assert_eq!(poll(&mut consumer, &waker), Poll::Pending);
    cell.push(1).unwrap();
    assert_eq!(wakes.count(), 3, "it is still parked after an interrupt");
}

#[test]
fn closing_hands_out_or_drops_everything() {
    let drops = Drops::default();
    let (cell, mut consumer) = cell(capacity(1000), ());
    for n in 0..200 {
        cell.push(drops.value(n)).unwrap();
    }
    for n in 0..50 {
        assert_eq!(consumer.pop().unwrap().number, n);
    }
    assert_eq!(drops.count(), 50);
    let mut drain = consumer.close();
    assert!(cell.is_closed());
    assert_eq!(drain.len(), 150);
    assert_eq!(drain.next().unwrap().number, 50);
    assert!(matches!(cell.push(drops.value(200)), Err(PushError::Closed(_))));
    assert!(cell.push_unbounded(drops.value(201)).is_err());
    assert_eq!(drops.count(), 53);
    drop(drain);
    assert_eq!(drops.count(), 202);
}

#[test]
fn a_panicking_drop_does_not_lose_the_rest() {
    struct Bomb(Option<Drops>, bool);
    impl Drop for Bomb {
        fn drop(&mut self) {
            drop(self.0.take().map(|drops| drops.value(0)));
            assert!(!self.1, "on purpose");
        }
    }
    let drops = Drops::default();
    let (cell, consumer) = cell(capacity(100), ());
    for n in 0..100 {
        cell.push(Bomb(Some(drops.clone()), n == 10)).ok().unwrap();
    }
    assert!(catch_unwind(AssertUnwindSafe(|| drop(consumer))).is_err());
    assert_eq!(drops.count(), 100);
}

#[test]
fn odd_message_types() {
    let (units, mut consumer) = cell(capacity(100), ());
    units.push_all(&mut vec![(); 100]).unwrap();
    assert_eq!(std::iter::from_fn(|| consumer.pop()).count(), 100);

    #[repr(align(256))]
    #[derive(Debug, PartialEq)]
    struct Wide(u8);
    let (wide, mut consumer) = cell(capacity(100), ());
    for n in 0..50 {
        wide.push(Wide(n)).unwrap();
    }
    for n in 0..50 {
        assert_eq!(consumer.pop(), Some(Wide(n)));
    }
}

#[test]
fn the_header_lives_as_long_as_the_cell() {
    let drops = Drops::default();
    let (cell, consumer) = cell::<u64, _>(capacity(1), drops.value(7));
    drop(consumer);
    assert_eq!((cell.header().number, drops.count()), (7, 0));
    drop(cell);
    assert_eq!(drops.count(), 1);
}
