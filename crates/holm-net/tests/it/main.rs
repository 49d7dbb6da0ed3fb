//! Handshakes, sessions and postures over streams within the process.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "drives the real runtime")]

mod attacks;
mod channel;
mod deadlines;
mod fixtures;
mod handshake;
mod matrix;
mod posture;
mod pressure;
mod pulse;
mod secrets;
mod session;
mod streams;
mod support;
