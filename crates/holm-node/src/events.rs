//! What a node sees of its peers' coming and going.

use holm_wire::NodeName;
use tokio::sync::broadcast;

/// Events kept for a listener that is slow: some hundred peers may come and go while it looks
/// away. What is older is lost to it, and it is told so.
pub(crate) const EVENTS_KEPT: usize = 1_024;

/// A peer that does not merely observe came or went.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeEvent {
    /// A session with this node began. It precedes every signal from there.
    Up(NodeName),
    /// The session with this node ends because one of the two no longer lets the other in.
    /// `Down` follows.
    Revoked {
        /// The peer.
        node: NodeName,
        /// Why, in the words of the side that ended it.
        message: String,
    },
    /// The session with this node ended. It follows every signal from there.
    Down(NodeName),
    /// The listener was too slow, and this many events are lost to it.
    Missed(u64),
}

/// Receives the events of a node, from when it was made.
#[derive(Debug)]
pub struct NodeEvents(pub(crate) broadcast::Receiver<NodeEvent>);

impl NodeEvents {
    /// The next event; `None` once the node has stopped. Cancel safe.
    pub async fn next(&mut self) -> Option<NodeEvent> {
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(missed)) => Some(NodeEvent::Missed(missed)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}
