//! Wall clock time.

use std::fmt;
use std::time::SystemTime;

/// Milliseconds since the start of 1970, UTC.
///
/// For what people and other processes read (incarnations, log lines). It may
/// jump either way, so durations are measured with `tokio::time`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    /// The system's clock. A clock set before 1970 reads as the start of 1970.
    pub(crate) fn now() -> Self {
        let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Self(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
