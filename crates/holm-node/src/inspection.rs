//! What a node tells of itself, its sessions and its actors.

use std::time::Duration;

use holm_actor::ActorInfo;
use holm_macros::Message;
use holm_wire::handshake::Role;
use holm_wire::{ExitReason, Incarnation, NodeName, Pid};
use serde::{Deserialize, Serialize};

use crate::{AdmissionCounters, DeadLetters, SessionBonds};

/// A node at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Message)]
#[non_exhaustive]
pub struct NodeStatus {
    /// Its name.
    pub name: NodeName,
    /// Which life of it.
    pub incarnation: Incarnation,
    /// What it is to its peers.
    pub role: Role,
    /// Which build it is.
    pub build: String,
    /// How long it has run.
    pub uptime: Duration,
    /// Where it listens.
    pub endpoints: Vec<String>,
    /// How many actors live, the inspector included.
    pub actors: usize,
    /// Its sessions, by the name of the peer.
    pub sessions: Vec<SessionStatus>,
    /// What it has refused so far.
    pub admission: AdmissionCounters,
    /// Messages that reached nobody.
    pub dead_letters: DeadLetters,
}

/// A session at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Message)]
#[non_exhaustive]
pub struct SessionStatus {
    /// With whom.
    pub peer: NodeName,
    /// Which life of the peer.
    pub incarnation: Incarnation,
    /// What the peer is.
    pub role: Role,
    /// Which build the peer says it is.
    pub build: String,
    /// Whether the peer was dialled, and did not dial.
    pub dialled: bool,
    /// The scheme of the endpoint where it was dialled, which says how it is secured.
    pub scheme: String,
    /// Who the peer has proven to be, as lists name it.
    pub identity: String,
    /// How long it has lived.
    pub age: Duration,
    /// Bytes written to it.
    pub sent: u64,
    /// Bytes read from it.
    pub received: u64,
    /// Bytes that wait to be written.
    pub queued: usize,
    /// What is under way.
    pub bonds: SessionBonds,
}

/// An actor at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Message)]
#[non_exhaustive]
pub struct ActorSummary {
    /// Its pid.
    pub pid: Pid,
    /// The stable name of its type, or the Rust name of a local one.
    pub type_name: String,
    /// Local names that it holds.
    pub names: Vec<String>,
    /// Messages in its inbox.
    pub inbox: usize,
    /// The most that its inbox holds before its policy acts.
    pub inbox_max: usize,
    /// Messages and signals that it has taken out of its inbox.
    pub handled: u64,
    /// What it does.
    pub state: ActorState,
}

/// What an actor does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Message)]
#[serde(rename_all = "lowercase")]
pub enum ActorState {
    /// It handles no message; a hook may run.
    Idle,
    /// It handles the message of this name.
    Handling(String),
    /// It ends with this reason.
    Exiting(ExitReason),
}

/// Which actors are asked for: those whose texts contain these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Message)]
pub struct ActorFilter {
    /// Part of the name of the type.
    pub type_name: Option<String>,
    /// Part of a local name.
    pub name: Option<String>,
}

/// Some actors of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Message)]
#[non_exhaustive]
pub struct ActorPage {
    /// Those that were asked for; there may be none, and more on later pages.
    pub actors: Vec<ActorSummary>,
    /// Where the next page begins, unless this is the last one.
    pub next: Option<u32>,
}

impl ActorFilter {
    pub(crate) fn takes(&self, actor: &ActorSummary) -> bool {
        let Self { type_name, name } = self;
        type_name.as_ref().is_none_or(|part| actor.type_name.contains(part))
            && name.as_ref().is_none_or(|part| actor.names.iter().any(|name| name.contains(part)))
    }
}

impl From<ActorInfo> for ActorSummary {
    fn from(info: ActorInfo) -> Self {
        Self {
            pid: info.pid,
            type_name: info.type_name.to_owned(),
            names: info.names.iter().map(|name| name.as_ref().to_owned()).collect(),
            inbox: info.depth,
            inbox_max: info.capacity,
            handled: info.handled,
            state: match (info.exiting, info.handling) {
                (Some(reason), _) => ActorState::Exiting(reason),
                (None, Some(message)) => ActorState::Handling(message.to_owned()),
                (None, None) => ActorState::Idle,
            },
        }
    }
}
