//! The bodies of the fuzz targets. Each takes any bytes, and panics only for a fault of ours.
//!
//! `cargo +nightly fuzz run NAME` runs them without end; the tests of holm-wire include this
//! file and run them on `corpus/` and on some thousand inputs made from it.

mod decompression;
mod envelope;
mod frame;
mod handshake;
mod input;
mod session;

pub use decompression::decompression;
pub use envelope::envelope;
pub use frame::frame;
pub use handshake::handshake;
pub use session::session;
