//! Messages of several MB: whole, in order, and out of the way of others.

use holm::Limits;

use crate::support::*;

const MIB: usize = 1 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_and_small_messages_to_one_actor_stay_in_order() {
    let (a, b) = pair().await;
    let (_, there) = probe(&a, &b);
    let sizes = [0, 5 * MIB, 10, 64 * 1024, 1, 3 * MIB + 1, 2, 100 * 1024, 7];
    for (number, bytes) in sizes.iter().enumerate() {
        there.send().take(number as u64, vec![number as u8; *bytes]).await.unwrap();
    }
    let expected: Vec<_> = sizes.iter().enumerate().map(|(n, bytes)| (n as u64, *bytes)).collect();
    assert_eq!(there.got().await.unwrap(), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_replies_come_back_whole() {
    let (a, b) = pair().await;
    let (_, there) = probe(&a, &b);
    let calls: Vec<_> = (0..6_u8)
        .map(|n| {
            let there = there.clone();
            tokio::spawn(async move {
                let bytes = vec![n; usize::from(n) * MIB + 3];
                assert!(there.echo(bytes.clone()).await.unwrap() == bytes);
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
}

#[tokio::test]
async fn what_is_too_large_comes_back_and_the_session_lives() {
    let net = Net::default();
    let a = net.start("a@x").await;
    let limits = Limits { message_max: MIB, ..Limits::default() };
    let b = net.builder("b@x").limits(limits).start().await.unwrap();
    connect(&a, &b).await;
    let (_, there) = probe(&a, &b);
    assert!(matches!(there.echo(vec![0; MIB + 1]).await, Err(holm::CallError::TooLarge(_))));
    let refused = there.cast().take(0, vec![0; MIB + 1]);
    assert!(matches!(refused, Err(holm::SendError::TooLarge(..))));
    assert_eq!(there.echo(vec![1; MIB / 2]).await.unwrap().len(), MIB / 2);
}

/// A small call to another actor does not wait for megabytes.
#[tokio::test]
async fn others_overtake_a_large_message() {
    let (a, b) = pair().await;
    let (_, slow) = probe(&a, &b);
    let (_, quick) = probe(&a, &b);
    slow.cast().take(1, vec![1; 32 * MIB]).unwrap();
    let (done, mut ends) = tokio::sync::mpsc::channel(2);
    let first = done.clone();
    tokio::spawn(async move {
        assert_eq!(slow.got().await.unwrap(), [(1, 32 * MIB)]);
        first.send("slow").await.unwrap();
    });
    tokio::spawn(async move {
        assert_eq!(quick.echo(vec![2]).await.unwrap(), [2]);
        done.send("quick").await.unwrap();
    });
    assert_eq!(ends.recv().await, Some("quick"));
    assert_eq!(ends.recv().await, Some("slow"));
}
