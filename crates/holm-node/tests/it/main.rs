//! Several nodes in one process, and one in a process of its own.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "drives the real runtime")]

mod access;
mod actors;
mod admission;
mod dialling;
mod errors;
mod hostile;
mod killed;
mod large;
mod monitors;
mod pressure;
mod raw;
mod secured;
mod sessions;
mod spawning;
mod stopping;
mod support;
mod talk;
