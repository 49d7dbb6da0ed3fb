//! Comparisons with foreign programs; never published.
#![forbid(unsafe_code)]

use std::{env, path::PathBuf};

/// Where the sources of the JDK lie when the package `openjdk-17-source` is installed.
const JDK_SOURCES: &str = "/usr/lib/jvm/openjdk-17/lib/src.zip";

/// The tree of real Java to compare on: `HOLM_CORPUS`, or the sources of the JDK.
///
/// Without either, says that `test` is skipped, and why.
///
/// # Panics
/// Without either when `CI=true`: there nothing may go missing silently.
#[must_use]
pub fn corpus(test: &str) -> Option<PathBuf> {
    let path = env::var_os("HOLM_CORPUS").map_or_else(|| PathBuf::from(JDK_SOURCES), PathBuf::from);
    if path.exists() {
        return Some(path);
    }
    let reason =
        format!("{} does not exist; install openjdk-17-source or set HOLM_CORPUS", path.display());
    assert!(env::var("CI").as_deref() != Ok("true"), "{test}: {reason}");
    println!("SKIP {test}: {reason}");
    None
}

/// Whether the long tier is asked for, by `HOLM_LONG=1`.
#[must_use]
pub fn long_tier() -> bool {
    env::var("HOLM_LONG").as_deref() == Ok("1")
}
