//! Which child, and which of its lives.

use std::{fmt, sync::Arc};

/// The name of a child, unique in its supervisor. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildId(Arc<str>);

impl ChildId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ChildId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for ChildId {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// The place of a child in the start order; never used again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Order(pub(super) u64);

/// One life of one child, from the start command to its end; never used again in its
/// supervisor, so that a late report cannot be taken for one about a newer life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Life {
    pub(super) order: Order,
    /// Lives of this child so far, with this one.
    pub(super) number: u64,
}
