//! Several nodes in one process, and one in a process of its own.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "drives the real runtime")]

mod access;
mod actors;
mod admission;
mod blobs;
mod dialling;
mod dynamics;
mod errors;
mod exit_table;
mod hostile;
mod hostile_links;
mod inspector;
mod killed;
mod large;
mod links;
mod monitors;
mod observers;
mod pings;
mod pressure;
#[path = "../../../holm-actor/tests/it/support.rs"]
#[allow(dead_code, reason = "the tests of one node use more of it")]
mod puppets;
mod raw;
mod reach;
mod runs;
mod secured;
mod sessions;
mod spawning;
mod spawning_bound;
mod stopping;
mod support;
mod talk;
mod versions;
mod versions_wire;
