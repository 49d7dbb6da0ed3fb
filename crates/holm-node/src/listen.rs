//! Accepting sessions.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use holm_env::{Connection, Endpoint, Listener};
use holm_net::handshake::{self, HandshakeFailure};
use holm_net::posture::{check_connection, check_listen};
use holm_net::unix_dir::bind_private;
use holm_wire::Code;
use holm_wire::handshake::{Hello, Introduction, Reject};
use tokio::sync::Semaphore;

use crate::StartError;
use crate::inner::Inner;

/// Handshakes under way at once at one listener. Each ends within its deadline; further connections
/// wait in the system's backlog.
const HANDSHAKES_MAX: usize = 128;

/// Pause after a failed accept: the process is out of file handles, which takes a while to pass.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Begins to listen; nothing is accepted yet.
pub(crate) async fn bind(node: &Inner, at: &Endpoint) -> Result<Box<dyn Listener>, StartError> {
    check_listen(at, node.token.is_some())
        .map_err(|source| StartError::Posture { at: at.clone(), source })?;
    if let Endpoint::Unix(path) = at {
        let socket =
            bind_private(path).map_err(|source| StartError::UnixDir { at: at.clone(), source })?;
        return Ok(Box::new(socket));
    }
    Ok(node.transport.listen(at).await?)
}

/// Accepts until the node stops.
pub(crate) fn accept(node: &Arc<Inner>, mut listener: Box<dyn Listener>) {
    let weak = Arc::downgrade(node);
    let env = node.env.clone();
    let mut stopping = node.stopping.subscribe();
    let handshakes = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    let accepting = async move {
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return,
                accepted = async {
                    let Ok(permit) = Arc::clone(&handshakes).acquire_owned().await else {
                        // Never closed.
                        return pending().await;
                    };
                    listener.accept().await.map(|connection| (connection, permit))
                } => accepted,
            };
            let Some(node) = weak.upgrade() else { return };
            match accepted {
                Ok((connection, permit)) => {
                    let mut stopping = stopping.clone();
                    drop(env.spawn(async move {
                        tokio::select! {
                            biased;
                            _ = stopping.wait_for(|stopping| *stopping) => {}
                            () = admit(&node, connection) => {}
                        }
                        drop(permit);
                    }));
                }
                Err(error) => {
                    tracing::warn!(node = %node.name(), %error, "cannot accept for now");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    let guard = node.stopping.subscribe();
    drop(node.env.spawn(async move {
        accepting.await;
        // The listener is gone: the address is free.
        drop(guard);
    }));
}

async fn admit(node: &Arc<Inner>, connection: Connection) {
    if let Err(failure) = shake(node, connection).await {
        tracing::warn!(node = %node.name(), %failure, "a connection was refused");
    }
}

/// From a connection to a session.
async fn shake(node: &Arc<Inner>, connection: Connection) -> Result<(), HandshakeFailure> {
    if let Err(error) = check_connection(&connection, node.token.is_some()) {
        connection.writer.shutdown();
        return Err(HandshakeFailure::Refused(Reject::new(Code::Forbidden, error.to_string())));
    }
    let mut place = None;
    let peering = handshake::accept(
        connection,
        |hello| welcome(node, hello),
        |agreed| node.decide(agreed).map(|decided| place = decided),
    )
    .await?;
    node.begin(peering, place).await.map(drop)
}

/// Checks the token of a peer. The answer carries none: the socket itself shows who we are.
fn welcome(node: &Inner, hello: &Hello) -> Result<Introduction, Reject> {
    match (&node.token, &hello.from.token) {
        (Some(_), None) => Err(Reject::new(Code::Unauthorized, "this node asks for a token")),
        (Some(ours), Some(theirs)) if ours != theirs => {
            Err(Reject::new(Code::Unauthorized, "the token is wrong"))
        }
        (Some(_) | None, _) => Ok(node.introduce(false)),
    }
}
