//! Cluster protocols as state machines, without sockets, clocks or tasks of their own.
#![forbid(unsafe_code)]

pub mod access;
pub mod admission;
pub mod ledger;
pub mod redial;
pub mod supervision;
