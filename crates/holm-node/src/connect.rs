//! Dialling another node.

use std::sync::Arc;
use std::time::Duration;

use holm_env::{DialError, Endpoint};
use holm_net::handshake::{HANDSHAKE_DEADLINE, HandshakeFailure};
use holm_net::posture::PostureError;
use holm_net::secure_dial;
use holm_wire::handshake::{Dial, HandshakeError, Hello, Reject};
use holm_wire::{Code, NodeName};
use tokio::time::Instant;

use crate::NodeEvents;
use crate::identity;
use crate::inner::Inner;
use crate::link::Link;

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
pub(crate) const DUPLICATE_PAUSE: Duration = Duration::from_millis(50);

/// How long attempts are rejected in favour of another session until that counts as a failure: as
/// long as that session may take to come about.
pub(crate) const DIALS_DEADLINE: Duration = HANDSHAKE_DEADLINE;

/// What came of one attempt.
pub(crate) enum Outcome {
    Session(Arc<Link>),
    /// It gives way to another session with this peer.
    Duplicate(ConnectError, NodeName),
    Failed(ConnectError),
}

/// Dials `to` and begins a session. If there is one already with the node that answers, that
/// one stays. From now on, whenever it is lost, it is begun anew.
pub(crate) async fn connect(node: &Arc<Inner>, to: &Endpoint) -> Result<NodeName, ConnectError> {
    let deadline = Instant::now() + DIALS_DEADLINE;
    loop {
        // Heard from before the handshake, so that a session that begins meanwhile is not missed.
        let events = NodeEvents(node.events.subscribe());
        let (failure, peer) = match attempt(node, to, None).await {
            Outcome::Session(link) => return Ok(wanted(node, &link.peer)),
            Outcome::Failed(failure) => return Err(failure),
            Outcome::Duplicate(failure, peer) => (failure, peer),
        };
        let begun = begun(node, &peer, events);
        if tokio::time::timeout(DUPLICATE_PAUSE, begun).await == Ok(true) {
            return Ok(wanted(node, &peer));
        }
        if Instant::now() >= deadline || node.is_stopping() {
            return Err(failure);
        }
    }
}

fn wanted(node: &Inner, peer: &NodeName) -> NodeName {
    if let Some(peer) = node.router.peers.by_name(peer) {
        peer.want(true);
    }
    peer.clone()
}

/// One attempt; to reach `expected`, if it is known who should answer.
pub(crate) async fn attempt(
    node: &Arc<Inner>,
    to: &Endpoint,
    expected: Option<&NodeName>,
) -> Outcome {
    let mut peer = None;
    match try_once(node, to, expected, &mut peer).await {
        Ok(link) => Outcome::Session(link),
        Err(ConnectError::Handshake { to, source }) => match peer {
            Some(peer) if is_duplicate(&source) => {
                Outcome::Duplicate(ConnectError::Handshake { to, source }, peer)
            }
            _ => Outcome::Failed(ConnectError::Handshake { to, source }),
        },
        Err(failure) => Outcome::Failed(failure),
    }
}

/// One attempt; notes in `peer` who answered.
async fn try_once(
    node: &Arc<Inner>,
    to: &Endpoint,
    expected: Option<&NodeName>,
    peer: &mut Option<NodeName>,
) -> Result<Arc<Link>, ConnectError> {
    let peers = &node.router.peers;
    let known = expected.map_or_else(|| peers.by_endpoint(to), |name| peers.by_name(name));
    // One dial at a time, and none beside a session: the peer takes a dial for the end of what was
    // before.
    let mut _alone = None;
    if let Some(known) = &known {
        _alone = Some(known.dialling.lock().await);
        if let Some(link) = node.router.by_name(&known.name).filter(|link| link.is_live()) {
            return Ok(link);
        }
    }
    let connection = tokio::time::timeout(HANDSHAKE_DEADLINE, node.transport.dial(&to.stream()))
        .await
        .map_err(|_| ConnectError::Timeout(to.clone()))??;
    let hello = Hello {
        dial: Dial {
            attempt: node.next_attempt(),
            gone: known.as_ref().and_then(|peer| peer.gone()),
            is_blind: known.is_none(),
        },
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
            let answers = &agreed.peer.node;
            *peer = Some(answers.clone());
            if let Some(expected) = expected.filter(|expected| *expected != answers) {
                let message = format!("this is {answers}, and {expected} was dialled");
                return Err(Reject::new(Code::NotFound, message));
            }
            node.decide(agreed, proven, &address).map(|decided| admitted = Some(decided))
        });
        let peering = peering.await?;
        node.begin(peering, admitted.expect("it was decided on"), to).await
    };
    let to = to.clone();
    match session.await {
        Ok(link) => Ok(link),
        Err(HandshakeFailure::Posture(source)) => Err(ConnectError::Posture { to, source }),
        Err(source) => Err(ConnectError::Handshake { to, source }),
    }
}

/// Resolves when there is a session with `peer`; `false` if there will be none.
async fn begun(node: &Inner, peer: &NodeName, mut events: NodeEvents) -> bool {
    while !node.router.is_live(peer) {
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
