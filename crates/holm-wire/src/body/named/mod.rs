//! The named codec: MessagePack with the names of fields and variants, for sides whose types
//! differ and for [`Value`](crate::value::Value)s.
//!
//! Written by rmp-serde; read by [`Reader`], which bounds what a stranger's bytes can make it
//! do, and says which field is wrong. Structs are maps, enums are the name of the variant or
//! a map from it to its content, integers beyond 64 bits are 16 bytes, big-endian. `Some` leaves
//! no trace, so that `Some(None)` arrives as `None`. Types that distinguish choose their
//! human-readable form, an IP address its text.

mod error;
mod head;
mod reader;
#[cfg(test)]
mod tests;

pub use error::ValueError;

use super::BodyError;
pub(crate) use head::{Head, skip};
use reader::Reader;
use serde::{Serialize, de::DeserializeOwned};

/// Appends `value` to `out`, with names.
///
/// # Errors
/// [`BodyError::Unsendable`]: its `Serialize` fails. `out` is as before.
pub fn encode_named<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), BodyError> {
    let start = out.len();
    let mut writer = rmp_serde::Serializer::new(&mut *out).with_struct_map().with_human_readable();
    let result = value.serialize(&mut writer);
    result.map_err(|error| {
        out.truncate(start);
        BodyError::Unsendable(error.to_string())
    })
}

/// Reads a value that takes all of `bytes`. Fields that the type does not have are skipped,
/// missing ones are left to serde's `default`; a list will do for a struct.
///
/// # Errors
/// See [`BodyError`]: the sender's bytes, or the receiving type. What the type refuses is named
/// by its path, as in `[1].name: expected a string, found 5`.
pub fn decode_named<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BodyError> {
    decode_with_path(bytes).map_err(BodyError::from)
}

pub(crate) fn decode_with_path<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ValueError> {
    let mut reader = Reader::new(bytes);
    let value = T::deserialize(&mut reader)?;
    reader.finish()?;
    Ok(value)
}
