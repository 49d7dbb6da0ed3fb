//! Processes for which nothing arrives.

use std::time::Duration;

use holm_actor::{Inbox, Process, Received, Ref, Signal, SpawnOptions};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::size::live_bytes;
use crate::support::*;

const IDLE: Duration = Duration::from_secs(10);

/// Whether it hibernates before, just then, or later.
#[tokio::test(start_paused = true)]
async fn an_idle_process_hears_so_again_and_again() {
    for hibernates in [None, Some(IDLE / 3), Some(IDLE), Some(2 * IDLE)] {
        let (seen, mut all) = mpsc::channel(8);
        let mut options = SpawnOptions::default();
        options.hibernate_after = hibernates;
        let process = system().spawn_fn_with(options, |mut inbox: Inbox<u64>| async move {
            inbox.cx().idle_after(Some(IDLE));
            loop {
                seen.send(inbox.recv().await).await.unwrap();
            }
        });
        let start = Instant::now();
        for round in 1..=3 {
            assert!(matches!(all.recv().await, Some(Received::Signal(Signal::Idle))));
            assert_eq!(start.elapsed(), round * IDLE);
        }
        tokio::time::sleep(IDLE / 2).await;
        process.tell(1).unwrap();
        assert!(matches!(all.recv().await, Some(Received::Msg(1))));
        assert!(matches!(all.recv().await, Some(Received::Signal(Signal::Idle))));
        assert_eq!(start.elapsed(), 3 * IDLE + IDLE / 2 + IDLE, "counted from the last message");
    }
}

/// A receive that does not want it waits on.
#[tokio::test(start_paused = true)]
async fn idleness_that_nobody_wants_is_passed_over() {
    let (seen, mut all) = mpsc::channel(8);
    let process = system().spawn_fn(|mut inbox: Inbox<u64>| async move {
        inbox.cx().idle_after(Some(IDLE));
        let wanted = inbox.recv_if(|received| matches!(received, Received::Msg(_))).await;
        seen.send(wanted).await.unwrap();
        assert!(inbox.try_recv().is_none());
        seen.send(inbox.recv().await).await.unwrap();
    });
    tokio::time::sleep(5 * IDLE + IDLE / 2).await;
    process.tell(1).unwrap();
    assert!(matches!(all.recv().await, Some(Received::Msg(1))));
    assert!(matches!(all.recv().await, Some(Received::Signal(Signal::Idle))));
}

/// Bytes that each of many processes gives back once it is idle.
async fn given_back(options: SpawnOptions) -> isize {
    const PROCESSES: isize = 256;
    let system = system();
    let (seen, mut all) = mpsc::channel(8);
    let spawn = |_| {
        let seen = seen.clone();
        system.spawn_fn_with(options, |mut inbox: Inbox<u64>| async move {
            loop {
                if let Received::Msg(number) = inbox.recv().await {
                    seen.send(number).await.unwrap();
                }
            }
        })
    };
    let processes: Vec<Ref<Process<u64>>> = (0..PROCESSES).map(spawn).collect();
    for process in &processes {
        process.tell(1).unwrap();
        assert_eq!(all.recv().await, Some(1));
    }
    let awake = live_bytes();
    tokio::time::sleep(IDLE).await;
    let given_back = (awake - live_bytes()) / PROCESSES;
    for process in &processes {
        process.tell(2).unwrap();
        assert_eq!(all.recv().await, Some(2), "it works on");
    }
    system.shutdown("").await;
    given_back
}

#[tokio::test(start_paused = true)]
async fn a_process_that_hibernates_gives_up_the_memory_of_its_inbox() {
    let (awake, hibernating) = (
        given_back(SpawnOptions::default()).await,
        given_back(SpawnOptions::default().hibernate_after(IDLE / 2)).await,
    );
    assert_eq!(awake, 0);
    assert!(hibernating >= 50, "{hibernating} bytes");
}
