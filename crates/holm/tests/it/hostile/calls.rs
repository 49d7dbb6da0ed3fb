//! Many calls at once, and a cancel beside a large transfer, between processes.

use bytes::Bytes;
use tokio::time::timeout;

use super::actors::{HOARDED, Hoard};
use super::attacker::{Attacker, Said};
use super::frames::{call, define};
use super::honest::Honest;
use super::victim::{Over, PATIENCE, Room, Victim};

/// The answers come in an order of their own, and each is that of its call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_are_answered_out_of_order() {
    let victim = Victim::start(Over::Tcp, Room::Usual);
    let mut by_hand = Attacker::join(&victim, "hand@x");
    by_hand.write(&define::<Hoard>(0, "ask"));
    // An argument below 128 is one byte, as is its answer.
    let argument = |n: u64| n * 7 % 128;
    for n in 0..HOARDED {
        by_hand.write(&call(2 * n + 1, "hoard", 0, Some(argument(n))));
    }
    for n in (0..HOARDED).rev() {
        match by_hand.next() {
            Some(Said::Answered { id, body }) => {
                assert_eq!((id, body), (2 * n + 1, vec![argument(n) as u8]));
            }
            other => panic!("{other:?}"),
        }
    }

    let honest = Honest::join(&victim, "honest@x").await;
    let hoard = honest.witness.hoard().await.unwrap();
    let calls: Vec<_> = (0..HOARDED)
        .map(|number| {
            let hoard = hoard.clone();
            tokio::spawn(async move { (number, hoard.ask(number).await) })
        })
        .collect();
    for call in calls {
        let (number, answer) = timeout(PATIENCE, call).await.unwrap().unwrap();
        assert_eq!(answer, Ok(number));
    }
}

/// The called handler notices before the last byte of the transfer has arrived.
async fn cancel_beside_a_transfer(over: Over) {
    const LARGE: usize = 60_000_000;
    let victim = Victim::start(over, Room::Usual);
    let honest = Honest::join(&victim, "honest@x").await;
    let hoard = honest.witness.hoard().await.unwrap();
    let scale = honest.witness.scale().await.unwrap();
    let call = tokio::spawn(async move { hoard.outlast().await });
    honest.saw("entered").await;
    let (before, _) = honest.witness.memory().await.unwrap();
    let large = Bytes::from(vec![7; LARGE]);
    let transfer = tokio::spawn(async move { scale.weigh(large).await });
    let under_way =
        async { while honest.witness.memory().await.unwrap().0 < before + (1 << 20) {} };
    timeout(PATIENCE, under_way).await.unwrap();
    call.abort();
    assert_eq!(timeout(PATIENCE, transfer).await.unwrap().unwrap(), Ok(LARGE as u64));
    assert_eq!(honest.saw("delivered").await, ["entered", "cancelled", "delivered"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_is_seen_during_a_large_transfer_over_tcp() {
    cancel_beside_a_transfer(Over::Tcp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_is_seen_during_a_large_transfer_over_tls() {
    cancel_beside_a_transfer(Over::Tls).await;
}
