//! The index and its workers as a library.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

mod index;
mod worker;
