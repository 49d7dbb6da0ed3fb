//! Answers of many items.

use futures_util::StreamExt;
use futures_util::stream::select_all;
use holm_actor::{Abandoned, Ref, Replies, Reply, Unfinished, replies};
use tokio::sync::oneshot;

use crate::support::*;

/// Has `puppet` answer with these numbers from a task of its own; then it finishes, or gives up.
async fn count(puppet: &Ref<Puppet>, numbers: std::ops::Range<u64>, ends: bool) -> Replies<u64> {
    let call = |reply: Reply<Replies<u64>>| {
        act(move |_, _| {
            let (sink, stream) = replies(2);
            reply.send(stream);
            tokio::spawn(async move {
                for number in numbers {
                    sink.send(number).await.unwrap();
                }
                if ends {
                    sink.finish().await;
                }
            });
        })
    };
    puppet.ask(call).await.unwrap()
}

#[tokio::test]
async fn items_come_in_order_and_then_the_end() {
    let puppet = system().spawn(Puppet::default());
    let mut stream = count(&puppet, 0..10, true).await;
    for number in 0..10 {
        assert_eq!(stream.next().await, Some(Ok(number)));
    }
    assert_eq!(stream.next().await, None);
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_callee_that_gives_up_is_told_of_once() {
    let puppet = system().spawn(Puppet::default());
    let mut stream = count(&puppet, 0..1, false).await;
    assert_eq!(stream.next().await, Some(Ok(0)));
    assert_eq!(stream.next().await, Some(Err(Unfinished)));
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn the_answers_of_many_are_one_stream() {
    let system = system();
    let puppets = [0, 1, 2].map(|_| system.spawn(Puppet::default()));
    let mut streams = Vec::new();
    for (puppet, from) in puppets.iter().zip([0, 100, 200]) {
        streams.push(count(puppet, from..from + 5, true).await);
    }
    let mut all: Vec<u64> = select_all(streams).map(Result::unwrap).collect().await;
    for from in [0, 100, 200] {
        let of_one: Vec<_> =
            all.iter().copied().filter(|number| number / 100 * 100 == from).collect();
        assert_eq!(of_one, (from..from + 5).collect::<Vec<_>>());
    }
    all.sort_unstable();
    assert_eq!(all.len(), 15);
}

#[tokio::test]
async fn a_full_stream_holds_its_sink_up() {
    let (sink, mut stream) = replies(1);
    sink.send(1).await.unwrap();
    let mut second = Box::pin(sink.send(2));
    is_waiting(&mut second).await;
    assert_eq!(stream.next().await, Some(Ok(1)));
    second.await.unwrap();
    assert_eq!(stream.next().await, Some(Ok(2)));
}

/// The handler waits for nothing else, and goes on.
#[tokio::test]
async fn a_dropped_stream_is_seen_by_the_callee() {
    let puppet = system().spawn(Puppet::default());
    let (seen, outcome) = oneshot::channel();
    let call = |reply: Reply<Replies<u64>>| {
        wait(async move {
            let (sink, stream) = replies(1);
            reply.send(stream);
            sink.abandoned().await;
            seen.send(sink.send(1).await).unwrap();
        })
    };
    drop(puppet.ask(call).await.unwrap());
    assert_eq!(outcome.await.unwrap(), Err(Abandoned(1)));
    assert_eq!(notes(&puppet).await, []);
}
