//! Connected streams, introductions, and a handler that passes on what it is given.

use std::future::poll_fn;
use std::io::IoSlice;
use std::sync::Arc;

use holm_env::{Connection, Endpoint, Env, MemoryTransport, Transport};
use holm_net::{End, Handler, Session};
use holm_wire::control::Control;
use holm_wire::handshake::{Dial, Hello, Introduction};
use holm_wire::session::{Order, Payload};
use holm_wire::{AttemptNo, FrameHead, Incarnation, Kind, Limits, Serial, Violation};
use tokio::sync::mpsc;

/// Two ends of one stream.
pub(crate) async fn streams() -> (Connection, Connection) {
    let transport = MemoryTransport::new();
    let at = Endpoint::Memory("there".to_owned());
    let mut listener = transport.listen(&at).await.unwrap();
    let near = transport.dial(&at).await.unwrap();
    (near, listener.accept().await.unwrap())
}

pub(crate) fn introduction(node: &str) -> Introduction {
    Introduction::new("test".parse().unwrap(), node.parse().unwrap(), Incarnation(1))
}

pub(crate) fn hello(node: &str) -> Hello {
    let attempt = AttemptNo(1.try_into().unwrap());
    Hello { dial: Dial { attempt, gone: None, is_blind: false }, from: introduction(node) }
}

/// Writes raw bytes, as no node would.
pub(crate) async fn write(connection: &Connection, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match connection.writer.try_write_vectored(&[IoSlice::new(bytes)]) {
            Ok(n) => bytes = &bytes[n..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                poll_fn(|cx| connection.writer.poll_writable(cx)).await.unwrap();
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Reads raw bytes to the end.
pub(crate) async fn read_all(connection: &mut Connection) -> Vec<u8> {
    let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match poll_fn(|cx| connection.reader.poll_read(cx, &mut buffer)).await.unwrap() {
            0 => return all,
            n => all.extend_from_slice(&buffer[..n]),
        }
    }
}

/// What a session brought.
#[derive(Debug)]
pub(crate) enum Event {
    Frame(Vec<u8>),
    Pause(Serial),
    End(End),
}

/// Room for all events of a test: a handler cannot wait.
const EVENTS: usize = 100_000;

pub(crate) struct Recorder(mpsc::Sender<Event>);

impl Recorder {
    pub(crate) fn new(events: mpsc::Sender<Event>) -> Self {
        Self(events)
    }
}

impl Handler for Recorder {
    fn handle_frame(&mut self, _: FrameHead, payload: Payload<'_>) -> Result<(), Violation> {
        assert_ne!(payload.as_slice(), b"panic", "asked to");
        self.0.try_send(Event::Frame(payload.as_slice().to_vec())).unwrap();
        Ok(())
    }

    fn handle_control(&mut self, control: Control<'_>) {
        let Control::Pause(Some(serial)) = control else { panic!("{control:?}") };
        self.0.try_send(Event::Pause(serial)).unwrap();
    }

    fn handle_end(self, end: End) {
        self.0.try_send(Event::End(end)).unwrap();
    }
}

/// A session whose state is a number.
pub(crate) struct Side {
    pub(crate) session: Arc<Session<u64>>,
    pub(crate) events: mpsc::Receiver<Event>,
}

impl Side {
    pub(crate) fn start(connection: Connection, already_read: &[u8]) -> Self {
        let (sender, events) = mpsc::channel(EVENTS);
        let limits = Limits::default();
        let session = Arc::new(Session::new(connection.writer, limits, 0));
        let env = Env::tokio().unwrap();
        session.start(&env, None, connection.reader, already_read, Recorder(sender));
        Self { session, events }
    }

    /// Appends a frame and has it written. `None` once the session has ended.
    pub(crate) fn send(&self, order: Order, payload: &[u8]) -> Option<()> {
        let head = FrameHead::new(Kind::Send);
        self.session.append(|out| {
            out.push(head, order, |bytes| bytes.extend_from_slice(payload)).unwrap();
        })?;
        self.session.wake_writer();
        Some(())
    }

    pub(crate) fn pause(&self, serial: Serial) {
        let control = Control::Pause(Some(serial));
        self.session
            .append(|out| {
                out.push(control.head(), Order::Free, |bytes| control.encode(bytes)).unwrap();
            })
            .unwrap();
        self.session.wake_writer();
    }

    pub(crate) async fn event(&mut self) -> Event {
        self.events.recv().await.unwrap()
    }

    pub(crate) async fn frame(&mut self) -> Vec<u8> {
        match self.event().await {
            Event::Frame(frame) => frame,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn end(&mut self) -> End {
        match self.event().await {
            Event::End(end) => end,
            other => panic!("{other:?}"),
        }
    }
}

/// Two sessions with each other.
pub(crate) async fn sessions() -> (Side, Side) {
    let (near, far) = streams().await;
    (Side::start(near, &[]), Side::start(far, &[]))
}
