//! Handshakes, sessions and postures over streams within the process.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "drives the real runtime")]

mod handshake;
mod posture;
mod pressure;
mod session;
mod support;
