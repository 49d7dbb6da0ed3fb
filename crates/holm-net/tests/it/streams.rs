//! Streams and requests over a session, without actors.

use std::sync::Arc;

use bytes::Bytes;
use holm_env::{Connection, Env};
use holm_net::{End, Handler, Session, Stream, StreamError};
use holm_wire::control::Control;
use holm_wire::handshake::Features;
use holm_wire::session::streams::{Open, StreamFrame, StreamsFull};
use holm_wire::session::{Order, Outbound, Payload, Terms};
use holm_wire::{
    Class, Code, Compression, FrameHead, Kind, Limits, RequestFault, RequestId, Side, StreamFault,
    Violation, WireError,
};
use tokio::sync::mpsc;

use crate::support::{streams, write};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Room for all that happens in a test: a handler cannot wait.
const EVENTS: usize = 10_000;

/// What the other side of a session was told.
struct Told {
    opened: mpsc::Receiver<(RequestId, Vec<u8>)>,
    messages: mpsc::Receiver<(FrameHead, usize)>,
    ended: mpsc::Receiver<End>,
}

struct Teller {
    opened: mpsc::Sender<(RequestId, Vec<u8>)>,
    messages: mpsc::Sender<(FrameHead, usize)>,
    ended: mpsc::Sender<End>,
}

impl Handler for Teller {
    fn handle_frame(&mut self, head: FrameHead, payload: Payload<'_>) -> Result<(), Violation> {
        self.messages.try_send((head, payload.as_slice().len())).unwrap();
        Ok(())
    }

    fn handle_open(&mut self, id: RequestId, open: Open<'_>) -> Result<(), WireError> {
        if open.body == b"refuse at length" {
            return Err(WireError::new(Code::NotFound, "x".repeat(4_000)));
        }
        if open.body == b"refuse" {
            return Err(WireError::new(Code::NotFound, "no such endpoint"));
        }
        self.opened.try_send((id, open.body.to_vec())).unwrap();
        Ok(())
    }

    fn handle_control(&mut self, control: Control<'_>) {
        panic!("{control:?}");
    }

    fn handle_end(self, end: End) {
        self.ended.try_send(end).unwrap();
    }
}

fn terms(side: Side) -> Terms {
    let limits = Limits { stream_bytes: 64 * KIB, stream_items: 100, ..Limits::default() };
    Terms { side, limits, features: Features::STREAMS, compression: None }
}

pub(crate) struct Near {
    pub(crate) session: Arc<Session<()>>,
    told: Told,
}

fn start(connection: Connection, terms: Terms) -> Near {
    let (opened, opened_rx) = mpsc::channel(EVENTS);
    let (messages, messages_rx) = mpsc::channel(EVENTS);
    let (ended, ended_rx) = mpsc::channel(1);
    let session = Arc::new(Session::new(connection.writer, terms, ()));
    let env = Env::tokio().unwrap();
    let teller = Teller { opened, messages, ended };
    session.start(&env, None, connection.reader, &[], teller);
    Near { session, told: Told { opened: opened_rx, messages: messages_rx, ended: ended_rx } }
}

async fn pair_on(terms: impl Fn(Side) -> Terms) -> (Near, Near) {
    let (near, far) = streams().await;
    (start(near, terms(Side::Dialled)), start(far, terms(Side::Accepted)))
}

pub(crate) async fn pair() -> (Near, Near) {
    pair_on(terms).await
}

impl Near {
    /// The next stream that the other side opened.
    pub(crate) async fn opened(&mut self) -> (Stream<()>, Vec<u8>) {
        let (id, body) = self.told.opened.recv().await.unwrap();
        (self.session.take_stream(id).unwrap(), body)
    }
}

/// A stream, and its other end.
async fn stream(near: &Near, far: &mut Near) -> (Stream<()>, Stream<()>) {
    let ours = near.session.open_stream(Open::default()).await.unwrap();
    let (theirs, _) = far.opened().await;
    (ours, theirs)
}

/// To open a stream with.
pub(crate) fn body(body: &[u8]) -> Open<'_> {
    Open { body, ..Open::default() }
}

