//! A peer that goes by the protocol as far as it likes.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use holm::{Code, Secret, WireError};
use holm_wire::control::Control;
use holm_wire::handshake::{
    AwaitHello, Dial, Established, HandshakeFrame, HandshakeReader, Hello, Introduced,
    Introduction, Reject, dial,
};
use holm_wire::session::{Inbound, Payload, Sink, Terms};
use holm_wire::signal::Signal;
use holm_wire::{AttemptNo, Class, Compression, FrameHead, Incarnation, Violation};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::victim::{Over, PATIENCE, TOKEN, Victim};

/// A byte stream.
pub(super) trait Wire: Read + Write + Send {}
impl<S: Read + Write + Send> Wire for S {}

/// A connection of which nothing was said yet, but for TLS's own handshake.
pub(super) fn connect(victim: &Victim) -> Box<dyn Wire> {
    let stream = TcpStream::connect(victim.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    match victim.over {
        Over::Tcp => Box::new(stream),
        Over::Tls => {
            let mut wire = Tls { conn: tls(victim), stream };
            while wire.conn.is_handshaking() {
                wire.conn.complete_io(&mut wire.stream).unwrap();
            }
            Box::new(wire)
        }
    }
}

/// A TLS connection that can be read although it can no longer be written to.
struct Tls {
    conn: ClientConnection,
    stream: TcpStream,
}

impl Read for Tls {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.conn.reader().read(buf) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                read => return read,
            }
            self.conn.read_tls(&mut self.stream)?;
            self.conn.process_new_packets().map_err(io::Error::other)?;
        }
    }
}

impl Write for Tls {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let taken = self.conn.writer().write(buf)?;
        self.flush()?;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.conn.wants_write() {
            self.conn.write_tls(&mut self.stream)?;
        }
        Ok(())
    }
}

/// The client's end of TLS with the victim.
pub(super) fn tls(victim: &Victim) -> ClientConnection {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(victim.certificate()).unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::IpAddress(victim.address().ip().into());
    ClientConnection::new(Arc::new(config), name).unwrap()
}

/// What a peer of this name says of itself.
pub(super) fn introduction(name: &str) -> Introduction {
    let mut ours =
        Introduction::new("holm".parse().unwrap(), name.parse().unwrap(), Incarnation(1));
    ours.compression = vec![Compression::Lz4 as u8];
    ours.token = Some(Secret::new(TOKEN.to_vec()));
    ours
}

/// The same in its first frame.
pub(super) fn hello(name: &str) -> Hello {
    let attempt = AttemptNo(1.try_into().unwrap());
    Hello { dial: Dial { attempt, gone: None, is_blind: false }, from: introduction(name) }
}

/// What the victim said.
#[derive(Debug)]
pub(super) enum Said {
    Closed { code: Code, message: String },
    Answered { id: u64, body: Vec<u8> },
    Refused { id: u64, error: WireError },
    Else,
}

#[derive(Default)]
struct Ear(VecDeque<Said>);

impl Sink for Ear {
    fn frame(&mut self, head: FrameHead, payload: Payload<'_>) -> Result<(), Violation> {
        let payload = payload.as_slice();
        self.0.push_back(if head.kind.class() == Class::Control {
            match Control::decode(head, payload)? {
                Control::Close { code, message } => {
                    Said::Closed { code, message: message.to_owned() }
                }
                _ => Said::Else,
            }
        } else {
            match Signal::decode(head, payload)? {
                Signal::Reply { id, body, .. } => {
                    Said::Answered { id: id.as_u64(), body: body.to_owned() }
                }
                Signal::ReplyError { id, error, .. } => Said::Refused { id: id.as_u64(), error },
                _ => Said::Else,
            }
        });
        Ok(())
    }
}

/// The attacker's end of a session.
pub(super) struct Attacker {
    wire: Box<dyn Wire>,
    inbound: Inbound,
    ear: Ear,
}

impl Attacker {
    /// A session with the victim, as a good peer begins one.
    pub(super) fn join(victim: &Victim, name: &str) -> Self {
        Self::dial(victim, hello(name), |frame| frame).expect("it was refused")
    }

