//! TLS 1.3 over a connection, by rustls.
//!
//! Every session is authenticated afresh: there is no resumption and no early data.

mod certificate;
pub(crate) mod config;
mod failure;
mod verifier;

use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::sync::Arc;

use holm_env::{Connection, WriteHalf};
use holm_wire::handshake::Binding;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection};

pub use config::read_certificate;
pub use failure::{CertificateFault, TlsFailure};

use crate::failure::HandshakeFailure;
use crate::identity::{Method, PeerIdentity};
use crate::standing::Standing;
use crate::stream::{self, Channel, Received, UNSENT_MAX};
use crate::talk::Talk;

/// What the exporter is asked for, which binds a cookie's proof to the channel.
const EXPORTER_LABEL: &[u8] = b"EXPORTER-holm-binding";

/// A connection within TLS, and who is at its other end.
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    pub(crate) identity: PeerIdentity,
    pub(crate) binding: Binding,
    pub(crate) standing: Standing,
}

/// Dials through `connection`. `proves` is what a certificate of the peer proves.
pub(crate) async fn dial(
    connection: Connection,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    proves: Method,
) -> Result<Opened, HandshakeFailure> {
    let tls = ClientConnection::new(config, name.clone()).map_err(TlsFailure::from)?;
    open(connection, tls.into(), proves, Some(name)).await
}

/// Accepts through `connection`.
pub(crate) async fn accept(
    connection: Connection,
    config: Arc<ServerConfig>,
    proves: Method,
) -> Result<Opened, HandshakeFailure> {
    let tls = ServerConnection::new(config).map_err(TlsFailure::from)?;
    open(connection, tls.into(), proves, None).await
}

async fn open(
    mut connection: Connection,
    mut tls: rustls::Connection,
    proves: Method,
    name: Option<ServerName<'static>>,
) -> Result<Opened, HandshakeFailure> {
    let mut received = Received::new(&[]);
    let mut first = true;
    loop {
        send_all(&mut tls, &*connection.writer).await?;
        if !tls.is_handshaking() {
            break;
        }
        if received.bytes().is_empty() {
            let reader = &mut *connection.reader;
            if poll_fn(|cx| received.poll_fill(reader, cx)).await? == 0 {
                return Err(io::Error::from(ErrorKind::UnexpectedEof).into());
            }
        }
        if std::mem::take(&mut first) && !begins_tls(received.bytes()) {
            return Err(not_tls(connection, received.bytes()).await);
        }
        match feed(&mut tls, received.bytes()) {
            Ok(n) => received.consume(n),
            Err(error) => {
                // The peer is told by an alert: one try.
                let _ = tls.write_tls(&mut Io(&*connection.writer));
                connection.writer.shutdown();
                return Err(error.into());
            }
        }
    }
    let mut binding = [0; 32];
    let binding = tls
        .export_keying_material(&mut binding, EXPORTER_LABEL, None)
        .map(|exported| Binding(*exported))
        .map_err(TlsFailure::from)?;
    let identity = match tls.peer_certificates() {
        Some([leaf, ..]) => certificate::identity(leaf, proves).map_err(TlsFailure::from)?,
        Some([]) | None => PeerIdentity::new(Method::Nothing),
    };
    let chain = tls.peer_certificates().unwrap_or_default();
    let standing = Standing::tls(chain.iter().map(|it| it.clone().into_owned()).collect(), name);
    tls.set_buffer_limit(Some(UNSENT_MAX));
    let connection = stream::connection(Tls(tls), connection, received);
    Ok(Opened { connection, identity, binding, standing })
}

/// Whether these may be the first bytes of a TLS record.
fn begins_tls(first: &[u8]) -> bool {
    match first {
        [] | [0x14..=0x17] | [0x14..=0x17, 3] => true,
        [0x14..=0x17, 3, minor, ..] => *minor <= 4,
        _ => false,
    }
}

/// The peer speaks something else: a Holm node without TLS, or a stranger. Either is told.
async fn not_tls(connection: Connection, first: &[u8]) -> HandshakeFailure {
    use holm_wire::handshake::HandshakeError::{Rejected, Unexpected};
    use holm_wire::handshake::HandshakeFrame;

    let mut talk = Talk::with_received(connection, first);
    let failure = match talk.read().await {
        Ok(HandshakeFrame::Reject(reject)) => Rejected(reject).into(),
        Ok(HandshakeFrame::Hello(_)) => HandshakeFailure::Channel { spoken: "nothing", due: "TLS" },
        Ok(other) => Unexpected { expected: holm_wire::Kind::Hello, found: other.kind() }.into(),
        Err(failure) => failure,
    };
    talk.fail(failure)
}

async fn send_all(tls: &mut rustls::Connection, writer: &dyn WriteHalf) -> io::Result<()> {
    while tls.wants_write() {
        match tls.write_tls(&mut Io(writer)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                poll_fn(|cx| writer.poll_writable(cx)).await?;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn feed(tls: &mut rustls::Connection, mut bytes: &[u8]) -> io::Result<usize> {
    let n = tls.read_tls(&mut bytes)?;
    tls.process_new_packets().map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
    Ok(n)
}

/// The stream beneath as rustls wants it.
struct Io<'a>(&'a dyn WriteHalf);

impl Write for Io<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.try_write_vectored(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Tls(rustls::Connection);

impl Channel for Tls {
    fn write(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.writer().write_vectored(bufs)
    }

    fn has_unsent(&self) -> bool {
        self.0.wants_write()
    }

    fn send(&mut self, writer: &dyn WriteHalf) -> io::Result<()> {
        while self.0.wants_write() {
            match self.0.write_tls(&mut Io(writer)) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.reader().read(buf)
    }

    fn feed(&mut self, bytes: &[u8]) -> io::Result<usize> {
        feed(&mut self.0, bytes)
    }

    fn close(&mut self) {
        self.0.send_close_notify();
    }
}
