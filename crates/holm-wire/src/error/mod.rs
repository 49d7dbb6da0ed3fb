//! What is sent to a peer about an error, and what ends a session.

mod code;
mod violation;
mod wire;

pub use code::Code;
pub use violation::{ChunkFault, RequestFault, StreamFault, Violation};
pub use wire::WireError;
pub(crate) use wire::{ERROR_TEXT_MAX, put_reason, take_code, take_reason};
