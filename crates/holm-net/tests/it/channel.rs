//! Encrypted streams: all bytes in order, nothing readable on the way, cuts and changes noticed.

use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll};

use holm_env::{Connection, ReadHalf, WriteHalf};
use holm_net::security::SecurityConfig;
use parking_lot::Mutex;
use tempfile::TempDir;

use crate::fixtures::*;
use crate::support::*;

const TLS: &str = "tls:localhost:4000";
const NOISE: &str = "noise:localhost:4000";

/// Both kinds of channel, with what each side needs.
fn kinds(dir: &TempDir) -> [(&'static str, SecurityConfig, SecurityConfig); 2] {
    [
        (TLS, self_signed(dir, "a", |_| {}), self_signed(dir, "b", |_| {})),
        (NOISE, noise(dir, "na"), noise(dir, "nb")),
    ]
}

/// Writes slices of odd sizes, waiting where there is no room.
async fn write_slices(writer: &dyn WriteHalf, mut bytes: &[u8], cut: usize) {
    while !bytes.is_empty() {
        let slices: Vec<_> = bytes.chunks(cut).take(9).map(IoSlice::new).collect();
        match writer.try_write_vectored(&slices) {
            Ok(n) => bytes = &bytes[n..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                poll_fn(|cx| writer.poll_writable(cx)).await.unwrap();
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Reads exactly `length` bytes through a buffer of `room`.
async fn read_exactly(reader: &mut dyn ReadHalf, length: usize, room: usize) -> Vec<u8> {
    let (mut all, mut buffer) = (Vec::new(), vec![0; room]);
    while all.len() < length {
        let n = poll_fn(|cx| reader.poll_read(cx, &mut buffer)).await.unwrap();
        assert_ne!(n, 0, "the end after {} of {length} bytes", all.len());
        all.extend_from_slice(&buffer[..n]);
    }
    all
}

fn pattern(length: usize, seed: usize) -> Vec<u8> {
    (0..length).map(|n| ((n + seed) * 31 / 7) as u8).collect()
}

/// Both directions at once, each side writing more than all buffers hold while it reads.
#[tokio::test]
async fn all_bytes_arrive_in_order_both_ways() {
    let dir = TempDir::new().unwrap();
    const LENGTH: usize = 1_000_003;
    for (at, dialler, acceptor) in kinds(&dir) {
        for (cut, room) in [(LENGTH, 70_000), (65_536, 1_000), (1_021, 65_536), (17, 16_384)] {
            let (near, far) = session(meet(&dialler, &acceptor, at).await).await;
            let (out, back) = (pattern(LENGTH, 1), pattern(LENGTH, 2));
            let Connection { reader: mut near_reader, writer: near_writer, .. } = near.connection;
            let Connection { reader: mut far_reader, writer: far_writer, .. } = far.connection;
            let (_, there, _, here) = tokio::join!(
                write_slices(&*near_writer, &out, cut),
                read_exactly(&mut *far_reader, LENGTH, room),
                write_slices(&*far_writer, &back, cut),
                read_exactly(&mut *near_reader, LENGTH, room),
            );
            assert!(there == out, "damaged: {at} {cut} {room}");
            assert!(here == back, "damaged: {at} {cut} {room}");
        }
    }
}

/// What the writer could not send goes out by the reader's task alone, since the writer has
/// nothing more to write.
#[tokio::test]
async fn what_is_left_over_goes_out_while_reading() {
    let dir = TempDir::new().unwrap();
    for (at, dialler, acceptor) in kinds(&dir) {
        let (near, far) = session(meet(&dialler, &acceptor, at).await).await;
        let Connection { reader: mut near_reader, writer: near_writer, .. } = near.connection;
        let mut far_reader = far.connection.reader;
        let chunk = pattern(64 * 1024, 3);
        let mut written = 0;
        // Until there is no room: then the kernel's and the channel's are both full.
        while let Ok(n) =
            near_writer.try_write_vectored(&[IoSlice::new(&chunk[written % 65_536..])])
        {
            written += n;
        }
        let reading = async {
            let mut buffer = [0; 16];
            poll_fn(|cx| near_reader.poll_read(cx, &mut buffer)).await
        };
        tokio::select! {
            biased;
            _ = reading => panic!("nothing was sent back"),
            all = read_exactly(&mut *far_reader, written, 8_192) => assert_eq!(all.len(), written),
        }
    }
}

#[tokio::test]
async fn a_full_channel_takes_nothing_and_holds_little() {
    let dir = TempDir::new().unwrap();
    for (at, dialler, acceptor) in kinds(&dir) {
        let (near, _far) = session(meet(&dialler, &acceptor, at).await).await;
        let chunk = vec![7; 1 << 20];
        let mut written = 0;
        loop {
            match near.connection.writer.try_write_vectored(&[IoSlice::new(&chunk)]) {
                Ok(n) => written += n,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    break;
                }
            }
        }
        assert!(written <= holm_env::MEMORY_PIPE_CAPACITY + 3 * 64 * 1024, "{written}");
    }
}

#[tokio::test]
async fn the_end_is_told_from_a_cut() {
    let dir = TempDir::new().unwrap();
    for (at, dialler, acceptor) in kinds(&dir) {
        // The peer shuts: all of it, then the end.
        let (near, mut far) = session(meet(&dialler, &acceptor, at).await).await;
        write(&near.connection, b"last words").await;
        near.connection.writer.shutdown();
        assert_eq!(read_all(&mut far.connection).await, b"last words");
        let late = near.connection.writer.try_write_vectored(&[IoSlice::new(b"more")]);
        assert_eq!(late.unwrap_err().kind(), ErrorKind::BrokenPipe);
        let mut near = near.connection;
        assert_eq!(read_all(&mut near).await, b"");

        // The peer drops its writer: the same.
        let (near, mut far) = session(meet(&dialler, &acceptor, at).await).await;
        write(&near.connection, b"last words").await;
        let Connection { reader, writer, .. } = near.connection;
        drop(writer);
        assert_eq!(read_all(&mut far.connection).await, b"last words");
        drop(reader);

        // Somebody between the two cuts the stream.
        let tap = Tap::default();
        let (near, far) = tapped(&tap, &dialler, &acceptor, at).await;
        write(&near.connection, b"some words").await;
        let mut far = far.connection;
        assert_eq!(read_some(&mut far).await, b"some words");
        tap.writer.lock().take().unwrap().shutdown();
        let error = poll_fn(|cx| far.reader.poll_read(cx, &mut [0; 9])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{error}");
    }
}

#[tokio::test]
async fn a_changed_record_ends_the_stream() {
    let dir = TempDir::new().unwrap();
    for (at, dialler, acceptor) in kinds(&dir) {
        let tap = Tap::default();
        let (near, far) = tapped(&tap, &dialler, &acceptor, at).await;
        *tap.flip.lock() = true;
        write(&near.connection, b"pay 10 to mallory").await;
        let mut far = far.connection;
        let error = poll_fn(|cx| far.reader.poll_read(cx, &mut [0; 99])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
    }
}

#[tokio::test]
async fn nothing_on_the_way_can_be_read() {
    const TEXT: &[u8] = b"attack at dawn, by the eastern gate";
    let dir = TempDir::new().unwrap();
    let token = "a token of many bytes";
    for (at, dialler, acceptor) in kinds(&dir) {
        let dialler = showing(dialler, token);
        let acceptor = asking(acceptor, &[(token, holm_net::identity::TokenScope::All)]);
        let tap = Tap::default();
        let (near, far) = tapped(&tap, &dialler, &acceptor, at).await;
        write(&near.connection, TEXT).await;
        write(&far.connection, TEXT).await;
        let (mut near, mut far) = (near.connection, far.connection);
        assert_eq!(
            (read_some(&mut near).await, read_some(&mut far).await),
            (TEXT.into(), TEXT.into())
        );
        let seen = tap.seen.lock();
        let shows = |text: &[u8]| seen.windows(text.len()).any(|window| window == text);
        assert!(!shows(TEXT) && !shows(token.as_bytes()) && !shows(b"attack"), "{at}");
        // Noise's first Hello is in clear; TLS's is not.
        assert_eq!(shows(b"HOLM"), at == NOISE);
    }
}

/// Bytes on the wire between two nodes, seen, changed or cut.
#[derive(Clone, Default)]
struct Tap {
    seen: Arc<Mutex<Vec<u8>>>,
    /// The next write has its last bit changed.
    flip: Arc<Mutex<bool>>,
    writer: Arc<Mutex<Option<Arc<dyn WriteHalf>>>>,
}

struct TappedWriter(Arc<dyn WriteHalf>, Tap);

impl WriteHalf for TappedWriter {
    fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> std::io::Result<usize> {
        let mut bytes: Vec<u8> = bufs.iter().flat_map(|buf| buf.to_vec()).collect();
        if std::mem::take(&mut *self.1.flip.lock()) {
            *bytes.last_mut().unwrap() ^= 1;
        }
        let n = self.0.try_write_vectored(&[IoSlice::new(&bytes)])?;
        self.1.seen.lock().extend_from_slice(&bytes[..n]);
        Ok(n)
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.0.poll_writable(cx)
    }

    fn shutdown(&self) {
        self.0.shutdown();
    }
}

/// Two nodes meet under the eyes of `tap`, which holds the dialler's writer.
async fn tapped(
    tap: &Tap,
    dialler: &SecurityConfig,
    acceptor: &SecurityConfig,
    at: &str,
) -> (holm_net::handshake::Peering, holm_net::handshake::Peering) {
    let (mut near, mut far) = streams().await;
    *tap.writer.lock() = Some(Arc::clone(&near.writer));
    near.writer = Arc::new(TappedWriter(near.writer, tap.clone()));
    far.writer = Arc::new(TappedWriter(far.writer, tap.clone()));
    let (dialler, acceptor, at) = (load(dialler), load(acceptor), at.parse().unwrap());
    let (near, far) = tokio::join!(dial(near, &dialler, &at), accept(far, &acceptor, &at));
    (near.unwrap_or_else(|f| panic!("{f}")), far.unwrap_or_else(|f| panic!("{f}")))
}

/// Sessions do over encrypted streams what they do over others.
#[tokio::test]
async fn sessions_run_over_channels() {
    let dir = TempDir::new().unwrap();
    for (at, dialler, acceptor) in kinds(&dir) {
        let (near, far) = meet(&dialler, &acceptor, at).await;
        let (near, far) = (near.ok().unwrap(), far.ok().unwrap());
        let mut near = Side::start(near.connection, &near.already_read);
        let mut far = Side::start(far.connection, &far.already_read);
        let large = pattern(3 << 20, 5);
        let order = holm_wire::session::Order::Free;
        near.send(order, &large).unwrap();
        far.send(order, &large).unwrap();
        assert!(near.frame().await == large && far.frame().await == large);
        near.session.close(holm_wire::Code::Left, "bye");
        assert!(matches!(far.end().await, holm_net::End::ClosedByPeer { .. }));
        assert!(matches!(near.end().await, holm_net::End::Lost(None)));
    }
}
