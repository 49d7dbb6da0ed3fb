//! A running session: frames in and bytes out, bytes in and frames out.
//!
//! The driver keeps one [`Outbound`] under the lock that guards its writes, and one
//! [`Inbound`] in its reader. Neither waits for anything.

#[cfg(test)]
mod hostile_tests;
mod inbound;
mod lanes;
mod large;
mod outbound;
mod reassembly;
#[cfg(test)]
mod tests;

pub use inbound::{Inbound, Payload, Sink};
pub use lanes::{Order, ReceiverKey};
pub use outbound::{Outbound, TooLarge};
