//! Spawning: options, and actor types that other nodes may spawn.

use std::time::Duration;

use holm_cell::Capacity;
use holm_sched::Priority;
use holm_wire::Message;

use crate::{MAILBOX_DEFAULT, Policy, Remote};

/// Messages that an actor handles in one turn unless told otherwise: enough to spread the cost
/// of a wake-up, few enough that a busy actor delays nobody by much.
pub const TURN_MESSAGES: u16 = 64;

/// How long a turn lasts unless told otherwise, in whole handlers: what a user of a service
/// does not notice, and long beside the cost of a switch.
pub const TURN_TIME: Duration = Duration::from_millis(1);

/// How long a handler may still run after a shutdown was asked for, and then `stopped`, unless
/// told otherwise: the usual time of a supervisor's child, long enough to finish a request,
/// short enough for an operator to wait. What is not done then is dropped.
pub const SHUTDOWN_TIME: Duration = Duration::from_secs(5);

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
    /// What happens to a message that finds the inbox full.
    pub policy: Policy,
    /// Whose turn comes first.
    pub priority: Priority,
    /// Whether exit signals reach its handler instead of ending it.
    pub trap_exits: bool,
    /// How long it runs before others get their turn.
    pub turn: Turn,
    /// How long its running handler, and then `stopped`, may take at a shutdown; `None` for as
    /// long as they want. [`SHUTDOWN_TIME`] by default.
    pub shutdown_time: Option<Duration>,
    /// How long it is idle before it gives up the memory of its inbox; `None` for never.
    pub hibernate_after: Option<Duration>,
}

/// How long an actor runs before others get their turn: until one of the two is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    messages: u16,
    micros: u32,
}

impl Turn {
    /// A turn of at most `messages` (at least 1) and, in whole handlers, `time`. The clock is
    /// read every few messages only.
    pub fn new(messages: u16, time: Duration) -> Self {
        Self {
            messages: messages.max(1),
            micros: u32::try_from(time.as_micros()).unwrap_or(u32::MAX),
        }
    }

    /// Most messages.
    pub fn messages(self) -> u16 {
        self.messages
    }

    /// Longest time.
    pub fn time(self) -> Duration {
        Duration::from_micros(u64::from(self.micros))
    }
}

/// A shutdown time in four bytes of the cell: milliseconds, all ones for no limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShutdownTime(u32);

impl ShutdownTime {
    pub(crate) fn new(time: Option<Duration>) -> Self {
        Self(time.map_or(u32::MAX, |time| {
            u32::try_from(time.as_millis()).unwrap_or(u32::MAX).min(u32::MAX - 1)
        }))
    }

    pub(crate) fn limit(self) -> Option<Duration> {
        (self.0 != u32::MAX).then(|| Duration::from_millis(u64::from(self.0)))
    }
}

impl Default for Turn {
    fn default() -> Self {
        Self::new(TURN_MESSAGES, TURN_TIME)
    }
}

impl Default for SpawnOptions {
    fn default() -> Self {
        Self {
            mailbox: MAILBOX_DEFAULT,
            policy: Policy::default(),
            priority: Priority::default(),
            trap_exits: false,
            turn: Turn::default(),
            shutdown_time: Some(SHUTDOWN_TIME),
            hibernate_after: None,
        }
    }
}

impl SpawnOptions {
    /// With room for `mailbox` messages.
    #[must_use]
    pub fn mailbox(mut self, mailbox: Capacity) -> Self {
        self.mailbox = mailbox;
        self
    }

    /// With this policy for a full inbox.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// With this priority. High goes before normal, normal before low; none starves.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Trapping exits from the start.
    #[must_use]
    pub fn trap_exits(mut self) -> Self {
        self.trap_exits = true;
        self
    }

    /// With turns of this length.
    #[must_use]
    pub fn turn(mut self, turn: Turn) -> Self {
        self.turn = turn;
        self
    }

    /// With this much time at a shutdown, for its running handler and again for `stopped`.
    #[must_use]
    pub fn shutdown_time(mut self, time: Option<Duration>) -> Self {
        self.shutdown_time = time;
        self
    }

    /// Giving up the memory of its inbox once it is idle for `idle`.
    #[must_use]
    pub fn hibernate_after(mut self, idle: Duration) -> Self {
        self.hibernate_after = Some(idle);
        self
    }
}