    /// The same, with the first frame as `change` leaves it. Otherwise, how it was refused.
    pub(super) fn dial(
        victim: &Victim,
        hello: Hello,
        change: impl FnOnce(Vec<u8>) -> Vec<u8>,
    ) -> Result<Self, Reject> {
        let (mut wire, mut reader, mut out) = (connect(victim), HandshakeReader::new(), Vec::new());
        let awaiting = dial(hello, &mut out);
        wire.write_all(&change(out)).unwrap();
        let welcome = next_frame(&mut wire, &mut reader);
        let HandshakeFrame::Welcome(_) = welcome else { return Err(refusal(welcome)) };
        let introduced = awaiting.handle_frame(welcome).unwrap();
        Self::settle(wire, reader, introduced)
    }

    /// Accepts a session, with Welcome as `change` leaves it. Otherwise, how it was refused.
    pub(super) fn accept(
        listener: &TcpListener,
        ours: Introduction,
        change: impl FnOnce(Vec<u8>) -> Vec<u8>,
    ) -> Result<Self, Reject> {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (mut wire, mut reader, mut out) =
            (Box::new(stream) as Box<dyn Wire>, HandshakeReader::new(), Vec::new());
        let greeted = AwaitHello.handle_frame(next_frame(&mut wire, &mut reader)).unwrap();
        let introduced = greeted.welcome(ours, &mut out).unwrap();
        wire.write_all(&change(out)).unwrap();
        Self::settle(wire, reader, introduced)
    }

    fn settle(
        mut wire: Box<dyn Wire>,
        mut reader: HandshakeReader,
        introduced: Introduced,
    ) -> Result<Self, Reject> {
        let established: Established = match introduced {
            Introduced::AwaitCommit(awaiting) => {
                let frame = next_frame(&mut wire, &mut reader);
                let HandshakeFrame::Commit = frame else { return Err(refusal(frame)) };
                awaiting.handle_frame(frame).unwrap()
            }
            Introduced::Committing(committing) => {
                let mut out = Vec::new();
                let established = committing.commit(&mut out);
                wire.write_all(&out).unwrap();
                established
            }
        };
        let mut inbound = Inbound::new(Terms::from(&established), reader.rest());
        let mut ear = Ear::default();
        inbound.handle_read(0, &mut ear).unwrap();
        Ok(Self { wire, inbound, ear })
    }

    /// Writes bytes, as many as the victim takes before it closes.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        // What it was told is still to be read.
        let _ = self.wire.write_all(bytes);
    }

    /// The next thing that the victim says; nothing more at the end.
    pub(super) fn next(&mut self) -> Option<Said> {
        while self.ear.0.is_empty() {
            let n = match self.wire.read(self.inbound.buffer()) {
                Ok(n) => n,
                Err(error) if is_end(error.kind()) => 0,
                Err(error) => panic!("the victim says nothing: {error}"),
            };
            if n == 0 {
                return None;
            }
            self.inbound.handle_read(n, &mut self.ear).unwrap();
        }
        self.ear.0.pop_front()
    }

    /// Reads until the victim closes the session; with which code and words.
    pub(super) fn closed(&mut self) -> (Code, String) {
        loop {
            match self.next().expect("it was closed without a word") {
                Said::Closed { code, message } => return (code, message),
                Said::Answered { .. } | Said::Refused { .. } | Said::Else => {}
            }
        }
    }
}

/// How a connection was refused.
///
/// # Panics
/// If it was not.
pub(super) fn refusal(frame: HandshakeFrame) -> Reject {
    match frame {
        HandshakeFrame::Reject(reject) => reject,
        other => panic!("the victim sent {other:?}"),
    }
}

fn is_end(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset)
}

/// Reads a frame of the handshake.
pub(super) fn next_frame(wire: &mut impl Read, reader: &mut HandshakeReader) -> HandshakeFrame {
    loop {
        if let Some(frame) = reader.poll_frame().unwrap() {
            return frame;
        }
        let n = wire.read(reader.buffer()).unwrap();
        assert_ne!(n, 0, "the connection was closed without a word");
        reader.handle_read(n);
    }
}
