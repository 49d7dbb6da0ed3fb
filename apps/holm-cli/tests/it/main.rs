//! The program from outside: `holm index` and its workers, nodes, keys.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

mod archives;
mod bad_input;
mod ends;
mod keys;
mod listing;
mod node;
mod results;
mod security;
mod session;
mod skipped;
mod support;
mod workers;
