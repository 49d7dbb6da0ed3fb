//! Integration tests of the test world, and of the whole stack in it.
#![allow(clippy::unwrap_used, reason = "tests")]

mod hosts;
mod network;
mod repeat;
mod stack;

/// Seeds that every run of the suite looks at.
const SEEDS: [u64; 5] = [1, 2, 3, 0x5eed, u64::MAX];
