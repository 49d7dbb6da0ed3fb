//! Whom a signal is for.

use std::fmt;
use std::sync::Arc;

use holm_wire::{NodeName, Pid};

/// An actor by its pid, or by the local name it holds on a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// The actor itself.
    Pid(Pid),
    /// Whoever holds `name` on `node` when the signal arrives there.
    Named {
        /// The node that looks the name up.
        node: NodeName,
        /// A local name of that node.
        name: Arc<str>,
    },
}

impl From<Pid> for Address {
    fn from(pid: Pid) -> Self {
        Self::Pid(pid)
    }
}

/// Whoever holds a local name on a node.
impl From<(&NodeName, &str)> for Address {
    fn from((node, name): (&NodeName, &str)) -> Self {
        Self::Named { node: node.clone(), name: name.into() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pid(pid) => pid.fmt(f),
            Self::Named { node, name } => write!(f, "{name} on {node}"),
        }
    }
}
