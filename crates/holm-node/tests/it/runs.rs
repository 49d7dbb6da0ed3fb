//! Messages that follow each other to one actor are appended together, and nobody can tell.

use holm::{Capacity, Policy, SpawnOptions};

use crate::actors::Log;
use crate::support::*;

/// More than are gathered at once, twice, and one more.
const MANY: u64 = 129;

#[tokio::test]
async fn a_run_is_in_order_with_what_comes_between() {
    let (a, b) = pair().await;
    let (one, other) = (b.spawn(Log::default()), b.spawn(Log::default()));
    let (one, other) = (reach(&a, &one), reach(&a, &other));
    one.note(0).await.unwrap();
    other.note(0).await.unwrap();
    // All of it goes out in one write: nothing else runs meanwhile.
    let mut counts = Vec::new();
    let mut sent = 0;
    for length in [1, 2, 3, MANY, 64, 65, 66] {
        for _ in 0..length {
            sent += 1;
            one.cast().note(sent).unwrap();
        }
        let mut count = Box::pin(async { one.count().await });
        begin(&mut count).await;
        counts.push((sent, count));
        for number in 1..=length {
            sent += 1;
            other.cast().note(number).unwrap();
            one.cast().note(sent).unwrap();
        }
    }
    for (before, count) in counts {
        assert_eq!(count.await, Ok(before + 1));
    }
    assert_eq!(one.entries().await.unwrap(), (0..=sent).collect::<Vec<_>>());
    assert_eq!(other.count().await.unwrap(), 331);
}

#[tokio::test]
async fn a_run_says_when_it_is_beyond_the_inbox() {
    let (a, b) = pair().await;
    let spawn = |policy| {
        let options = SpawnOptions::default().mailbox(Capacity::new(100).unwrap()).policy(policy);
        let log = b.spawn_with(Log::default(), options);
        let cell = b.system().find(log.pid()).unwrap();
        let (note, _) = cell.method("note").unwrap();
        (log, cell, note)
    };
    let (log, cell, note) = spawn(Policy::Block);
    let mut gathering = cell.gather().unwrap();
    let mut body = Vec::new();
    holm::wire::encode_positional(&(7_u64,), &mut body).unwrap();
    let mut gather = |count| {
        for at in 1..=count {
            assert_eq!(gathering.add(note, &body).unwrap(), at >= 64, "{at}");
        }
        gathering.release()
    };
    // 100 are not beyond it, 101 are.
    assert_eq!(
        [gather(64), gather(36), gather(1), gather(64)],
        [Ok(false), Ok(false), Ok(true), Ok(true)]
    );
    assert_eq!(reach(&a, &log).count().await, Ok(165));
    let end = b.monitor(log.pid());
    log.exit(shutdown("s"));
    end.await;
    assert_eq!(gather(9), Err(9));
    assert!(spawn(Policy::DropNew).1.gather().is_none());
}
