//! A node: sessions to its peers, signals between their actors, remote spawn.
//!
//! [`Node::builder`] starts one. Its [`ActorSystem`](holm_actor::ActorSystem) sends what is for
//! other nodes through the `router`, which finds the peer's `link`; the `dispatch` of a link
//! delivers what the peer sends. The `gate` decides who comes in, the `permits` of a link what
//! the peer may do.
#![forbid(unsafe_code)]

mod actor_links;
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
mod link;
mod listen;
mod meter;
mod node;
mod peer;
mod peers;
mod permits;
mod places;
mod return_path;
mod router;
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
pub use holm_net::security;
pub use holm_proto::access;
pub use holm_proto::admission::{AdmissionLimits, AdmissionLimitsError, Rate};
pub use node::Node;
pub use peer::AutoConnect;
pub use session_bonds::SessionBonds;
