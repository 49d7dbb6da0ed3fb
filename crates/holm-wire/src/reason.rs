//! Why an actor ended, or cannot be reached.

use crate::Shown;
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// The exit reasons of `docs/semantics.md`, rule 5. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ExitReason {
    /// It finished.
    Normal,
    /// It was told to stop, and why.
    Shutdown(Arc<str>),
    /// It was killed, and could not object.
    Killed,
    /// An error or a panic, as text.
    Failed(Arc<str>),
    /// There is no such actor (any more).
    Noproc,
    /// Its node cannot be reached.
    Noconnection,
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str("normal"),
            Self::Shutdown(why) if why.is_empty() => f.write_str("shutdown"),
            Self::Shutdown(why) => write!(f, "shutdown: {}", Shown(why)),
            Self::Killed => f.write_str("killed"),
            Self::Failed(error) => write!(f, "failed: {}", Shown(error)),
            Self::Noproc => f.write_str("no such actor"),
            Self::Noconnection => f.write_str("no connection to its node"),
        }
    }
}
