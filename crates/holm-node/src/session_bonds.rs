//! What binds two nodes, for inspection.

use holm_macros::Message;
use serde::{Deserialize, Serialize};

/// What is under way between this node and a peer, in numbers; all are zero without a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Message)]
#[non_exhaustive]
pub struct SessionBonds {
    /// Calls and spawns that the peer has not answered.
    pub requests: usize,
    /// Ids of links between actors of both: one for each link, two where both made it at once.
    pub links: usize,
    /// Monitors of the peer's actors.
    pub monitors: usize,
    /// Monitors that the peer has of actors here.
    pub watched: usize,
}
