//! What a node asks of the world: tasks, randomness, clocks and byte streams.
//!
//! [`Env`] starts tasks and hands out randomness and the wall clock; a
//! [`Transport`] opens and accepts byte streams. Both have a real form, over
//! tokio and the operating system, and a form for tests: [`Env::with_hooks`]
//! puts every task behind a [`Hooks`] gate, [`MemoryTransport`] keeps streams
//! inside the process. Monotonic time is not here: `tokio::time` is virtual
//! where the runtime's clock is paused.
//!
//! Invariant: no other library crate starts tasks, reads the wall clock or asks
//! the operating system for randomness.
#![forbid(unsafe_code)]

pub mod conformance;
mod endpoint;
mod env;
mod gate;
mod memory;
mod net;
mod rng;
mod sys;
mod task;
mod transport;
mod wall_clock;

pub use endpoint::{Endpoint, ParseEndpointError};
pub use env::{Env, StartError};
pub use gate::{Gate, Hooks, TaskId};
pub use memory::{MEMORY_BACKLOG, MEMORY_PIPE_CAPACITY, MemoryTransport};
pub use net::{DIAL_ADDRESS_TIMEOUT, HELD_BYTES_MAX, TokioTransport, UNSENT_BYTES_MAX};
pub use rng::EnvRng;
pub use task::{Task, TaskError};
pub use transport::{
    BoxFuture, Connection, DialError, ListenError, Listener, PeerAddr, ReadHalf, Transport,
    WriteHalf,
};
pub use wall_clock::UnixMillis;
