//! What nodes withstand, each in a process of its own.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "processes live in real time")]

mod cascade;
mod order;
mod partition;
mod restart;
mod silence;