fn numbered(number: usize, length: usize) -> Bytes {
    let mut item = number.to_le_bytes().to_vec();
    item.resize(length.max(8), number as u8);
    item.into()
}

#[tokio::test]
async fn many_requests_answered_in_any_order() {
    const REQUESTS: usize = 500;
    let (near, mut far) = pair().await;
    let asking: Vec<_> = (0..REQUESTS)
        .map(|number| {
            let session = Arc::clone(&near.session);
            tokio::spawn(async move { session.request(body(&numbered(number, 20))).await })
        })
        .collect();
    let mut asked = Vec::new();
    for _ in 0..REQUESTS {
        asked.push(far.opened().await);
    }
    while let Some((stream, body)) = asked.pop() {
        stream.send_last(body.into()).await.unwrap();
    }
    for (number, asking) in asking.into_iter().enumerate() {
        assert_eq!(asking.await.unwrap(), Ok(numbered(number, 20)));
    }
}

#[tokio::test]
async fn items_go_both_ways_in_order_whatever_their_size() {
    let (near, mut far) = pair().await;
    let (ours, theirs) = stream(&near, &mut far).await;
    let sizes = [10, 10 * MIB, 20, 0, 100 * KIB, 64 * KIB, 30, 5 * MIB];
    let send = async |stream: &Stream<()>| {
        for (number, size) in sizes.into_iter().enumerate() {
            stream.send(numbered(number, size)).await.unwrap();
        }
        stream.end();
    };
    let read = async |stream: &Stream<()>| {
        for (number, size) in sizes.into_iter().enumerate() {
            assert!(stream.next().await.unwrap().unwrap() == numbered(number, size), "{number}");
        }
        assert_eq!(stream.next().await, Ok(None));
    };
    tokio::join!(send(&ours), send(&theirs), read(&ours), read(&theirs));
    assert_eq!(ours.send(Bytes::new()).await, Err(StreamError::Ended));
}

/// A reader that does not read costs its window, and nobody else.
#[tokio::test]
async fn a_slow_reader_stops_its_sender_alone() {
    let (near, mut far) = pair().await;
    for (size, most) in [(KIB, 64), (10, 100)] {
        let (slow, not_read) = stream(&near, &mut far).await;
        let mut sent = 0;
        while slow.try_send(&numbered(sent, size), false).is_ok() {
            sent += 1;
        }
        assert_eq!(slow.try_send(&numbered(sent, size), false), Err(StreamError::Busy));
        assert_eq!(sent, most, "so much credit there was");
        let (quick, read) = stream(&near, &mut far).await;
        for number in 0..1_000 {
            let (sent, item) = tokio::join!(quick.send(numbered(number, KIB)), read.next());
            assert_eq!((sent, item), (Ok(()), Ok(Some(numbered(number, KIB)))), "others flow");
        }
        let reading = async {
            for number in 0..=sent {
                assert_eq!(not_read.next().await, Ok(Some(numbered(number, size))));
            }
        };
        let (last, ()) = tokio::join!(slow.send_last(numbered(sent, size)), reading);
        assert_eq!(last, Ok(()), "it goes on when it is read");
        assert_eq!(not_read.next().await, Ok(None));
    }
}

#[tokio::test]
async fn a_long_stream_keeps_memory_flat() {
    let (near, mut far) = pair().await;
    let (ours, theirs) = stream(&near, &mut far).await;
    let sending = async {
        for number in 0..100_000 {
            ours.send(numbered(number, 16)).await.unwrap();
            assert!(near.session.queued_bytes() <= 100 * 32, "credit bounds the queue");
        }
        ours.end();
    };
    let reading = async {
        let mut number = 0;
        while let Some(item) = theirs.next().await.unwrap() {
            assert_eq!(item, numbered(number, 16));
            number += 1;
        }
        assert_eq!(number, 100_000);
    };
    tokio::join!(sending, reading);
}

