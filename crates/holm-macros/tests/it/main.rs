//! What `#[actor]` writes, run.
#![allow(clippy::unwrap_used, reason = "tests")]

mod dynamic;
mod hooks;
mod messages;
