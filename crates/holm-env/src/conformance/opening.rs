//! Dialling, listening, accepting, and who the peer is.

use std::future::poll_fn;
use std::task::Poll;

use super::{Fixture, expect_bytes, expect_end, write_all};
use crate::{DialError, Endpoint, ListenError, PeerAddr};

/// Both ends know each other, in the terms of the endpoint's kind.
pub async fn peers_are_named(fixture: Fixture<'_>) {
    let mut listener = fixture.listen().await;
    let (dialled, accepted) = fixture.connect(&mut *listener).await;
    match (listener.local(), &dialled.peer, &accepted.peer) {
        (Endpoint::Tcp { port, .. }, PeerAddr::Tcp(listening), PeerAddr::Tcp(dialling)) => {
            assert_ne!(port, 0, "a listener tells its real port");
            assert_eq!(port, listening.port());
            assert_ne!(listening, dialling);
        }
        (Endpoint::Unix(_), PeerAddr::Unix { uid: first, pid }, PeerAddr::Unix { uid, .. }) => {
            assert!(uid.is_some(), "the peer's user is known");
            assert_eq!(first, uid, "one process is at both ends");
            assert_eq!(pid.unwrap_or(std::process::id()), std::process::id());
        }
        (Endpoint::Memory(name), PeerAddr::Memory(listening), PeerAddr::Memory(dialling)) => {
            assert_eq!(name, *listening);
            assert_ne!(listening, dialling);
        }
        mixed => panic!("the peers' addresses do not fit the endpoint: {mixed:?}"),
    }
}

/// An address without a listener is refused, and so is one that had a listener.
pub async fn dialling_nobody_is_refused(fixture: Fixture<'_>) {
    let listener = fixture.listen().await;
    let left = listener.local();
    drop(listener);
    let refused = fixture.dialler.dial(&left).await;
    assert!(matches!(refused, Err(DialError::Refused { .. })), "{refused:?}");
}

/// An address has one listener, and the refused one does it no harm.
pub async fn a_second_listener_is_refused(fixture: Fixture<'_>) {
    let mut listener = fixture.listen().await;
    let second = fixture.listener.listen(&listener.local()).await.map(|_| "listening");
    assert!(matches!(second, Err(ListenError::InUse { .. })), "{second:?}");
    fixture.connect(&mut *listener).await;
}

/// A dropped `accept` takes no stream with it.
pub async fn a_cancelled_accept_loses_nothing(fixture: Fixture<'_>) {
    let mut listener = fixture.listen().await;
    {
        let mut accept = listener.accept();
        poll_fn(|cx| {
            assert!(accept.as_mut().poll(cx).is_pending(), "nobody has dialled");
            Poll::Ready(())
        })
        .await;
    }
    fixture.connect(&mut *listener).await;
}

/// Streams that are open together do not mix, and may wait to be accepted.
pub async fn many_streams_at_once(fixture: Fixture<'_>) {
    const STREAMS: u8 = 100;
    let mut listener = fixture.listen().await;
    let local = listener.local();
    let mut dialled = Vec::new();
    for number in 0..STREAMS {
        let stream = fixture.dialler.dial(&local).await.expect("dialling one of many");
        write_all(&*stream.writer, &[number; 100]).await.expect("writing to one of many");
        dialled.push(stream);
    }
    let mut accepted = Vec::new();
    for _ in 0..STREAMS {
        accepted.push(listener.accept().await.expect("accepting one of many"));
    }
    for stream in &mut accepted {
        let mut first = [0];
        super::read(&mut *stream.reader, &mut first).await.expect("reading from one of many");
        expect_bytes(&mut *stream.reader, &[first[0]; 99]).await;
        write_all(&*stream.writer, &first).await.expect("answering one of many");
    }
    drop(accepted);
    for (number, stream) in (0..STREAMS).zip(&mut dialled) {
        expect_bytes(&mut *stream.reader, &[number]).await;
        expect_end(&mut *stream.reader).await;
    }
}
