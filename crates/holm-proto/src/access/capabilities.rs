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
    /// Register these names.
    pub register: Vec<Pattern>,
    /// Have a session as an observer, and monitor actors.
    pub observe: bool,
    /// Change the node itself.
    pub admin: bool,
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
    /// Register a name.
    Register,
    /// Look on.
    Observe,
    /// Change the node itself.
    Admin,
}

impl Capabilities {
    /// What a member of the cluster may: everything but administer.
    pub fn member() -> Self {
        Self { admin: false, ..Self::all() }
    }

    /// Everything.
    pub fn all() -> Self {
        Self {
            join: true,
            send: true,
            spawn: vec![Pattern::any()],
            register: vec![Pattern::any()],
            observe: true,
            admin: true,
        }
    }

    /// Whether actors of this type may be started.
    pub fn may_spawn(&self, actor_type: &str) -> bool {
        self.spawn.iter().any(|pattern| pattern.matches(actor_type))
    }

    /// Whether this name may be registered.
    pub fn may_register(&self, name: &str) -> bool {
        self.register.iter().any(|pattern| pattern.matches(name))
    }

    /// Adds what `other` allows.
    pub fn extend(&mut self, other: &Self) {
        let Self { join, send, spawn, register, observe, admin } = other;
        self.join |= join;
        self.send |= send;
        self.spawn.extend_from_slice(spawn);
        self.register.extend_from_slice(register);
        self.observe |= observe;
        self.admin |= admin;
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Join => "join",
            Self::Send => "send",
            Self::Spawn => "spawn",
            Self::Register => "register",
            Self::Observe => "observe",
            Self::Admin => "administer",
        })
    }
}
