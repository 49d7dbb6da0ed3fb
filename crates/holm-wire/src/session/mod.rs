//! A running session: frames in and bytes out, bytes in and frames out.
//!
//! The driver keeps one [`Outbound`] under the lock that guards its writes, and one
//! [`Inbound`] in its reader. Neither waits for anything.

mod block;
mod buffers;
mod class_queue;
#[cfg(test)]
mod class_tests;
#[cfg(test)]
mod coded_tests;
mod flow;
#[cfg(test)]
mod hostile_tests;
mod inbound;
mod keep_alive;
mod lanes;
mod large;
mod outbound;
mod read_buffer;
mod reassembly;
pub mod streams;
mod terms;
#[cfg(test)]
mod tests;
mod turns;

pub use flow::{BULK_WINDOW, ClassCredits, Credit, MEMBERSHIP_WINDOW, Taken};
pub use inbound::{Inbound, Payload, Sink};
pub use keep_alive::{Activity, KeepAlive, Look, Patience};
pub use lanes::{Order, ReceiverKey};
pub use outbound::{Outbound, TooLarge};
pub use terms::Terms;
