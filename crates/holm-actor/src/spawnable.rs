//! Spawning: options, and actor types that other nodes may spawn.

use holm_cell::Capacity;
use holm_wire::Message;

use crate::{MAILBOX_DEFAULT, Remote};

/// Why an actor could not be made from its arguments.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct SpawnError(pub String);

/// An actor type that can be made from arguments sent by another node.
pub trait Spawnable: Remote {
    /// What it is made from.
    type Args: Message;

    /// Makes the actor.
    ///
    /// # Errors
    /// [`SpawnError`], told to whoever asked.
    fn create(args: Self::Args) -> Result<Self, SpawnError>;
}

/// An actor that is itself a message is made from a copy of itself.
impl<A: Remote + Message> Spawnable for A {
    type Args = A;

    fn create(args: A) -> Result<A, SpawnError> {
        Ok(args)
    }
}

/// How an actor is spawned.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SpawnOptions {
    /// Most messages its inbox holds.
    pub mailbox: Capacity,
}

impl Default for SpawnOptions {
    fn default() -> Self {
        Self { mailbox: MAILBOX_DEFAULT }
    }
}

impl SpawnOptions {
    /// With room for `mailbox` messages.
    #[must_use]
    pub fn mailbox(mut self, mailbox: Capacity) -> Self {
        self.mailbox = mailbox;
        self
    }
}
