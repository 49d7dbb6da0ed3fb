//! Actors of one system, through the public API.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "drives the real runtime")]

mod calls;
mod exit_table;
mod exits;
mod inbox;
mod monitors;
mod names;
mod panics;
mod size;
mod stopped;
mod support;
mod system;
