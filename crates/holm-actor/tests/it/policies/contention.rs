//! Sixteen senders and an inbox for one message: every message is accounted for.

use holm_actor::{CallError, Policy, SendError};

use super::*;

const SENDERS: u64 = 16;
const EACH: u64 = 1_500;

/// What became of messages, as their senders saw it.
#[derive(Default)]
struct Tally {
    accepted: u64,
    /// Handed back by a cast or send, or refused to a call.
    full: u64,
    /// Calls that were dropped.
    dropped: u64,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.full += other.full;
        self.dropped += other.dropped;
    }

    fn note_send(&mut self, outcome: Result<(), SendError<Paper>>) {
        match outcome {
            Ok(()) => self.accepted += 1,
            Err(SendError::Full(_)) => self.full += 1,
            Err(error) => panic!("{error}"),
        }
    }

    fn note_call(&mut self, outcome: Result<(), CallError>) {
        match outcome {
            Ok(()) => self.accepted += 1,
            Err(CallError::Full) => self.full += 1,
            Err(CallError::Dropped) => self.dropped += 1,
            Err(error) => panic!("{error}"),
        }
    }
}

async fn send_all(desk: Ref<Desk>, sender: u64) -> Tally {
    let mut tally = Tally::default();
    for number in 0..EACH {
        let value = sender * EACH + number;
        let paper = || keyed(value % 4, value);
        match number % 3 {
            0 => tally.note_send(desk.tell(paper())),
            1 => tally.note_send(desk.send(paper()).await),
            _ => tally.note_call(desk.ask(asked(value)).await),
        }
    }
    tally
}

/// What the senders saw, what was handled, and what was counted.
async fn contend(policy: Policy) -> (Tally, u64, PolicyCounters) {
    let system = system();
    let (sink, mut handled) = mpsc::unbounded_channel();
    let desk = system.spawn_with(Desk(sink), room_for(1).policy(policy));
    let senders: Vec<_> =
        (0..SENDERS).map(|sender| tokio::spawn(send_all(desk.clone(), sender))).collect();
    let mut tally = Tally::default();
    for sender in senders {
        tally.add(&sender.await.unwrap());
    }
    // One more call, after all others; under some policies it is dropped while there are others.
    let mut last = Err(CallError::Dropped);
    while last.is_err() {
        last = desk.ask(asked(u64::MAX)).await;
        tally.note_call(last.clone());
    }
    let counters = system.inspect(desk.pid()).unwrap().policy;
    let end = system.monitor(desk.pid());
    desk.kill();
    end.await;
    let mut next = [0; SENDERS as usize];
    let mut count = 0;
    while let Some(Handled::Item(value)) = handled.recv().await {
        count += 1;
        if value < SENDERS * EACH {
            let (sender, number) = ((value / EACH) as usize, value % EACH);
            assert!(number >= next[sender], "{policy:?}: {number} of {sender} twice or late");
            next[sender] = number + 1;
        }
    }
    (tally, count, counters)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn block_handles_all_that_it_accepts() {
    let (tally, handled, counters) = contend(Policy::Block).await;
    assert_eq!(handled, tally.accepted);
    assert_eq!((tally.dropped, counters), (0, none()));
    assert_eq!(tally.accepted + tally.full, SENDERS * EACH + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fail_counts_all_that_it_hands_back() {
    let (tally, handled, counters) = contend(Policy::Fail).await;
    assert_eq!(handled, tally.accepted);
    assert_eq!((tally.dropped, counters.refused), (0, tally.full));
    assert!(tally.full > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn drop_new_counts_all_that_it_drops() {
    let (tally, handled, counters) = contend(Policy::DropNew).await;
    assert_eq!(tally.full, 0);
    assert_eq!(handled + counters.dropped_new, tally.accepted + tally.dropped);
    assert!(counters.dropped_new > tally.dropped && tally.dropped > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn drop_old_counts_all_that_it_drops() {
    let (tally, handled, counters) = contend(Policy::DropOld).await;
    assert_eq!(tally.full, 0);
    assert_eq!(handled + counters.dropped_old, tally.accepted + tally.dropped);
    assert!(counters.dropped_old > tally.dropped && tally.dropped > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn coalesce_counts_all_that_it_replaces() {
    let (tally, handled, counters) = contend(Policy::Coalesce).await;
    assert_eq!(tally.dropped, 0);
    assert_eq!(handled + counters.coalesced, tally.accepted);
    assert_eq!(tally.accepted + tally.full, SENDERS * EACH + 1);
}
