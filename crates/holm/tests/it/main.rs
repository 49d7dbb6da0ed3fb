//! The facade: what the macros write, and what they refuse.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "drives the real runtime")]

mod actors;
mod fingerprints;
mod manual;
mod refused;
mod timers;
