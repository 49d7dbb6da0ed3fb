//! How the program ends.

/// How the program ends; what there is to say about it has been said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Ok,
    /// It could not be done.
    Failed,
    /// The arguments, or what they name, are of no use.
    Usage,
    /// It was done in part.
    Incomplete,
    /// A signal of this number ended it.
    Signal(i32),
}

impl Exit {
    /// Says on standard error why it could not be done.
    pub(crate) fn failed(why: &str) -> Self {
        eprintln!("error: {why}");
        Self::Failed
    }

    /// Says on standard error what is wrong with the arguments.
    pub(crate) fn usage(why: &str) -> Self {
        eprintln!("error: {why}");
        Self::Usage
    }

    /// The exit code, as `--help` documents it.
    pub(crate) fn code(self) -> i32 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Incomplete => 3,
            Self::Signal(number) => 128 + number,
        }
    }
}
