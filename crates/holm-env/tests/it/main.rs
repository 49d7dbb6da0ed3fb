//! Integration tests of the environment.
#![allow(clippy::unwrap_used, reason = "tests")]

mod endpoint;
mod env;
mod gate;
mod sockets;
mod transports;
