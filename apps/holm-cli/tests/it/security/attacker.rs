//! Somebody between two nodes with keys and code of their own, who does not know the cookie.

use std::future::poll_fn;
use std::io::IoSlice;

use holm_env::{
    Connection, Endpoint, Env, Listener, ReadHalf, TokioTransport, Transport, WriteHalf,
};
use holm_net::security::{SecretSource, SecurityConfig, TlsConfig};
use holm_net::{Security, secure_accept, secure_dial};
use holm_wire::handshake::{Dial, HandshakeFrame, HandshakeReader, Hello, Introduction};
use holm_wire::{AttemptNo, Incarnation, Secret};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::program::PATIENCE;

/// The attacker: TLS with a certificate that it made for itself.
pub(super) struct Attacker {
    runtime: Runtime,
    security: Security,
}

/// A door of the attacker's, and where it is.
pub(super) struct Door {
    pub(super) at: String,
    listener: Box<dyn Listener>,
}

impl Attacker {
    pub(super) fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let mut config = SecurityConfig::default();
        config.tls = Some(TlsConfig::Ephemeral);
        // There must be one; it is used for nothing.
        let cookie = b"what the attacker takes for it".to_vec();
        config.cookie = Some(SecretSource::Value(Secret::new(cookie)));
        let env = runtime.block_on(async { Env::tokio() }).unwrap();
        Self { security: Security::load(config, &env).unwrap(), runtime }
    }

    pub(super) fn runs<T>(&self, attack: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { timeout(PATIENCE, attack).await }).unwrap()
    }

    pub(super) async fn open(&self) -> Door {
        let at: Endpoint = "tcp:127.0.0.1:0".parse().unwrap();
        let listener = TokioTransport.listen(&at).await.unwrap();
        let at = listener.local().to_string().replace("tcp:", "tls:");
        Door { at, listener }
    }

    /// Ends the TLS of the next who comes in.
    pub(super) async fn accept(&self, door: &mut Door) -> Connection {
        let connection = door.listener.accept().await.unwrap();
        let at = door.at.parse().unwrap();
        let secured = secure_accept(connection, &self.security, &at).await;
        secured.unwrap().into_connection()
    }

    /// Ends the TLS of a node.
    pub(super) async fn dial(&self, to: &str) -> Connection {
        let to: Endpoint = to.parse().unwrap();
        let connection = TokioTransport.dial(&to.stream()).await.unwrap();
        let secured = secure_dial(connection, &self.security, &to, &hello()).await;
        secured.unwrap().into_connection()
    }

    /// Ends the TLS of one who comes in and of a node, and passes what they say on as it is. Gives what
    /// each has said: who came in, and the node.
    pub(super) async fn relay(&self, door: &mut Door, to: &str) -> [Vec<u8>; 2] {
        let (mut near, mut far) = (self.accept(door).await, self.dial(to).await);
        let said = tokio::join!(
            pass_on(&mut *near.reader, &*far.writer),
            pass_on(&mut *far.reader, &*near.writer)
        );
        said.into()
    }
}

/// As `ping@127.0.0.1` might say it.
pub(super) fn hello() -> Hello {
    let name = "ping@127.0.0.1".parse().unwrap();
    let from = Introduction::new("holm".parse().unwrap(), name, Incarnation(1));
    let attempt = AttemptNo(1.try_into().unwrap());
    Hello { dial: Dial { attempt, gone: None, is_blind: false }, from }
}

/// Copies what one side says to the other, until either ends.
async fn pass_on(from: &mut dyn ReadHalf, to: &dyn WriteHalf) -> Vec<u8> {
    let (mut said, mut buffer) = (Vec::new(), [0; 4096]);
    // An end may come as an error.
    while let Ok(n @ 1..) = poll_fn(|cx| from.poll_read(cx, &mut buffer)).await {
        said.extend_from_slice(&buffer[..n]);
        if !write(to, &buffer[..n]).await {
            break;
        }
    }
    to.shutdown();
    said
}

/// Whether all of it was taken.
async fn write(to: &dyn WriteHalf, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        match to.try_write_vectored(&[IoSlice::new(bytes)]) {
            Ok(n) => bytes = &bytes[n..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                if poll_fn(|cx| to.poll_writable(cx)).await.is_err() {
                    return false;
                }
            }
            Err(_) => return false,
        }
    }
    true
}

/// The frames of a handshake, as the attacker reads and writes them.
pub(super) struct Frames {
    connection: Connection,
    reader: HandshakeReader,
}

impl Frames {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, reader: HandshakeReader::new() }
    }

    /// The next frame, and its bytes.
    pub(super) async fn next(&mut self) -> (HandshakeFrame, Vec<u8>) {
        loop {
            if let Some(frame) = self.reader.poll_frame().unwrap() {
                return (frame, self.reader.last_frame().to_vec());
            }
            let Self { connection, reader } = self;
            let n = poll_fn(|cx| connection.reader.poll_read(cx, reader.buffer())).await.unwrap();
            assert_ne!(n, 0, "it ended without a word");
            reader.handle_read(n);
        }
    }

    pub(super) async fn write(&self, bytes: &[u8]) {
        assert!(write(&*self.connection.writer, bytes).await);
    }

    /// The next frame, which is to be a Hello, and its bytes.
    pub(super) async fn hello(&mut self) -> (Hello, Vec<u8>) {
        match self.next().await {
            (HandshakeFrame::Hello(hello), bytes) => (hello, bytes),
            (other, _) => panic!("no Hello: {other:?}"),
        }
    }

    /// The bytes of the next frame, which is to be a Challenge.
    pub(super) async fn challenge(&mut self) -> Vec<u8> {
        match self.next().await {
            (HandshakeFrame::Challenge(_), bytes) => bytes,
            (other, _) => panic!("no Challenge: {other:?}"),
        }
    }

    /// The bytes of the next frame, which is to be a Proof.
    pub(super) async fn proof(&mut self) -> Vec<u8> {
        match self.next().await {
            (HandshakeFrame::Proof(_), bytes) => bytes,
            (other, _) => panic!("no Proof: {other:?}"),
        }
    }

    /// The next frame, which is to be a refusal.
    pub(super) async fn refusal(&mut self) -> String {
        match self.next().await.0 {
            HandshakeFrame::Reject(reject) => reject.to_string(),
            other => panic!("not refused: {other:?}"),
        }
    }
}
