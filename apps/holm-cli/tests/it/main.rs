//! The program from outside: `holm index` and its workers.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

mod bad_input;
mod archives;
mod ends;
mod results;
mod session;
mod skipped;
mod support;
mod workers;
