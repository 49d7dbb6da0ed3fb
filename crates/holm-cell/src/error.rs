//! Why a message was not accepted. Each error hands the message back.

use std::{error::Error, fmt};

/// The consumer has gone; the message comes back.
#[derive(PartialEq, Eq, Clone, Copy)]
pub struct Closed<T>(pub T);

/// Why [`Cell::push`](crate::Cell::push) refused a message, which comes back.
#[derive(PartialEq, Eq, Clone, Copy)]
#[non_exhaustive]
pub enum PushError<T> {
    /// The inbox is at its bound: its consumer is slower than its senders.
    Full(T),
    /// The consumer has gone.
    Closed(T),
}

impl<T> PushError<T> {
    /// The message that was refused.
    pub fn into_message(self) -> T {
        match self {
            Self::Full(message) | Self::Closed(message) => message,
        }
    }
}

const CLOSED: &str = "the receiver has stopped";

impl<T> fmt::Display for Closed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(CLOSED)
    }
}

impl<T> fmt::Debug for Closed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closed(..)")
    }
}

impl<T> Error for Closed<T> {}

impl<T> fmt::Display for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the receiver's inbox is full",
            Self::Closed(_) => CLOSED,
        })
    }
}

impl<T> fmt::Debug for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> Error for PushError<T> {}
