//! Deadlines of streams, on both sides.

use std::time::Duration;

use bytes::Bytes;
use holm_net::StreamError;
use holm_wire::Code;
use holm_wire::session::streams::Open;
use tokio::time::Instant;

use crate::streams::{body, pair};

fn code(error: StreamError) -> Code {
    match error {
        StreamError::Reset(error) => error.code,
        other => panic!("{other}"),
    }
}

fn within(ms: u64, words: &[u8]) -> Open<'_> {
    Open { deadline_ms: Some(ms), ..body(words) }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_a_stream_on_both_sides_and_no_other() {
    let (near, mut far) = pair().await;
    let start = Instant::now();
    let other = near.session.open_stream(body(b"other")).await.unwrap();
    let (kept, _) = far.opened().await;
    let late = near.session.open_stream(within(700, b"late")).await.unwrap();
    let (theirs_late, _) = far.opened().await;
    let stream = near.session.open_stream(within(200, b"soon")).await.unwrap();
    let (theirs, _) = far.opened().await;
    stream.send(Bytes::from_static(b"an item")).await.unwrap();
    assert_eq!(theirs.next().await.unwrap().unwrap(), "an item");

    let (asked, _) = tokio::join!(
        async { (stream.next().await.unwrap_err(), start.elapsed()) },
        theirs.stopped()
    );
    assert_eq!((code(asked.0), asked.1), (Code::DeadlineExceeded, Duration::from_millis(200)));
    assert_eq!(start.elapsed(), Duration::from_millis(200));
    assert_eq!(code(theirs.next().await.unwrap_err()), Code::DeadlineExceeded);
    let refused = theirs.send(Bytes::new()).await.unwrap_err();
    assert_eq!(code(refused), Code::DeadlineExceeded);

    // The next one comes at its own time, and what has none goes on.
    assert_eq!(code(late.next().await.unwrap_err()), Code::DeadlineExceeded);
    assert_eq!(start.elapsed(), Duration::from_millis(700));
    theirs_late.stopped().await;
    kept.send_last(Bytes::from_static(b"answer")).await.unwrap();
    assert_eq!(other.next().await.unwrap().unwrap(), "answer");
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_time_is_not_touched() {
    let (near, mut far) = pair().await;
    let (answer, ()) = tokio::join!(near.session.request(within(100, b"")), async {
        let (stream, _) = far.opened().await;
        tokio::time::sleep(Duration::from_millis(99)).await;
        stream.send_last(Bytes::from_static(b"in time")).await.unwrap();
    });
    assert_eq!(answer.unwrap(), "in time");
    // A deadline beyond any clock is none.
    let stream = near.session.open_stream(within(u64::MAX, b"")).await.unwrap();
    let (theirs, _) = far.opened().await;
    theirs.send(Bytes::from_static(b"x")).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), "x");
}
