//! A hundred thousand processes that wait with a timeout each.

use std::time::Duration;

use holm_actor::{Inbox, Monitor};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::support::*;

/// In an order of their own, a millisecond apart: each fires on time and in its turn.
#[tokio::test(start_paused = true)]
async fn many_timeouts_fire_in_order_and_on_time() {
    // A prime, so that every delay below it comes once.
    let count: u64 = if is_long() { 100_003 } else { 10_007 };
    let system = system();
    let (fired, mut order) = mpsc::unbounded_channel();
    let start = Instant::now();
    let ends: Vec<Monitor> = (0..count)
        .map(|n| {
            let delay = Duration::from_millis(1 + n * 7_919 % count);
            let fired = fired.clone();
            let process = system.spawn_fn(move |mut inbox: Inbox<()>| async move {
                assert!(inbox.recv_timeout(delay).await.is_none());
                fired.send((delay, start.elapsed())).unwrap();
            });
            system.monitor(process.pid())
        })
        .collect();
    drop(fired);
    for expected in 1..=count {
        let (delay, elapsed) = order.recv().await.unwrap();
        assert_eq!(delay, Duration::from_millis(expected));
        assert_eq!(elapsed, delay);
    }
    for end in ends {
        end.await;
    }
    assert_eq!(system.actors(), 0);
}
