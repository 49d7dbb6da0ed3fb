//! Drives a handshake over a fresh connection, against a deadline.

use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::time::Duration;

use holm_env::{Connection, WriteHalf};
use holm_wire::handshake::{
    AwaitHello, Established, HandshakeError, HandshakeFrame, HandshakeReader, Hello, Introduced,
    Introduction, Reject, dial as say_hello,
};

/// For the whole handshake: some round trips over any real network, and short enough that
/// silent clients free their places soon.
pub const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(5);

/// A connection that became a session.
pub struct Peering {
    /// The connection, for the session's frames only from now on.
    pub connection: Connection,
    /// What was agreed on.
    pub established: Established,
    /// What was read behind the handshake.
    pub already_read: Vec<u8>,
}

/// Why a connection became no session. It is closed, and the peer was told where possible.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeFailure {
    /// The peer cannot be talked to, broke the protocol, or refused.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// This node refused the peer.
    #[error("refused: {0}")]
    Refused(Reject),
    /// The connection broke.
    #[error("the connection broke during the handshake: {0}")]
    Io(#[from] io::Error),
    /// Nothing was agreed on within [`HANDSHAKE_DEADLINE`].
    #[error("the peer did not complete the handshake within {HANDSHAKE_DEADLINE:?}")]
    Timeout,
}

/// Introduces this node on a connection that it dialled. `decide` may still refuse once the
/// peer is known.
///
/// # Errors
/// [`HandshakeFailure`]. Cancel safe: dropped, the connection is closed.
pub async fn dial(
    connection: Connection,
    hello: Hello,
    decide: impl FnOnce(&Established) -> Result<(), Reject>,
) -> Result<Peering, HandshakeFailure> {
    let mut talk = Talk::new(connection);
    let outcome = within_deadline(async {
        let mut out = Vec::new();
        let awaiting = say_hello(hello, &mut out);
        talk.write(&out).await?;
        let introduced = awaiting.handle_frame(talk.read().await?)?;
        talk.settle(introduced, Vec::new(), decide).await
    })
    .await;
    talk.finish(outcome)
}

/// Answers on a connection that was accepted. `admit` decides by the peer's Hello and says
/// what to answer; `decide` may still refuse when all is agreed.
///
/// # Errors
/// [`HandshakeFailure`]. Cancel safe: dropped, the connection is closed.
pub async fn accept(
    connection: Connection,
    admit: impl FnOnce(&Hello) -> Result<Introduction, Reject>,
    decide: impl FnOnce(&Established) -> Result<(), Reject>,
) -> Result<Peering, HandshakeFailure> {
    let mut talk = Talk::new(connection);
    let outcome = within_deadline(async {
        let greeted = AwaitHello.handle_frame(talk.read().await?)?;
        let ours = admit(greeted.hello()).map_err(HandshakeFailure::Refused)?;
        let mut out = Vec::new();
        let introduced = greeted.welcome(ours, &mut out)?;
        talk.settle(introduced, out, decide).await
    })
    .await;
    talk.finish(outcome)
}

async fn within_deadline<T>(
    handshake: impl Future<Output = Result<T, HandshakeFailure>>,
) -> Result<T, HandshakeFailure> {
    tokio::time::timeout(HANDSHAKE_DEADLINE, handshake)
        .await
        .unwrap_or(Err(HandshakeFailure::Timeout))
}

/// The two directions of a handshake.
struct Talk {
    connection: Connection,
    reader: HandshakeReader,
}

impl Talk {
    fn new(connection: Connection) -> Self {
        Self { connection, reader: HandshakeReader::new() }
    }

    async fn read(&mut self) -> Result<HandshakeFrame, HandshakeFailure> {
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

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        write_all(&*self.connection.writer, bytes).await
    }

    /// Commits, or waits for the peer's Commit. `out` is what is to be sent before.
    async fn settle(
        &mut self,
        introduced: Introduced,
        mut out: Vec<u8>,
        decide: impl FnOnce(&Established) -> Result<(), Reject>,
    ) -> Result<Established, HandshakeFailure> {
        match introduced {
            Introduced::Committing(committing) => {
                if let Err(reject) = decide(committing.agreed()) {
                    // The refused peer is to know whom it reached.
                    self.write(&out).await?;
                    return Err(HandshakeFailure::Refused(reject));
                }
                let established = committing.commit(&mut out);
                self.write(&out).await?;
                Ok(established)
            }
            Introduced::AwaitCommit(awaiting) => {
                // Without a Welcome, or the arbiter would commit.
                decide(awaiting.agreed()).map_err(HandshakeFailure::Refused)?;
                self.write(&out).await?;
                Ok(awaiting.handle_frame(self.read().await?)?)
            }
        }
    }

    /// Tells the peer of a failure, then hands over or closes.
    fn finish(
        self,
        outcome: Result<Established, HandshakeFailure>,
    ) -> Result<Peering, HandshakeFailure> {
        let failure = match outcome {
            Ok(established) => {
                let already_read = self.reader.rest().to_vec();
                return Ok(Peering { connection: self.connection, established, already_read });
            }
            Err(failure) => failure,
        };
        let reject = match &failure {
            HandshakeFailure::Handshake(error) => error.reject(),
            HandshakeFailure::Refused(reject) => Some(reject.clone()),
            HandshakeFailure::Io(_) | HandshakeFailure::Timeout => None,
        };
        if let Some(reject) = reject {
            let mut out = Vec::new();
            reject.send(&mut out);
            // One try: a peer that takes nothing is not waited for.
            let _ = self.connection.writer.try_write_vectored(&[IoSlice::new(&out)]);
        }
        self.connection.writer.shutdown();
        Err(failure)
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
