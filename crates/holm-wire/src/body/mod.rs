//! The bodies of messages: which codec, and the positional one.
//!
//! Positional is postcard's format (<https://postcard.jamesmunns.com/wire-format>). It is
//! written by postcard and read by [`decode_positional`], which bounds what a stranger's
//! bytes can make it do.

mod decode;
mod encode;
mod error;
#[cfg(test)]
mod tests;

pub use decode::decode_positional;
pub use encode::encode_positional;
pub use error::BodyError;

/// How a body is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BodyCodec {
    /// The arguments as a tuple, without names: both sides know the same fingerprint.
    Positional = 1,
    /// Bytes whose meaning the method knows.
    Raw = 2,
}

impl BodyCodec {
    /// The codec with this number.
    pub(crate) fn from_u8(value: u8) -> Option<Self> {
        match value {
            1 => Some(Self::Positional),
            2 => Some(Self::Raw),
            _ => None,
        }
    }
}
