//! Accepting sessions.

use std::io::IoSlice;
use std::sync::Arc;
use std::time::Duration;

use holm_env::{Connection, Endpoint, Listener, PeerAddr};
use holm_net::handshake::HandshakeFailure;
use holm_net::unix_dir::bind_private;
use holm_net::{TlsFailure, secure_accept};
use holm_proto::admission::{Outcome, Refusal};
use holm_wire::Code;
use holm_wire::handshake::Reject;
use tokio::sync::watch;

use crate::StartError;
use crate::gate::{self, Handshake};
use crate::inner::Inner;

/// Pause after a failed accept: the process is out of file handles, which takes a while to pass.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Begins to listen; nothing is accepted yet.
pub(crate) async fn bind(node: &Inner, at: &Endpoint) -> Result<Box<dyn Listener>, StartError> {
    node.security
        .check_listen(at)
        .map_err(|source| StartError::Posture { at: at.clone(), source })?;
    if let Endpoint::Unix(path) = at {
        let socket =
            bind_private(path).map_err(|source| StartError::UnixDir { at: at.clone(), source })?;
        return Ok(Box::new(socket));
    }
    Ok(node.transport.listen(&at.stream()).await?)
}

/// Accepts until the node stops.
pub(crate) fn accept(node: &Arc<Inner>, at: Endpoint, mut listener: Box<dyn Listener>) {
    let weak = Arc::downgrade(node);
    let env = node.env.clone();
    let gate = Arc::clone(&node.gate);
    let mut stopping = node.stopping.subscribe();
    // What speaks TLS or Noise would not understand a refusal.
    let has_words = at.stream() == at;
    let accepting = async move {
        let admits = |from: &PeerAddr| {
            let judged = gate.handle_connection(gate::source(from));
            judged.inspect_err(|refusal| note(from, refusal)).is_ok()
        };
        loop {
            let next = if has_words { listener.accept() } else { listener.accept_if(&admits) };
            let accepted = tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return,
                accepted = next => accepted,
            };
            let Some(node) = weak.upgrade() else { return };
            let connection = match accepted {
                Ok(connection) => connection,
                Err(error) => {
                    tracing::warn!(node = %node.name(), %error, "cannot accept for now");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let source = gate::source(&connection.peer);
            let entering = async {
                if has_words {
                    gate.handle_connection(source)?;
                }
                gate.enter(source).await
            };
            let entered = tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return,
                entered = entering => entered,
            };
            match entered {
                Ok(handshake) => {
                    let stopping = stopping.clone();
                    let at = at.clone();
                    drop(env.spawn(admit(node, at, connection, handshake, stopping)));
                }
                Err(refusal) => {
                    note(&connection.peer, &refusal);
                    refuse(has_words, &connection, &refusal);
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

/// Not a line in the usual log for each connection of a flood; they are counted.
fn note(from: &PeerAddr, refusal: &Refusal) {
    tracing::debug!(%from, %refusal, "closed at once");
}

/// Closes a connection before it has said anything.
fn refuse(has_words: bool, connection: &Connection, refusal: &Refusal) {
    if has_words {
        let mut out = Vec::new();
        Reject::new(Code::Overloaded, refusal.to_string()).send(&mut out);
        // One try, which a fresh connection takes.
        let _ = connection.writer.try_write_vectored(&[IoSlice::new(&out)]);
    }
    connection.writer.shutdown();
}

/// Sees a handshake to its end, or until it has to give way, or the node stops.
async fn admit(
    node: Arc<Inner>,
    at: Endpoint,
    connection: Connection,
    handshake: Handshake,
    mut stopping: watch::Receiver<bool>,
) {
    let give_way = handshake.give_way();
    let from = connection.peer.clone();
    let outcome = tokio::select! {
        biased;
        _ = stopping.wait_for(|stopping| *stopping) => return,
        () = give_way.notified() => {
            tracing::warn!(node = %node.name(), %from, "a handshake had to give way to another");
            return;
        }
        outcome = shake(&node, &at, connection) => outcome,
    };
    handshake.end(match &outcome {
        Ok(()) => Outcome::Proven,
        Err(failure) if is_unproven(failure) => Outcome::Unproven,
        Err(_) => Outcome::Broken,
    });
    if let Err(failure) = outcome {
        tracing::warn!(node = %node.name(), %from, %failure, "a connection was refused");
    }
}

/// Whether the peer failed to prove who it is, or is nobody to be let in.
fn is_unproven(failure: &HandshakeFailure) -> bool {
    if let HandshakeFailure::Tls(TlsFailure::Certificate(_)) = failure {
        return true;
    }
    let code = failure.reject().map(|reject| reject.code);
    matches!(code, Some(Code::Unauthorized | Code::Forbidden))
}

/// From a connection to a session.
async fn shake(
    node: &Arc<Inner>,
    at: &Endpoint,
    connection: Connection,
) -> Result<(), HandshakeFailure> {
    let address = connection.peer.clone();
    let secured = secure_accept(connection, &node.security, at).await?;
    let mut admitted = None;
    // What it is told of this dial by, should it not become a session.
    let mut dialled = None;
    let peering = secured.accept(
        node.introduce(),
        |_, hello| {
            dialled = Some((hello.from.node.clone(), hello.dial.attempt));
            Ok(())
        },
        |proven, agreed| {
            node.decide(agreed, proven, &address).map(|decided| admitted = Some(decided))
        },
    );
    let outcome = match peering.await {
        Ok(peering) => {
            let admitted = admitted.expect("it was decided on");
            node.begin(peering, admitted, at).await.map(drop)
        }
        Err(failure) => Err(failure),
    };
    if outcome.is_err()
        && let Some((peer, attempt)) = dialled
        && let Some(peer) = node.router.peers.by_name(&peer)
    {
        peer.note_gone(attempt);
    }
    outcome
}
