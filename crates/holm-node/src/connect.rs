//! Dialling another node.

use std::sync::Arc;
use std::time::Duration;

use holm_env::{DialError, Endpoint};
use holm_net::handshake::{HANDSHAKE_DEADLINE, HandshakeFailure};
use holm_net::posture::PostureError;
use holm_net::secure_dial;
use holm_wire::handshake::{Dial, HandshakeError, Hello};
use holm_wire::{AttemptNo, Code, NodeName};
use tokio::time::Instant;

use crate::NodeEvents;
use crate::identity;
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

/// Pause before another attempt after one was rejected in favour of a session that this node does
/// not have: the peer will soon see the end of it, or begin it here.
const DUPLICATE_PAUSE: Duration = Duration::from_millis(50);

/// Dials `to` and begins a session. If there is one already with the node that answers, that
/// one stays.
pub(crate) async fn connect(node: &Arc<Inner>, to: &Endpoint) -> Result<NodeName, ConnectError> {
    let deadline = Instant::now() + HANDSHAKE_DEADLINE;
    loop {
        // Heard from before the handshake, so that a session that begins meanwhile is not missed.
        let events = NodeEvents(node.events.subscribe());
        let mut peer = None;
        let failure = match attempt(node, to, &mut peer).await {
            Err(ConnectError::Handshake { to, source }) if is_duplicate(&source) => {
                ConnectError::Handshake { to, source }
            }
            outcome => return outcome,
        };
        let Some(peer) = peer else { return Err(failure) };
        let begun = begun(node, &peer, events);
        if tokio::time::timeout(DUPLICATE_PAUSE, begun).await == Ok(true) {
            return Ok(peer);
        }
        if Instant::now() >= deadline || node.is_stopping() {
            return Err(failure);
        }
    }
}

/// One attempt; notes in `peer` who answered.
async fn attempt(
    node: &Arc<Inner>,
    to: &Endpoint,
    peer: &mut Option<NodeName>,
) -> Result<NodeName, ConnectError> {
    let connection = tokio::time::timeout(HANDSHAKE_DEADLINE, node.transport.dial(&to.stream()))
        .await
        .map_err(|_| ConnectError::Timeout(to.clone()))??;
    let hello = Hello {
        dial: Dial { attempt: AttemptNo(node.next_attempt()), gone: None },
        from: node.introduce(),
    };
    let address = connection.peer.clone();
    let mut admitted = None;
    let session = async {
        let secured = secure_dial(connection, &node.security, to, &hello).await?;
        // Before it is shown a token.
        let identity = identity::of(&secured.identity, &address);
        if let Err(reject) = node.gate.glance(&identity) {
            return Err(secured.refuse(HandshakeFailure::Refused(reject)));
        }
        let peering = secured.dial(hello, |proven, agreed| {
            *peer = Some(agreed.peer.node.clone());
            node.decide(agreed, proven, &address).map(|decided| admitted = Some(decided))
        });
        node.begin(peering.await?, admitted.expect("it was decided on")).await
    };
    let to = to.clone();
    match session.await {
        Ok(link) => Ok(link.peer.clone()),
        Err(HandshakeFailure::Posture(source)) => Err(ConnectError::Posture { to, source }),
        Err(source) => Err(ConnectError::Handshake { to, source }),
    }
}

/// Resolves when there is a session with `peer`; `false` if there will be none.
async fn begun(node: &Inner, peer: &NodeName, mut events: NodeEvents) -> bool {
    while !node.router.by_name(peer).is_some_and(|link| link.is_live()) {
        if events.next().await.is_none() {
            return false;
        }
    }
    true
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
