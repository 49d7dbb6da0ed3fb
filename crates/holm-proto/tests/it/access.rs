//! Access: lists, names and capabilities, each against a table or a model of its own.

mod grants;
mod lists;
mod texts;

use holm_proto::access::{Fingerprint, Identity, Proof};

pub(crate) fn print(byte: u8) -> Fingerprint {
    Fingerprint::from_bytes([byte; 32])
}

/// An identity proven by a key.
pub(crate) fn keyed(proof: Proof, byte: u8) -> Identity {
    Identity { key: Some(print(byte)), ..Identity::new(proof) }
}