#[tokio::test]
async fn an_error_comes_behind_the_items_before_it() {
    let (near, mut far) = pair().await;
    let (ours, theirs) = stream(&near, &mut far).await;
    theirs.send(numbered(0, 5 * MIB)).await.unwrap();
    let error =
        WireError::new(Code::Busy, "later").with_retry_after(std::time::Duration::from_secs(2));
    theirs.reset(error.clone());
    assert!(ours.next().await.unwrap().unwrap() == numbered(0, 5 * MIB));
    assert_eq!(ours.next().await, Err(StreamError::Reset(error.clone())));
    assert_eq!(ours.send(Bytes::new()).await, Err(StreamError::Reset(error.clone())));
    assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(2)));
}

#[tokio::test]
async fn dropping_cancels_and_stopping_asks() {
    let (near, mut far) = pair().await;
    let (ours, theirs) = stream(&near, &mut far).await;
    ours.stop();
    theirs.stopped().await;
    theirs.send_last(Bytes::from_static(b"tidy")).await.unwrap();
    assert_eq!(ours.next().await, Ok(Some(Bytes::from_static(b"tidy"))));

    let (ours, theirs) = stream(&near, &mut far).await;
    let reading = tokio::spawn(async move {
        let ended = theirs.next().await;
        (ended, theirs)
    });
    drop(ours);
    let (ended, theirs) = reading.await.unwrap();
    let Err(StreamError::Reset(error)) = ended else { panic!("{ended:?}") };
    assert_eq!(error.code, Code::Cancelled);
    theirs.stopped().await;
}

#[tokio::test]
async fn a_refusal_has_its_reason() {
    let (near, _far) = pair().await;
    let Err(StreamError::Reset(error)) = near.session.request(body(b"refuse")).await else {
        panic!("not refused")
    };
    assert_eq!(error, WireError::new(Code::NotFound, "no such endpoint"));
}

#[tokio::test]
async fn what_is_too_large_or_too_many_is_the_callers_fault() {
    let (near, mut far) = pair_on(|side| {
        let mut terms = terms(side);
        terms.limits.streams_max = 2;
        terms.limits.message_max = MIB;
        terms
    })
    .await;
    let (ours, theirs) = stream(&near, &mut far).await;
    let large = ours.send(Bytes::from(vec![0; MIB + 1])).await;
    assert!(matches!(large, Err(StreamError::TooLarge(_))), "{large:?}");
    let large = near.session.request(body(&vec![0; MIB])).await;
    assert!(matches!(large, Err(StreamError::TooLarge(_))), "{large:?}");
    let _second = stream(&near, &mut far).await;
    let third = near.session.open_stream(Open::default()).await;
    assert!(matches!(third, Err(StreamError::Full(StreamsFull { max: 2 }))));
    ours.send_last(Bytes::from_static(b"well")).await.unwrap();
    assert_eq!(theirs.next().await, Ok(Some(Bytes::from_static(b"well"))));
}

#[tokio::test]
async fn the_end_of_the_session_ends_its_streams() {
    let (near, mut far) = pair().await;
    let (ours, theirs) = stream(&near, &mut far).await;
    theirs.send(Bytes::from_static(b"last")).await.unwrap();
    while ours.try_send(&numbered(0, KIB), false).is_ok() {}
    let sending = ours.send(numbered(0, KIB));
    let reading = async {
        assert_eq!(ours.next().await, Ok(Some(Bytes::from_static(b"last"))));
        far.session.close(Code::Left, "bye");
        ours.next().await
    };
    let (sent, read) = tokio::join!(sending, reading);
    assert_eq!(sent, Err(StreamError::Disconnected));
    assert_eq!(read, Err(StreamError::Disconnected));
    assert_eq!(near.session.request(body(b"")).await, Err(StreamError::Disconnected));
    ours.stopped().await;
}

