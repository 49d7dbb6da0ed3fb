//! The lock-free leaf under an actor: inbox queue, waker slot, reply slot, pooled futures, serial table.
//!
//! - [`cell()`] makes an actor's inbox: a [`Cell`] shared by all senders and its one [`Consumer`].
//! - [`reply::slot`] makes the one-shot slot that carries the answer to a call.
//! - [`PooledFuture`] holds a handler's future while it runs, mostly without the allocator.
//! - [`SerialTable`] finds an actor by its [`Serial`].
//!
//! All unsafe code of the runtime is here; nothing in it knows tokio or decides policy. Every
//! atomic comes from `sync`, so that the model checker can run the same code under `--cfg loom`.
#![deny(unsafe_op_in_unsafe_fn)]

mod block;
mod capacity;
mod cell;
mod consumer;
mod error;
mod lazy;
mod pool;
mod pooled_future;
mod queue;
pub mod reply;
mod room;
mod sending;
mod serial;
mod sync;
mod table;
mod waiters;
mod word;

pub use capacity::Capacity;
pub use cell::{Cell, cell};
pub use consumer::{Consumer, Drain};
pub use error::{Closed, PushError};
pub use pooled_future::PooledFuture;
pub use room::Room;
pub use sending::Sending;
pub use serial::Serial;
pub use table::{SERIALS_MAX, SerialTable, TableFull, Vacant};
