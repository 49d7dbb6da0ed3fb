//! Runs many small tasks (actors) on a few long-lived tokio tasks, the workers.
//!
//! A tokio task for each actor costs half a kilobyte, knows no priorities, and two of them that talk to
//! each other keep waking a second thread. Here a task is one allocation of its future and some 50 bytes, and
//! workers, one for each thread of the runtime, take turns from run queues of their own. Workers are
//! ordinary tokio tasks, so what runs on them may await timers, sockets and channels of tokio, and a plain
//! task of the same runtime (a socket's reader) hands over to an actor without a change of threads.
//!
//! - [`Scheduler`]: starts the workers, spawns, closes.
//! - [`Priority`]: which queue a task waits in.
//! - [`put_off`]: has something done once when nothing else is to do.
//! - [`WorkerView`], [`Counters`], [`Scheduler::nudge`]: for a watchdog.
//!
//! How no wake-up is lost is argued at the head of `shared.rs`; how tokio is made to use another thread, in
//! `handover.rs`.
#![forbid(unsafe_code)]

mod current;
mod guarded;
mod handover;
mod idle;
mod local;
mod scheduler;
mod shared;
mod slot;
mod worker;

pub use current::put_off;
pub use scheduler::{Priority, Scheduler};
pub use slot::{Counters, WorkerView};
