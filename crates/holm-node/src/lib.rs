//! A node: sessions to its peers, signals between their actors, remote spawn.
//!
//! [`Node::builder`] starts one. Its [`ActorSystem`](holm_actor::ActorSystem) sends what is for
//! other nodes through the `router`, which finds the peer's `link`; the `dispatch` of a link
//! delivers what the peer sends. The `gate` decides who comes in, the `permits` of a link what
//! the peer may do.
#![forbid(unsafe_code)]

// What `#[actor]` and `#[derive(Message)]` write names things by their paths in the facade.
extern crate self as holm;

mod actor_links;
mod args;
mod builder;
mod cancels;
mod connect;
mod counters;
mod defined;
mod dialler;
mod dispatch;
mod events;
mod gate;
mod identity;
mod inner;
mod inspection;
mod inspector;
mod link;
mod listen;
mod meter;
mod node;
mod overshoot;
mod peer;
mod peers;
mod permits;
mod ping;
mod places;
mod return_path;
mod router;
mod run;
mod sending;
mod session_bonds;
mod shard_claims;
mod spawnables;
mod tables;
mod waiting;

pub use builder::{NodeBuilder, StartError};
pub use connect::ConnectError;
pub use counters::{AdmissionCounters, DeadLetters};
pub use events::{NodeEvent, NodeEvents};
use holm_actor::{
    Actor, Api, Call, Context, Delivery, Handle, MethodInfo, Remote, Reply, SendError, WireMethod,
    WireTable, cast,
};
pub use holm_net::security;
pub use holm_proto::access;
pub use holm_proto::admission::{AdmissionLimits, AdmissionLimitsError, Rate};
pub use inspection::{ActorFilter, ActorPage, ActorState, ActorSummary, NodeStatus, SessionStatus};
pub use inspector::{INSPECTOR, Inspector};
pub use node::Node;
pub use peer::AutoConnect;
pub use ping::{PING_TIMEOUT, PingError};
pub use session_bonds::SessionBonds;

/// As the module of the facade.
mod wire {
    pub(crate) use holm_actor::Agreement;
    pub(crate) use holm_wire::body::{decode_positional, encode_positional};
    pub(crate) use holm_wire::schema::{Fingerprint, Schema, SchemaHasher};
    pub(crate) use holm_wire::value::{Arguments, ArgumentsWriter};
}
