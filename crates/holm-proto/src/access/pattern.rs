//! Patterns of names.

use std::{fmt, str::FromStr};

/// Longest pattern, in bytes: as long as the longest name that it may have to match.
const PATTERN_BYTES_MAX: usize = 1024;

/// A name in which each `*` stands for any text, also none. Matching takes time linear in name
/// and pattern.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(Box<str>);

/// A text that is no pattern; its writer is to blame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// Nothing there: it would match no name.
    #[error("a pattern must not be empty")]
    Empty,
    /// More than 1,024 bytes.
    #[error("a pattern has at most {PATTERN_BYTES_MAX} bytes")]
    TooLong,
    /// White space or a control character, which no name has.
    #[error("the pattern {0:?} contains white space or control characters")]
    Character(String),
}

impl Pattern {
    /// The pattern that every name matches.
    pub fn any() -> Self {
        Self("*".into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole of `name` is as the pattern says.
    pub fn matches(&self, name: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else { return *self.0 == *name };
        let Some(mut name) = name.strip_prefix(first) else { return false };
        let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        // The first place for each piece leaves the most for the others.
        for piece in middle.split('*') {
            let Some(at) = name.find(piece) else { return false };
            name = &name[at + piece.len()..];
        }
        name.ends_with(last)
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            Err(PatternError::Empty)
        } else if text.len() > PATTERN_BYTES_MAX {
            Err(PatternError::TooLong)
        } else if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            Err(PatternError::Character(text.to_owned()))
        } else {
            Ok(Self(text.into()))
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
