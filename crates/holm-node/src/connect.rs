//! Dialling another node.

use std::sync::Arc;

use holm_env::{DialError, Endpoint};
use holm_net::handshake::{self, HANDSHAKE_DEADLINE, HandshakeFailure};
use holm_net::posture::{PostureError, check_connection};
use holm_wire::handshake::{Dial, HandshakeError, Hello};
use holm_wire::{AttemptNo, Code, NodeName};

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
    let mut peer = None;
    let outcome = handshake::dial(connection, hello, |agreed| {
        peer = Some(agreed.peer.node.clone());
        node.decide(agreed)
    })
    .await;
    match (outcome, peer) {
        (Ok(peering), _) => Ok(node.begin(peering).peer.clone()),
        (Err(failure), Some(peer)) if is_duplicate(&failure) && node.router.by_name(&peer).is_some() => {
            Ok(peer)
        }
        (Err(source), _) => Err(ConnectError::Handshake { to: to.clone(), source }),
    }
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
