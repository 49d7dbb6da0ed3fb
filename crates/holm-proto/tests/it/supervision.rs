//! Supervision from outside, under virtual time.

mod backoff;
mod breaker;
mod control;
mod intensity;
mod random;
mod starting;
mod stopping;
mod strategies;
mod tree;
mod verdicts;
mod world;
