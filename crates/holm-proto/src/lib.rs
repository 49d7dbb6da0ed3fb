//! Cluster protocols as state machines, without sockets, clocks or tasks of their own.
#![forbid(unsafe_code)]

pub mod ledger;
pub mod supervision;
