//! The test world: virtual time, a seeded network and a seeded scheduler.
#![forbid(unsafe_code)]

mod host;
mod network;
mod scheduler;
mod seeds;
mod sim;
mod trace;
mod world;

pub use host::{Host, WALL_CLOCK_START};
pub use network::{Delay, SIM_BACKLOG, SIM_STREAM_CAPACITY, SimNetwork, SimTransport};
pub use seeds::{NEW_SEEDS, SEED_VARIABLE, check_deterministic, check_seeds};
pub use sim::{SCENARIO_LIMIT, Sim};
pub use trace::TRACE_TEXT_MAX;
pub use world::World;
