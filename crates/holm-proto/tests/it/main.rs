//! The protocols of this crate from outside.
#![allow(clippy::unwrap_used, reason = "tests")]

mod access;
mod admission;
mod ledger;
mod supervision;
