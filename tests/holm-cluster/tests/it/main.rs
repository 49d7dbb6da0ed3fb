//! What nodes withstand, each in a process of its own.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "processes live in real time")]

mod cascade;
mod crossing;
mod order;
mod overload;
mod partition;
mod proxy;
mod refusals;
mod restart;
mod silence;
