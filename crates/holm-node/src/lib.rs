//! A node: sessions to its peers, signals between their actors, remote spawn.
//!
//! [`Node::builder`] starts one. Its [`ActorSystem`](holm_actor::ActorSystem) sends what is for
//! other nodes through the `router`, which finds the peer's `link`; the `dispatch` of a link
//! delivers what the peer sends.
#![forbid(unsafe_code)]

mod builder;
mod connect;
mod dispatch;
mod events;
mod inner;
mod link;
mod listen;
mod node;
mod places;
mod remote_spawn;
mod return_path;
mod router;
mod spawnables;
mod tables;

pub use builder::{NodeBuilder, StartError};
pub use connect::ConnectError;
pub use events::{NodeEvent, NodeEvents};
pub use node::Node;
pub use remote_spawn::{Monitored, RemoteSpawnError, SpawnOn};
