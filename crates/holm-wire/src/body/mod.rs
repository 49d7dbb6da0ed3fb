//! The bodies of messages: which codec, the positional and the named one.
//!
//! Positional is postcard's format (<https://postcard.jamesmunns.com/wire-format>). It is
//! written by postcard and read by [`decode_positional`], which bounds what a stranger's
//! bytes can make it do. Named is MessagePack with names, for sides whose types differ.

mod blob;
mod both;
mod decode;
mod encode;
mod error;
mod named;
#[cfg(test)]
pub(crate) mod tests;
mod untyped;

pub use blob::{Blob, decode_keeping};
pub use both::{join_both, split_both};
pub use decode::decode_positional;
pub use encode::encode_positional;
pub use error::BodyError;
pub(crate) use named::{Head, decode_with_path, skip};
pub use named::{ValueError, decode_named, encode_named};
pub use untyped::{join_untyped, split_untyped};

pub use crate::noted::{Noted, encode_noting};

/// Values within values that a body may have: no real message comes near, and it fits
/// the stack of any thread that decodes. Deeper ones are refused with `TooDeep`.
pub(crate) const DEPTH_MAX: u32 = 256;

/// How a body is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BodyCodec {
    /// The arguments as a tuple, without names: both sides know the same fingerprint.
    Positional = 1,
    /// Bytes whose meaning the method knows.
    Raw = 2,
    /// The arguments with the names of their fields: the sides may know different types.
    Named = 3,
    /// [Positional](Self::Positional) and [named](Self::Named), for a receiver of which it is not
    /// known yet which fingerprint it holds; see [`join_both`].
    Both = 4,
}

impl BodyCodec {
    /// The codec with this number.
    pub(crate) fn from_u8(value: u8) -> Option<Self> {
        match value {
            1 => Some(Self::Positional),
            2 => Some(Self::Raw),
            3 => Some(Self::Named),
            4 => Some(Self::Both),
            _ => None,
        }
    }
}
