//! The integration tests of holm-cell, with real threads; `loom.rs` has the model-checked ones.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, reason = "tests")]

mod hibernating;
mod inbox;
mod model;
mod pooled;
mod reply;
mod stress;
mod support;
mod table;
mod waiting;
