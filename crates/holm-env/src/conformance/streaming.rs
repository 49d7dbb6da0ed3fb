//! Bytes under way: intact, bounded, from any thread.

use std::future::poll_fn;
use std::io::IoSlice;
use std::sync::Arc;

use super::{Fixture, expect_bytes, fill, pattern, read_pattern_to_end, writable, write_all};
use crate::{Connection, WriteHalf};

/// Megabytes in odd pieces, both ways at once.
pub async fn bytes_arrive_intact_both_ways(fixture: Fixture<'_>) {
    const TOTAL: usize = 3_000_017;
    let (dialled, accepted) = fixture.pair().await;
    let (there, back) = tokio::join!(exchange(dialled, TOTAL), exchange(accepted, TOTAL + 1));
    assert_eq!((there, back), (TOTAL + 1, TOTAL));
}

/// Writes `total` bytes while reading all that comes; says how much came.
async fn exchange(mut stream: Connection, total: usize) -> usize {
    let writer = stream.writer;
    let write = async {
        write_in_odd_pieces(&*writer, total).await;
        drop(writer);
    };
    tokio::join!(write, read_pattern_to_end(&mut *stream.reader, 0)).1
}

/// Three slices a write, one of them often empty, of lengths that fit nothing.
async fn write_in_odd_pieces(writer: &dyn WriteHalf, total: usize) {
    let bytes: Vec<u8> = (0..total).map(pattern).collect();
    let mut rest = &bytes[..];
    let mut length = 1;
    while !rest.is_empty() {
        length = (length * 7 + 3) % 70_001;
        let (piece, _) = rest.split_at(length.min(rest.len()));
        let (first, others) = piece.split_at(piece.len() / 3);
        let (second, third) = others.split_at(others.len() % 5);
        match writer.try_write_vectored(&[first, second, third].map(IoSlice::new)) {
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                writable(writer).await.expect("waiting for room");
            }
            Err(error) => panic!("writing: {error}"),
        }
    }
}

/// A stream that nobody reads takes a bounded amount, then says `WouldBlock`;
/// when it is read, the waiting writer goes on and nothing was lost.
pub async fn a_full_stream_pushes_back(fixture: Fixture<'_>) {
    let (mut dialled, accepted) = fixture.pair().await;
    let taken = fill(&*accepted.writer).await;
    assert_ne!(taken, 0);
    let more = 1_000_003;
    let write = async {
        writable(&*accepted.writer).await.expect("room comes when the peer reads");
        let bytes: Vec<u8> = (taken..taken + more).map(pattern).collect();
        write_all(&*accepted.writer, &bytes).await.expect("writing on");
        drop(accepted.writer);
    };
    let ((), read) = tokio::join!(write, read_pattern_to_end(&mut *dialled.reader, 0));
    assert_eq!(read, taken + more);
}

/// A plain thread writes, and wakes the task that waits to read.
pub async fn any_thread_may_write(fixture: Fixture<'_>) {
    let (mut dialled, accepted) = fixture.pair().await;
    writable(&*accepted.writer).await.expect("a new stream has room");
    let mut writer = Some(Arc::clone(&accepted.writer));
    let mut first = [0];
    let read = poll_fn(|cx| {
        let polled = dialled.reader.poll_read(cx, &mut first);
        if let Some(writer) = writer.take() {
            assert!(polled.is_pending(), "nothing was written yet");
            let write = move || writer.try_write_vectored(&[IoSlice::new(b"hello")]);
            let written = std::thread::spawn(write).join();
            assert_eq!(written.expect("the thread writes").ok(), Some(5));
        }
        polled
    });
    assert_eq!(read.await.ok(), Some(1));
    assert_eq!(first, *b"h");
    expect_bytes(&mut *dialled.reader, b"ello").await;
}
