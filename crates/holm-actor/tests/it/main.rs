//! Actors of one system, through the public API.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "drives the real runtime")]

mod actor_sets;
mod calls;
mod dynamics;
mod exit_table;
mod exits;
mod family;
mod groups;
mod inbox;
mod infos;
mod jobs;
mod lives;
mod monitors;
mod names;
mod panics;
mod policies;
mod pools;
mod processes;
mod recipients;
mod replies;
mod scheduling;
#[cfg(feature = "tower")]
mod services;
mod size;
mod slots;
mod stopped;
mod supervisors;
mod support;
mod system;
mod task_scopes;
mod timers;
mod watching;
