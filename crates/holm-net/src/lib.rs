//! Who the peer is, and the driver of a session over a byte stream.
//!
//! A connection passes [`posture`] and [`handshake`], then a [`Session`] drives it. What its
//! frames mean is for the [`Handler`].
#![forbid(unsafe_code)]

pub mod handshake;
pub mod posture;
mod session;
pub mod unix_dir;

pub use session::{Appender, End, Handler, QUEUE_BYTES_MAX, Session};
