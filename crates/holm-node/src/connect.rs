//! Dialling another node.

use std::sync::Arc;

use holm_env::{DialError, Endpoint};
use holm_net::handshake::{self, HANDSHAKE_DEADLINE, HandshakeFailure};
use holm_net::posture::{PostureError, check_connection};
use holm_wire::handshake::{Dial, HandshakeError, Hello};
use holm_wire::{AttemptNo, Code, NodeName};

use crate::NodeEvents;
use crate::inner::Inner;

/// Why there is no session with the node that was dialled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Nobody answers there.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The connection took too long to come about.
    #[error("no connection to {0} within {HANDSHAKE_DEADLINE:?}")]
    Timeout(Endpoint),
    /// The connection would not be safe.
    #[error("cannot use {to}: {source}")]
    Posture {
        /// What was dialled.
        to: Endpoint,
        /// Why not.
        source: PostureError,
    },
    /// The two nodes did not come to terms.
    #[error("no session with {to}: {source}")]
    Handshake {
        /// What was dialled.
        to: Endpoint,
        /// Why not.
        source: HandshakeFailure,
    },
}

/// Dials `to` and begins a session. If there is one already with the node that answers, that
/// one stays.
pub(crate) async fn connect(node: &Arc<Inner>, to: &Endpoint) -> Result<NodeName, ConnectError> {
    let connection = tokio::time::timeout(HANDSHAKE_DEADLINE, node.transport.dial(to))
        .await
        .map_err(|_| ConnectError::Timeout(to.clone()))??;
    if let Err(source) = check_connection(&connection, node.token.is_some()) {
        connection.writer.shutdown();
        return Err(ConnectError::Posture { to: to.clone(), source });
    }
    let hello = Hello {
        dial: Dial { attempt: AttemptNo(node.next_attempt()), gone: None },
        from: node.introduce(true),
    };
    // Heard from before the handshake, so that a session that begins meanwhile is not missed.
    let events = node.events.subscribe();
    let (mut peer, mut place) = (None, None);
    let outcome = handshake::dial(connection, hello, |agreed| {
        peer = Some(agreed.peer.node.clone());
        node.decide(agreed).map(|decided| place = decided)
    })
    .await;
    match (outcome, peer) {
        (Ok(peering), _) => Ok(node.begin(peering, place).await.peer.clone()),
        (Err(failure), Some(peer))
            if is_duplicate(&failure) && other_attempt(node, &peer, NodeEvents(events)).await =>
        {
            Ok(peer)
        }
        (Err(source), _) => Err(ConnectError::Handshake { to: to.clone(), source }),
    }
}

/// Waits for the session of another attempt, in whose favour this one was rejected.
async fn other_attempt(node: &Inner, peer: &NodeName, mut events: NodeEvents) -> bool {
    let begun = async {
        while node.router.by_name(peer).is_none() {
            if events.next().await.is_none() {
                return false;
            }
        }
        true
    };
    tokio::time::timeout(HANDSHAKE_DEADLINE, begun).await.unwrap_or(false)
}

fn is_duplicate(failure: &HandshakeFailure) -> bool {
    match failure {
        HandshakeFailure::Refused(reject)
        | HandshakeFailure::Handshake(HandshakeError::Rejected(reject)) => {
            reject.code == Code::Duplicate
        }
        _ => false,
    }
}
