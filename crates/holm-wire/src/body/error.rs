//! What can be wrong with a body.

use crate::Shown;
use std::fmt;

/// A body could not be coded. Each variant says which side is to blame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The caller's value cannot be coded; nothing was written.
    #[error("this value cannot be sent: {0}")]
    Unsendable(String),
    /// The sender's bytes end too early.
    #[error("the sender's body is cut short")]
    CutShort,
    /// The sender's bytes go on after the value.
    #[error("the sender's body has {0} bytes too many")]
    Trailing(usize),
    /// The sender's bytes are no such value.
    #[error("the sender's body has a bad {0}")]
    Invalid(&'static str),
    /// The sender's value is nested too deeply.
    #[error("the sender's body is nested too deeply")]
    TooDeep,
    /// The sender's value has too many elements without any bytes.
    #[error("the sender's body has too many empty elements")]
    TooMany,
    /// The receiver's type refused a value that is well coded.
    #[error("the receiving type refused the body: {}", Shown(.0))]
    Refused(String),
    /// The receiver's type cannot be read without names, as one that wants to know what
    /// comes next (`#[serde(untagged)]`, `flatten`).
    #[error("the receiving type cannot be read positionally")]
    Unreadable,
}

impl serde::de::Error for BodyError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Refused(message.to_string())
    }
}
