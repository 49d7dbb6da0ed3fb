//! Who is meant: names, ids and numbers, each a type of its own.

mod name;
mod node;
mod number;
mod pid;

pub use name::{ClusterName, GroupName, GroupScope, NameFault, NodeName};
pub use node::{Incarnation, NodeId};
pub use number::{AttemptNo, LinkId, MethodId, MonitorId, RequestId, ShardId};
pub use pid::{ParsePidError, Pid, Serial};
