//! Round trips to other nodes.

use std::time::Duration;

use holm_actor::{CallError, Named};
use holm_net::handshake::HANDSHAKE_DEADLINE;
use holm_wire::NodeName;
use tokio::time::{Instant, timeout};

use crate::inner::Inner;
use crate::inspector::{INSPECTOR, Inspector};

/// How long a ping may take: a dial, and then a trip of 5 s, longer than any over a network of use.
/// Then it fails.
pub const PING_TIMEOUT: Duration = HANDSHAKE_DEADLINE.saturating_add(Duration::from_secs(5));

/// Why a node gave no answer.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PingError {
    /// There is no session with it, and none is to be had, or it was lost.
    #[error("no connection to {0}")]
    Disconnected(NodeName),
    /// It does not answer.
    #[error("no answer from {0} within {PING_TIMEOUT:?}")]
    Timeout(NodeName),
}

impl Inner {
    /// The time that a question takes to `peer` and back.
    pub(crate) async fn ping(&self, peer: &NodeName) -> Result<Duration, PingError> {
        if peer == self.name() {
            return Ok(Duration::ZERO);
        }
        in_time(peer, async {
            if !self.router.is_live(peer) {
                // A dial is no part of the trip.
                ask(&self.system.named(peer.clone(), INSPECTOR), peer).await?;
            }
            self.trip(peer).await
        })
        .await
    }

    /// The same by the session that there is.
    pub(crate) async fn trip(&self, peer: &NodeName) -> Result<Duration, PingError> {
        let inspector = self.system.named::<Inspector>(peer.clone(), INSPECTOR).fail_fast();
        let began = Instant::now();
        in_time(peer, ask(&inspector, peer)).await.map(|()| began.elapsed())
    }
}

async fn ask(inspector: &Named<Inspector>, peer: &NodeName) -> Result<(), PingError> {
    match inspector.ping().await {
        Err(CallError::Disconnected) => Err(PingError::Disconnected(peer.clone())),
        // Whatever it answers, it answers.
        Ok(()) | Err(_) => Ok(()),
    }
}

async fn in_time<T>(
    peer: &NodeName,
    ping: impl Future<Output = Result<T, PingError>>,
) -> Result<T, PingError> {
    timeout(PING_TIMEOUT, ping).await.unwrap_or_else(|_| Err(PingError::Timeout(peer.clone())))
}