/// A peer without the feature is never sent such a frame, and may not send one.
#[tokio::test]
async fn without_the_feature_there_are_no_streams() {
    let old = |side| Terms { side, ..Limits::default().into() };
    let (near, mut far) = pair_on(old).await;
    assert_eq!(near.session.request(body(b"")).await, Err(StreamError::Unsupported));
    let message = near.session.send_message(FrameHead::new(Kind::Bulk), Bytes::new()).await;
    assert_eq!(message, Err(holm_net::MessageError::Unsupported));
    let sent = near.session.append(|out| {
        let head = FrameHead::new(Kind::Send);
        out.push(head, Order::Free, |bytes| bytes.push(1)).unwrap();
    });
    assert_eq!(sent, Some(()));
    near.session.wake_writer();
    assert_eq!(far.told.messages.recv().await.unwrap().1, 1, "the rest works");

    for kind in [Kind::Open, Kind::Bulk, Kind::Membership, Kind::Credit, Kind::ClassCredit] {
        let (near, far) = streams().await;
        let mut near = start(near, old(Side::Dialled));
        write(&far, &[3, kind as u8, kind.class() as u8, 0]).await;
        let ended = near.told.ended.recv().await.unwrap();
        assert!(matches!(ended, End::Violation(Violation::Unexpected(it)) if it == kind));
    }
}

