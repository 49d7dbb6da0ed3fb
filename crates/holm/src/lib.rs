//! Holm, a distributed runtime for Rust: actors whose references work alike in a
//! process, between processes and between machines.
//!
//! ```
//! use holm::prelude::*;
//!
//! struct Counter { total: i64 }
//!
//! #[actor]
//! impl Counter {
//!     async fn add(&mut self, by: i64) -> i64 { self.total += by; self.total }
//!     async fn reset(&mut self) { self.total = 0 }
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let node = Node::builder("a@127.0.0.1:0").start().await?;
//! let counter: Ref<Counter> = node.spawn(Counter { total: 0 });
//! counter.cast().reset()?;                  // never waits; a failed cast hands the message back
//! counter.send().reset().await?;            // waits for room in the inbox
//! let total = counter.add(5).await?;        // waits for the reply; dropping it cancels
//! assert_eq!(total, 5);
//! node.stop().await;
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

#[cfg(feature = "tower")]
pub use holm_actor::ActorService;
pub use holm_actor::{
    Abandoned, Accepts, Actor, ActorInfo, ActorSet, ActorSystem, Address, AnyMethod, Api, Call,
    CallError, Capacity, Context, Crash, Delivery, Down, DynActor, DynError, DynMessage, Dynamic,
    Exit, Finding, GroupError, GroupEvent, GroupWatch, Groups, Handle, Inbox, Inside, IntoExit,
    Job, JobError, Jobs, MapError, MethodInfo, Monitor, MonitorRef, Monitored, NameError, Named,
    Names, Outside, PlainApi, Policy, PolicyCounters, Pool, PoolError, PoolOptions, PoolSendError,
    PoolStrategy, Priority, Process, Received, Recipient, Ref, Refusal, Remote, RemoteSpawnError,
    Replies, RepliesSink, Reply, ReplySink, ReturnPath, SPAWN_TIMEOUT, ScopeFull, SendError,
    Signal, SpawnError, SpawnOn, SpawnOptions, Spawnable, Supervisor, SupervisorPlan, Suspect,
    TaskScope, Timer, Turn, Unfinished, WaitError, Watchdog, WatchdogOptions, WireMethod,
    WireTable, cast, replies, supervision,
};
pub use holm_macros::{Message, actor};
pub use holm_node::{
    ActorFilter, ActorPage, ActorState, ActorSummary, AdmissionCounters, AdmissionLimits,
    AdmissionLimitsError, AutoConnect, ConnectError, DeadLetters, INSPECTOR, Inspector, Node,
    NodeBuilder, NodeEvent, NodeEvents, NodeStatus, PING_TIMEOUT, PingError, Rate, SessionBonds,
    SessionStatus, StartError, access, security,
};
pub use holm_wire::body::Blob;
pub use holm_wire::session::Patience;
pub use holm_wire::value::Value;
pub use holm_wire::{
    Code, Compression, ExitReason, GroupName, GroupScope, Incarnation, Limits, NodeId, NodeName,
    Pid, Secret, WireError,
};

#[doc = include_str!("../../../docs/guide.md")]
pub mod guide {}

/// What crosses the wire: used by the code that the macros write.
pub mod wire {
    pub use holm_actor::Agreement;
    pub use holm_wire::body::{decode_positional, encode_positional};
    pub use holm_wire::schema::{Fingerprint, Message, Schema, SchemaHasher};
    pub use holm_wire::value::{
        Arguments, ArgumentsWriter, ParseValueError, Value, ValueError, encode_value, from_value,
        to_value,
    };
}

/// The world a node runs in, for tests and simulations.
pub mod env {
    pub use holm_env::{
        Endpoint, Env, MemoryTransport, ParseEndpointError, StartError, Task, TokioTransport,
        Transport,
    };
}

/// What most programs need.
pub mod prelude {
    pub use crate::{
        Actor, CallError, Context, ExitReason, Message, Node, Ref, Reply, SendError, Signal, actor,
    };
}
