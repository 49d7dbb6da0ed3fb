//! What a peer may do.

use std::fmt;

use super::Pattern;

/// What one peer may do; the default is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Have a session as a member or worker.
    pub join: bool,
    /// Send messages, calls and exit signals to actors.
    pub send: bool,
    /// Start actors of these types, if they are spawnable on the node.
    pub spawn: Vec<Pattern>,
    /// Have a session as an observer, and monitor actors.
    pub observe: bool,
}

/// One thing that a peer may or may not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Capability {
    /// Have a session as a member or worker.
    Join,
    /// Send to actors.
    Send,
    /// Start an actor.
    Spawn,
    /// Look on.
    Observe,
}

impl Capabilities {
    /// What a member of the cluster may: everything there is.
    pub fn member() -> Self {
        Self { join: true, send: true, spawn: vec![Pattern::any()], observe: true }
    }

    /// Whether actors of this type may be started.
    pub fn may_spawn(&self, actor_type: &str) -> bool {
        self.spawn.iter().any(|pattern| pattern.matches(actor_type))
    }

    /// Adds what `other` allows.
    pub fn extend(&mut self, other: &Self) {
        let Self { join, send, spawn, observe } = other;
        self.join |= join;
        self.send |= send;
        self.spawn.extend_from_slice(spawn);
        self.observe |= observe;
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Join => "join",
            Self::Send => "send",
            Self::Spawn => "spawn",
            Self::Observe => "observe",
        })
    }
}
