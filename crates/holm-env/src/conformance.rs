//! What every [`Transport`] must do, as plain async functions that panic where it
//! does not. Run by this crate for its own transports and by the test world for
//! the simulated network.

mod closing;
mod opening;
mod streaming;

use std::future::poll_fn;
use std::io::{self, IoSlice};

use crate::{Connection, Endpoint, Listener, ReadHalf, Transport, WriteHalf};

pub use closing::{
    both_sides_see_a_shutdown, dropping_everything_frees_the_address, halves_work_alone,
    shutdown_wakes_its_own_side, the_peer_sees_a_drop,
};
pub use opening::{
    a_cancelled_accept_loses_nothing, a_second_listener_is_refused, dialling_nobody_is_refused,
    many_streams_at_once, peers_are_named,
};
pub use streaming::{
    a_full_stream_pushes_back, any_thread_may_write, bytes_arrive_intact_both_ways,
};

/// A transport under test, as two hosts see it (the same one twice where there
/// are no hosts).
#[derive(Clone, Copy)]
pub struct Fixture<'a> {
    /// The transport of the host that dials.
    pub dialler: &'a dyn Transport,
    /// The transport of the host that listens.
    pub listener: &'a dyn Transport,
    /// A new address to listen at, on each call.
    pub fresh: &'a dyn Fn() -> Endpoint,
}

/// Runs the whole suite.
///
/// # Panics
/// Where the transport breaks its contract; so do all functions here.
pub async fn all(fixture: Fixture<'_>) {
    peers_are_named(fixture).await;
    dialling_nobody_is_refused(fixture).await;
    a_second_listener_is_refused(fixture).await;
    a_cancelled_accept_loses_nothing(fixture).await;
    many_streams_at_once(fixture).await;
    bytes_arrive_intact_both_ways(fixture).await;
    a_full_stream_pushes_back(fixture).await;
    any_thread_may_write(fixture).await;
    halves_work_alone(fixture).await;
    both_sides_see_a_shutdown(fixture).await;
    shutdown_wakes_its_own_side(fixture).await;
    the_peer_sees_a_drop(fixture).await;
    dropping_everything_frees_the_address(fixture).await;
}

impl Fixture<'_> {
    async fn listen(&self) -> Box<dyn Listener> {
        self.listener.listen(&(self.fresh)()).await.expect("a fresh address can be listened at")
    }

    /// A stream: the dialling end and the accepting one.
    async fn connect(&self, listener: &mut dyn Listener) -> (Connection, Connection) {
        let local = listener.local();
        let (dialled, accepted) = tokio::join!(self.dialler.dial(&local), listener.accept());
        (dialled.expect("a listener can be dialled"), accepted.expect("a dial can be accepted"))
    }

    async fn pair(&self) -> (Connection, Connection) {
        self.connect(&mut *self.listen().await).await
    }
}

/// The byte at `index` of a test stream: period 251, so that a lost, doubled or
/// swapped piece of any power of two shows.
fn pattern(index: usize) -> u8 {
    (index % 251) as u8
}

async fn read(reader: &mut dyn ReadHalf, buf: &mut [u8]) -> io::Result<usize> {
    poll_fn(|cx| reader.poll_read(cx, buf)).await
}

async fn writable(writer: &dyn WriteHalf) -> io::Result<()> {
    poll_fn(|cx| writer.poll_writable(cx)).await
}

async fn write_all(writer: &dyn WriteHalf, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match writer.try_write_vectored(&[IoSlice::new(bytes)]) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => writable(writer).await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads until the end and counts; the bytes must follow [`pattern`] from `start`.
async fn read_pattern_to_end(reader: &mut dyn ReadHalf, start: usize) -> usize {
    let mut buf = vec![0; 64 * 1024];
    let mut index = start;
    loop {
        let read = read(reader, &mut buf).await.expect("reading up to the end");
        if read == 0 {
            return index - start;
        }
        for byte in &buf[..read] {
            assert_eq!(*byte, pattern(index), "byte {index} of the stream");
            index += 1;
        }
    }
}

/// Reads one message of known content.
async fn expect_bytes(reader: &mut dyn ReadHalf, expected: &[u8]) {
    let mut found = vec![0; expected.len()];
    let mut filled = 0;
    while filled < found.len() {
        let read = read(reader, &mut found[filled..]).await.expect("reading a message");
        assert_ne!(read, 0, "the stream ended inside a message");
        filled += read;
    }
    assert_eq!(found, expected);
}

/// The peer is gone: the end, or a reset.
async fn expect_end(reader: &mut dyn ReadHalf) {
    match read(reader, &mut [0; 16]).await {
        Ok(read) => assert_eq!(read, 0, "bytes instead of the end"),
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
    }
}

/// Writes until the stream takes nothing more for now, and says how much it took.
async fn fill(writer: &dyn WriteHalf) -> usize {
    // More than any kernel's send and receive buffers together.
    const TAKEN_MAX: usize = 128 << 20;
    let mut taken = 0;
    writable(writer).await.expect("a new stream has room");
    loop {
        let piece: Vec<u8> = (taken..taken + 10_007).map(pattern).collect();
        match writer.try_write_vectored(&[IoSlice::new(&piece)]) {
            Ok(written) => taken += written,
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                return taken;
            }
        }
        assert!(taken <= TAKEN_MAX, "the stream never pushes back");
    }
}
