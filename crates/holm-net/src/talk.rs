//! The frames of a handshake over a connection.

use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::time::Duration;

use holm_env::{Connection, WriteHalf};
use holm_wire::handshake::{HandshakeFrame, HandshakeReader};

use crate::failure::HandshakeFailure;

/// For securing a connection, and again for the handshake on it: some round trips over any real
/// network, and short enough that silent clients free their places soon.
pub const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(5);

pub(crate) async fn within_deadline<T>(
    handshake: impl Future<Output = Result<T, HandshakeFailure>>,
) -> Result<T, HandshakeFailure> {
    tokio::time::timeout(HANDSHAKE_DEADLINE, handshake)
        .await
        .unwrap_or(Err(HandshakeFailure::Timeout))
}

/// The two directions of a handshake.
pub(crate) struct Talk {
    connection: Connection,
    reader: HandshakeReader,
}

impl Talk {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, reader: HandshakeReader::new() }
    }

    /// On a connection of which `received` was read already.
    pub(crate) fn with_received(connection: Connection, received: &[u8]) -> Self {
        let mut talk = Self::new(connection);
        let mut rest = received;
        while !rest.is_empty() {
            let buffer = talk.reader.buffer();
            let n = rest.len().min(buffer.len());
            buffer[..n].copy_from_slice(&rest[..n]);
            talk.reader.handle_read(n);
            rest = &rest[n..];
        }
        talk
    }

    pub(crate) async fn read(&mut self) -> Result<HandshakeFrame, HandshakeFailure> {
        loop {
            if let Some(frame) = self.reader.poll_frame()? {
                return Ok(frame);
            }
            let Self { connection, reader } = self;
            let n = poll_fn(|cx| connection.reader.poll_read(cx, reader.buffer())).await?;
            if n == 0 {
                return Err(io::Error::from(ErrorKind::UnexpectedEof).into());
            }
            reader.handle_read(n);
        }
    }

    /// The bytes of the frame that was read last.
    pub(crate) fn last_frame(&self) -> &[u8] {
        self.reader.last_frame()
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        write_all(&*self.connection.writer, bytes).await
    }

    /// The connection, and what was read behind the last frame.
    pub(crate) fn into_parts(self) -> (Connection, Vec<u8>) {
        let rest = self.reader.rest().to_vec();
        (self.connection, rest)
    }

    /// Tells the peer of a failure, as far as that is possible, and closes.
    pub(crate) fn fail(self, failure: HandshakeFailure) -> HandshakeFailure {
        if let Some(reject) = failure.reject() {
            let mut out = Vec::new();
            reject.send(&mut out);
            // One try: a peer that takes nothing is not waited for.
            let _ = self.connection.writer.try_write_vectored(&[IoSlice::new(&out)]);
        }
        self.connection.writer.shutdown();
        failure
    }
}

/// Writes all of `bytes`, waiting where it must.
async fn write_all(writer: &dyn WriteHalf, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match writer.try_write_vectored(&[IoSlice::new(bytes)]) {
            Ok(n) => bytes = &bytes[n..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                poll_fn(|cx| writer.poll_writable(cx)).await?;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
