//! A consumer that gives up the memory of its queue.

use std::task::{Context, Poll, Waker};

use holm_cell::{Capacity, cell};

#[test]
fn order_bound_and_parking_survive_it() {
    let (cell, mut consumer) = cell::<u64, ()>(Capacity::new(8).unwrap(), ());
    let mut cx = Context::from_waker(Waker::noop());
    let (mut sent, mut taken) = (0, 0);
    for round in 0..200 {
        for _ in 0..round % 9 {
            cell.push(sent).unwrap();
            sent += 1;
        }
        assert_eq!(cell.push(u64::MAX).is_err(), round % 9 == 8, "the bound is exact");
        if round % 9 != 8 {
            sent += 1;
        }
        // Not empty: nothing happens.
        consumer.hibernate();
        while let Some(value) = consumer.pop() {
            if value != u64::MAX {
                assert_eq!(value, taken);
            }
            taken += 1;
        }
        assert_eq!(sent, taken);
        if round % 2 == 0 {
            assert_eq!(consumer.poll_ready(&mut cx), Poll::Pending);
        }
        consumer.publish();
        consumer.hibernate();
        consumer.hibernate();
        assert!(cell.is_empty() && consumer.is_empty());
    }
    cell.push(0).unwrap();
    assert_eq!(consumer.close().collect::<Vec<_>>(), [0]);
}
