//! What can be wrong with a value, and where in it.

use crate::{Shown, body::BodyError};
use serde::de::{Error, Expected, Unexpected};
use std::fmt;

/// Longest path that is kept, in bytes; of a longer one, the inner part. Deeper than anyone
/// reads, and a stranger may choose the names in it.
const PATH_BYTES_MAX: usize = 256;
/// Longest piece of a stranger's text that an error repeats, in characters.
const QUOTE_CHARS_MAX: usize = 40;

/// A value could not be converted, and which part of it is to blame.
///
/// Shown as `args[1].name: expected a string, found 5`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    path: String,
    fault: BodyError,
}

impl ValueError {
    /// Where in the value, as in `args[1].name`; empty for the whole.
    pub fn path(&self) -> &str {
        self.path.strip_prefix('.').unwrap_or(&self.path)
    }

    /// What is wrong there.
    pub fn fault(&self) -> &BodyError {
        &self.fault
    }

    /// The same, seen from the list that holds the part.
    pub(crate) fn at(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }

    /// The same, seen from the map that holds the part.
    pub(crate) fn of(self, name: &str) -> Self {
        self.within(&format!(".{}", shorten(name)))
    }

    fn within(mut self, step: &str) -> Self {
        if self.path.len() + step.len() <= PATH_BYTES_MAX {
            self.path.insert_str(0, step);
        }
        self
    }
}

impl From<BodyError> for ValueError {
    fn from(fault: BodyError) -> Self {
        Self { path: String::new(), fault }
    }
}

impl From<ValueError> for BodyError {
    fn from(error: ValueError) -> Self {
        match error.fault {
            Self::Refused(_) => Self::Refused(error.to_string()),
            fault => fault,
        }
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", Shown(self.path()))?;
        }
        match &self.fault {
            BodyError::Refused(text) => Shown(text).fmt(f),
            fault => fault.fmt(f),
        }
    }
}

impl std::error::Error for ValueError {}

impl Error for ValueError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        BodyError::Refused(message.to_string()).into()
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("expected {expected}, found {}", Found(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!(
            "expected one of {}, found {:?}",
            expected.join(", "),
            shorten(variant)
        ))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!(
            "unknown field {:?}, expected one of {}",
            shorten(field),
            expected.join(", ")
        ))
    }
}

/// Shows what was found as a user would write it.
struct Found<'a>(Unexpected<'a>);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Unexpected::Bool(value) => write!(f, "{value}"),
            Unexpected::Unsigned(value) => write!(f, "{value}"),
            Unexpected::Signed(value) => write!(f, "{value}"),
            Unexpected::Float(value) => write!(f, "{value:?}"),
            Unexpected::Str(text) => write!(f, "{:?}", shorten(text)),
            Unexpected::Unit => f.write_str("null"),
            Unexpected::Seq => f.write_str("a list"),
            Unexpected::Map => f.write_str("a map"),
            other => write!(f, "{other}"),
        }
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(QUOTE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
