//! Pooled futures: one drop each, blocks used again, panics, odd sizes, threads.

use std::{
    cell::RefCell,
    future::{poll_fn, ready},
    marker::PhantomPinned,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    ptr,
    task::{Context, Poll, Waker},
    thread,
};

use holm_cell::PooledFuture;

use crate::support::{Counted, Drops, block_on};

fn poll<F: Future>(future: &mut PooledFuture<F>) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Tells where it lies, and that its content is whole.
struct Place<T>(T, PhantomPinned);

impl<T> Future for Place<T> {
    type Output = usize;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<usize> {
        Poll::Ready(ptr::from_ref(&*self).addr())
    }
}

fn place<T>(content: T) -> PooledFuture<Place<T>> {
    PooledFuture::new(|| Place(content, PhantomPinned))
}

#[test]
fn it_is_a_pointer() {
    assert_eq!(size_of::<PooledFuture<Place<[u64; 99]>>>(), 8);
    assert_eq!(size_of::<Option<PooledFuture<Place<u8>>>>(), 8);
}

#[test]
fn the_future_stays_where_it_is_and_is_dropped_once() {
    let drops = Drops::default();
    let mut first = place(drops.value(1));
    let at = poll(&mut first);
    let mut moved = Box::new(first);
    assert_eq!(poll(&mut moved), at);
    assert_eq!(drops.count(), 0);
    drop(moved);
    assert_eq!(drops.count(), 1);
    assert_eq!(poll(&mut place(drops.value(2))), at, "the block is used again");
    assert_ne!(poll(&mut place([0u64; 30])), at, "another size");
    assert_eq!(drops.count(), 2);
}

#[test]
fn an_async_block_runs_to_its_end() {
    let drops = Drops::default();
    let value = drops.value(7);
    let future = PooledFuture::new(|| async {
        let mut waited = false;
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        value.number
    });
    assert_eq!(block_on(future), 7);
    drop(value);
    assert_eq!(drops.count(), 1);
}

#[test]
fn odd_sizes_and_alignments() {
    #[repr(align(128))]
    struct Wide(#[expect(dead_code, reason = "gives it a size")] u8);
    #[repr(align(128))]
    struct WideNothing;
    for _ in 0..100 {
        let mut wide = [place(Wide(1)), place(Wide(2))];
        let at = wide.each_mut().map(poll);
        assert!(
            at.iter().all(|at| matches!(at, Poll::Ready(at) if at % 128 == 0)) && at[0] != at[1]
        );
        assert!(matches!(poll(&mut place(WideNothing)), Poll::Ready(at) if at % 128 == 0));
        assert_eq!(poll(&mut PooledFuture::new(|| ready(()))), Poll::Ready(()));
        assert!(poll(&mut place([7u8; 5000])).is_ready());
    }
}

#[test]
fn many_at_once_are_apart() {
    let drops = Drops::default();
    let mut all: Vec<_> = (0..2000).map(|n| PooledFuture::new(|| ready(drops.value(n)))).collect();
    for round in 0..3 {
        for n in (0..2000).step_by(3) {
            all[n] = PooledFuture::new(|| ready(drops.value(n as u64)));
        }
        assert_eq!(drops.count(), (round + 1) * 667);
    }
    for (n, mut future) in all.into_iter().enumerate() {
        assert!(
            matches!(poll(&mut future), Poll::Ready(Counted { number, .. }) if number == n as u64)
        );
    }
    assert_eq!(drops.count(), 3 * 667 + 2000);
}

#[test]
fn panics_lose_neither_drops_nor_blocks() {
    struct Bomb(Counted);
    impl Future for Bomb {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            panic!("on purpose, {}", self.0.number)
        }
    }
    struct Mine(#[expect(dead_code, reason = "it is dropped")] Place<Counted>);
    impl Drop for Mine {
        fn drop(&mut self) {
            panic!("on purpose")
        }
    }
    impl Future for Mine {
        type Output = usize;
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<usize> {
            Poll::Ready(ptr::from_ref(&*self).addr())
        }
    }
    let drops = Drops::default();
    let at = poll(&mut place(drops.value(0)));
    let failed =
        catch_unwind(AssertUnwindSafe(|| PooledFuture::<Bomb>::new(|| panic!("on purpose"))));
    assert!(failed.is_err());
    assert_eq!(poll(&mut place(drops.value(1))), at, "the block came back");

    let mut bomb = PooledFuture::new(|| Bomb(drops.value(2)));
    assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut bomb))).is_err());
    assert_eq!(drops.count(), 2);
    drop(bomb);
    assert_eq!(drops.count(), 3);

    let mut mine = PooledFuture::new(|| Mine(Place(drops.value(3), PhantomPinned)));
    assert_eq!(poll(&mut mine), at);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(mine))).is_err());
    assert_eq!(drops.count(), 4);
    assert_eq!(poll(&mut place(drops.value(4))), at);
}

#[test]
fn a_drop_may_make_others() {
    struct Nest(u32, Drops);
    impl Drop for Nest {
        fn drop(&mut self) {
            if self.0 > 0 {
                let mut inner = place(Self(self.0 - 1, self.1.clone()));
                assert!(poll(&mut inner).is_ready());
            }
            drop(self.1.value(0));
        }
    }
    let drops = Drops::default();
    drop(place(Nest(5, drops.clone())));
    assert_eq!(drops.count(), 6);
}

#[test]
fn dropped_elsewhere_and_while_threads_end() {
    thread_local!(static LAST: RefCell<Vec<PooledFuture<Place<Counted>>>> = const { RefCell::new(Vec::new()) });
    let drops = Drops::default();
    for early in [false, true] {
        let mine: Vec<_> = (0..100).map(|n| place(drops.value(n))).collect();
        let theirs = drops.clone();
        let thread = thread::spawn(move || {
            // The order of first use decides which thread-local is destroyed first.
            if early {
                drop(mine);
            }
            LAST.with_borrow_mut(|last| last.extend((0..100).map(|n| place(theirs.value(n)))));
        });
        thread.join().unwrap();
    }
    assert_eq!(drops.count(), 400);
}
