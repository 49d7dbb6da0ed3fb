//! The facade: what the macros write, what they refuse, and nodes under attack.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "drives the real runtime")]

mod actors;
mod fingerprints;
mod hostile;
mod manual;
mod refused;
mod timers;
