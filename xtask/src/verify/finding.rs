//! One broken rule at one place.

use std::fmt;

/// A place, what is wrong there and how to mend it.
#[derive(Debug, PartialEq)]
pub(crate) struct Finding {
    pub(crate) level: Level,
    file: String,
    line: usize,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Level {
    /// Printed only.
    Warning,
    /// Fails the run.
    Error,
}

impl Finding {
    /// `line` counts from 1.
    pub(crate) fn error(file: &str, line: usize, text: impl Into<String>) -> Self {
        Self { level: Level::Error, file: file.to_owned(), line, text: text.into() }
    }

    pub(crate) fn warning(file: &str, line: usize, text: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(file, line, text) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { level, file, line, text } = self;
        let level = match level {
            Level::Warning => "warning: ",
            Level::Error => "",
        };
        write!(f, "{file}:{line}: {level}{text}")
    }
}
