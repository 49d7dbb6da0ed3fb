//! The ends of a stream, of its halves and of a listener.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::sync::Arc;

use super::{
    Fixture, expect_bytes, expect_end, fill, pattern, read_pattern_to_end, writable, write_all,
};
use crate::{DialError, WriteHalf};

/// Each half outlives the other: dropping the writer ends one direction alone,
/// dropping the reader none.
pub async fn halves_work_alone(fixture: Fixture<'_>) {
    let (dialled, mut accepted) = fixture.pair().await;
    let mut reader = dialled.reader;
    drop(dialled.writer);
    expect_end(&mut *accepted.reader).await;
    write_all(&*accepted.writer, b"still here").await.expect("the other direction is open");
    expect_bytes(&mut *reader, b"still here").await;

    let (dialled, mut accepted) = fixture.pair().await;
    drop(dialled.reader);
    write_all(&*dialled.writer, b"and here").await.expect("writing without a reader");
    expect_bytes(&mut *accepted.reader, b"and here").await;
}

/// After a shutdown both readers end, behind what had been written, and both
/// writers fail.
pub async fn both_sides_see_a_shutdown(fixture: Fixture<'_>) {
    let (mut dialled, mut accepted) = fixture.pair().await;
    write_all(&*dialled.writer, b"last words").await.expect("writing");
    let writer = Arc::clone(&dialled.writer);
    std::thread::spawn(move || {
        writer.shutdown();
        writer.shutdown();
    })
    .join()
    .expect("any thread may shut down, twice");
    expect_bytes(&mut *accepted.reader, b"last words").await;
    expect_end(&mut *accepted.reader).await;
    expect_end(&mut *dialled.reader).await;
    assert_eq!(write_until_error(&*dialled.writer).await, io::ErrorKind::BrokenPipe);
    expect_broken(&*accepted.writer).await;
}

/// A task that waits on a stream is woken when its own side shuts it down.
pub async fn shutdown_wakes_its_own_side(fixture: Fixture<'_>) {
    let (mut dialled, _accepted) = fixture.pair().await;
    fill(&*dialled.writer).await;
    let mut reader_waited = false;
    let reading = poll_fn(|cx| {
        let polled = dialled.reader.poll_read(cx, &mut [0]);
        reader_waited |= polled.is_pending();
        polled
    });
    let shut = async {
        tokio::task::yield_now().await;
        dialled.writer.shutdown();
    };
    let (end, room, ()) = tokio::join!(reading, writable(&*dialled.writer), shut);
    assert!(reader_waited);
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    drop(room); // Either answer will do: what matters is that there is one.
    assert_eq!(write_until_error(&*dialled.writer).await, io::ErrorKind::BrokenPipe);
}

/// What was written before a drop arrives; then the peer's reader ends and its
/// writer fails.
pub async fn the_peer_sees_a_drop(fixture: Fixture<'_>) {
    let (dialled, mut accepted) = fixture.pair().await;
    let bytes: Vec<u8> = (0..100_000).map(pattern).collect();
    write_all(&*dialled.writer, &bytes).await.expect("writing");
    drop(dialled);
    assert_eq!(read_pattern_to_end(&mut *accepted.reader, 0).await, bytes.len());
    expect_broken(&*accepted.writer).await;

    // A reader and a writer that wait are woken.
    let (dialled, mut accepted) = fixture.pair().await;
    fill(&*accepted.writer).await;
    let gone = async {
        tokio::task::yield_now().await;
        drop(dialled);
    };
    let end = async {
        // The peer drops what it has not read: that may be told as a reset.
        expect_end(&mut *accepted.reader).await;
    };
    let ((), (), room) = tokio::join!(gone, end, writable(&*accepted.writer));
    drop(room);
    expect_broken(&*accepted.writer).await;
}

/// When the listener and its streams are gone, the address is free again.
pub async fn dropping_everything_frees_the_address(fixture: Fixture<'_>) {
    let mut listener = fixture.listen().await;
    let local = listener.local();
    for _ in 0..3 {
        let (mut dialled, accepted) = fixture.connect(&mut *listener).await;
        let mut waiting = fixture.dialler.dial(&local).await.expect("dialling");
        write_all(&*accepted.writer, b"x").await.expect("writing");
        drop((listener, accepted));
        expect_bytes(&mut *dialled.reader, b"x").await;
        expect_end(&mut *waiting.reader).await;
        drop((waiting, dialled));
        let refused = fixture.dialler.dial(&local).await;
        assert!(matches!(refused, Err(DialError::Refused { .. })), "{refused:?}");
        listener = fixture.listener.listen(&local).await.expect("the address is free again");
    }
}

/// The kind of error that writing comes to; some systems take a little first.
async fn write_until_error(writer: &dyn WriteHalf) -> io::ErrorKind {
    loop {
        match writer.try_write_vectored(&[IoSlice::new(&[0; 1024])]) {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if let Err(error) = writable(writer).await {
                    return error.kind();
                }
            }
            Err(error) => return error.kind(),
        }
    }
}

async fn expect_broken(writer: &dyn WriteHalf) {
    let kind = write_until_error(writer).await;
    assert!(
        matches!(kind, io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset),
        "writing to a peer that is gone: {kind}"
    );
}