/// The bytes of frames, as no honest peer sends them.
fn raw(frames: &[(StreamFrame<'_>, usize)]) -> Vec<u8> {
    let mut out = Outbound::new(terms(Side::Accepted));
    for (frame, length) in frames {
        let write = |bytes: &mut Vec<u8>| {
            frame.encode(bytes);
            bytes.resize(bytes.len() + length, 0);
        };
        out.push(frame.head(), Order::Every, write).unwrap();
    }
    let mut bytes = Vec::new();
    while !out.is_empty() {
        let mut iov = [std::io::IoSlice::new(&[]); 8];
        let used = out.segments(&mut iov);
        let before = bytes.len();
        iov[..used].iter().for_each(|slice| bytes.extend_from_slice(slice));
        let lent = bytes.len() - before;
        out.consumed(lent);
    }
    bytes
}

#[tokio::test]
async fn a_peer_that_breaks_the_rules_of_streams() {
    let id = |n| RequestId::from_u64(n).unwrap();
    let open = |n| (StreamFrame::Open(id(n), Open::default()), 0);
    let item = |n, length| (StreamFrame::Item { id: id(n), last: false }, length);
    let request = |n, fault| Violation::Request { id: id(n), fault };
    let stream = |fault| Violation::Stream { id: id(2), fault };
    let end = || (StreamFrame::End(id(2)), 0);
    let full = vec![open(2), item(2, 32 * KIB), item(2, 32 * KIB), item(2, 1)];
    for (frames, expected) in [
        (vec![open(1)], request(1, RequestFault::Parity)),
        (vec![open(2), open(2)], request(2, RequestFault::InFlight)),
        (vec![item(2, 1)], stream(StreamFault::NotOpen)),
        (vec![open(2), end(), item(2, 1)], stream(StreamFault::AfterEnd)),
        (full, stream(StreamFault::Credit)),
    ] {
        let (near, far) = streams().await;
        let mut near = start(near, terms(Side::Dialled));
        write(&far, &raw(&frames)).await;
        let End::Violation(violation) = near.told.ended.recv().await.unwrap() else {
            panic!("{frames:?}")
        };
        assert_eq!(violation, expected, "{frames:?}");
    }
}

/// A peer that reads nothing costs the queue of its streams; control frames still go ahead.
#[tokio::test]
async fn a_peer_that_reads_nothing_stops_new_streams() {
    let (near, far) = streams().await;
    let near = start(near, terms(Side::Dialled));
    let body = vec![7; 32 * KIB];
    let open = Open { body: &body, ..Open::default() };
    let mut opened = Vec::new();
    let busy = loop {
        match near.session.try_open(&open) {
            Ok(stream) => opened.push(stream),
            Err(error) => break error,
        }
    };
    assert_eq!(busy, StreamError::Busy);
    let queued = near.session.queued_bytes();
    assert!((16 * MIB..16 * MIB + 64 * KIB).contains(&queued), "{queued}");
    let mut waiting = Box::pin(near.session.open_stream(open));
    tokio::select! {
        biased;
        _ = &mut waiting => panic!("opened without room"),
        () = std::future::ready(()) => {}
    }
    // Actors are not held up, and it goes on as soon as it is read.
    assert_eq!(near.session.append(|out| out.is_crowded(1)), Some(false));
    let mut far = start(far, terms(Side::Accepted));
    assert!(waiting.await.is_ok());
    for _ in 0..=opened.len() {
        assert_eq!(far.told.opened.recv().await.unwrap().1, body);
    }
}

/// Refusals are never refused themselves: a peer that opens for ever and reads nothing is closed.
#[tokio::test]
async fn a_peer_that_opens_for_ever_and_reads_nothing_is_closed() {
    let (near, far) = streams().await;
    let mut terms = terms(Side::Dialled);
    terms.limits.message_max = 256 * KIB;
    let mut near = start(near, terms);
    let open = Open { body: b"refuse at length", ended: true, ..Open::default() };
    let opens: Vec<_> = (1..20_000)
        .map(|n| (StreamFrame::Open(RequestId::from_u64(2 * n).unwrap(), open), 0))
        .collect();
    let bytes = raw(&opens);
    let mut rest = &bytes[..];
    while near.told.ended.is_empty() {
        match far.writer.try_write_vectored(&[std::io::IoSlice::new(rest)]) {
            Ok(n) => rest = &rest[n..],
            Err(_) => tokio::task::yield_now().await,
        }
    }
    assert!(matches!(near.told.ended.recv().await, Some(End::Lost(_))));
    assert!(!rest.is_empty());
    assert!(near.session.queued_bytes() < 33 * MIB, "{}", near.session.queued_bytes());
}

#[tokio::test]
async fn classes_of_messages_go_by_credit() {
    for kind in [Kind::Membership, Kind::Bulk] {
        let (near, mut far) = pair().await;
        let head = FrameHead::new(kind);
        let sent = std::cell::Cell::new(0);
        let mut sending = Box::pin(async {
            while sent.get() < 2_000 {
                near.session.send_message(head, Bytes::from_static(b"m")).await.unwrap();
                sent.set(sent.get() + 1);
            }
        });
        tokio::select! {
            biased;
            () = &mut sending => panic!("sent without credit"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(sent.get(), if kind == Kind::Bulk { 256 } else { 1024 });
        let receiving = async {
            for _ in 0..2_000 {
                assert_eq!(far.told.messages.recv().await, Some((head, 1)));
                far.session.consumed(kind.class(), 1);
            }
        };
        tokio::join!(sending, receiving);
    }
}

#[tokio::test]
async fn more_than_the_credit_of_a_class() {
    let (near, far) = streams().await;
    let mut near = start(near, terms(Side::Dialled));
    write(&far, &[3, Kind::Bulk as u8, Class::Bulk as u8, 0].repeat(257)).await;
    let ended = near.told.ended.recv().await.unwrap();
    assert!(matches!(ended, End::Violation(Violation::ClassCredit(Class::Bulk))));
    assert_eq!(near.told.messages.len(), 256);
}

#[tokio::test]
async fn compressed_and_with_checksums() {
    let (near, mut far) = pair_on(|side| Terms {
        features: Features::STREAMS.with(Features::CHECKSUM),
        compression: Some(Compression::Lz4),
        ..terms(side)
    })
    .await;
    let (ours, theirs) = stream(&near, &mut far).await;
    for (number, size) in [10, 5_000, 3 * MIB, 20].into_iter().enumerate() {
        ours.send(numbered(number, size)).await.unwrap();
        assert!(theirs.next().await.unwrap().unwrap() == numbered(number, size));
    }
}

#[tokio::test]
async fn a_damaged_frame_ends_the_session_with_its_reason() {
    let (near, far) = streams().await;
    let checked = Terms { features: Features::CHECKSUM, ..terms(Side::Dialled) };
    let mut near = start(near, checked);
    write(&far, &[8, Kind::Send as u8, 1, 0, 7, 0, 0, 0, 0]).await;
    assert!(matches!(near.told.ended.recv().await, Some(End::Violation(Violation::Checksum))));
}
