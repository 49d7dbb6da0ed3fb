//! Errors and exit reasons as they travel.

use super::Code;
use crate::{
    ExitReason, Malformed, Shown,
    cursor::{Cursor, malformed, put_text},
    varint,
};
use std::{sync::Arc, time::Duration};

/// Longest text of an error or exit reason, in bytes: a panic message with context,
/// not a log. Longer ones are cut by the sender, at a character.
pub(crate) const ERROR_TEXT_MAX: usize = 4096;

/// Details that say when to try again begin with this, and end with milliseconds.
const RETRY_AFTER: &str = "retry_after_ms=";

/// An error told to a peer. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {}", Shown(.message))]
pub struct WireError {
    /// What went wrong.
    pub code: Code,
    /// For a reader; at most 4 KiB cross the wire.
    pub message: Arc<str>,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// More about it, in a form that the code defines, or when to try again
    /// ([`WireError::retry_after`]); at most 4 KiB cross the wire.
    pub details: Option<Arc<str>>,
}

impl WireError {
    /// An error without details, retryable if its code is.
    pub fn new(code: Code, message: impl Into<Arc<str>>) -> Self {
        Self { code, message: message.into(), retryable: code.is_retryable(), details: None }
    }

    /// This error, with when to try again; it becomes retryable.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.retryable = true;
        self.details = Some(format!("{RETRY_AFTER}{}", after.as_millis()).into());
        self
    }

    /// When to try again, if the error says so.
    pub fn retry_after(&self) -> Option<Duration> {
        let ms = self.details.as_deref()?.strip_prefix(RETRY_AFTER)?;
        ms.parse().ok().map(Duration::from_millis)
    }

    const RETRYABLE: u8 = 1;
    const DETAILS: u8 = 2;

    /// Appends `code | bits | message [| details]`.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        varint::encode(self.code.as_u16().into(), out);
        out.push(
            if self.retryable { Self::RETRYABLE } else { 0 }
                | if self.details.is_some() { Self::DETAILS } else { 0 },
        );
        put_text(&self.message, ERROR_TEXT_MAX, out);
        if let Some(details) = &self.details {
            put_text(details, ERROR_TEXT_MAX, out);
        }
    }

    pub(crate) fn decode(cursor: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let code = take_code(cursor)?;
        let bits = cursor.u8("bits")?;
        if bits & !(Self::RETRYABLE | Self::DETAILS) != 0 {
            return Err(malformed("bits", "has unknown bits"));
        }
        let message = cursor.str("message", ERROR_TEXT_MAX)?.into();
        let details = if bits & Self::DETAILS == 0 {
            None
        } else {
            Some(cursor.str("details", ERROR_TEXT_MAX)?.into())
        };
        Ok(Self { code, message, retryable: bits & Self::RETRYABLE != 0, details })
    }
}

pub(crate) fn take_code(cursor: &mut Cursor<'_>) -> Result<Code, Malformed> {
    u16::try_from(cursor.varint("code")?)
        .map(Code::from_u16)
        .map_err(|_| malformed("code", "is out of range"))
}

/// Appends an exit reason: a number, and the text where there is one.
pub(crate) fn put_reason(reason: &ExitReason, out: &mut Vec<u8>) {
    match reason {
        ExitReason::Normal => out.push(0),
        ExitReason::Shutdown(why) => {
            out.push(1);
            put_text(why, ERROR_TEXT_MAX, out);
        }
        ExitReason::Killed => out.push(2),
        ExitReason::Failed(error) => {
            out.push(3);
            put_text(error, ERROR_TEXT_MAX, out);
        }
        ExitReason::Noproc => out.push(4),
        ExitReason::Noconnection => out.push(5),
    }
}

pub(crate) fn take_reason(cursor: &mut Cursor<'_>) -> Result<ExitReason, Malformed> {
    Ok(match cursor.u8("reason")? {
        0 => ExitReason::Normal,
        1 => ExitReason::Shutdown(cursor.str("reason", ERROR_TEXT_MAX)?.into()),
        2 => ExitReason::Killed,
        3 => ExitReason::Failed(cursor.str("reason", ERROR_TEXT_MAX)?.into()),
        4 => ExitReason::Noproc,
        5 => ExitReason::Noconnection,
        _ => return Err(malformed("reason", "is unknown")),
    })
}
