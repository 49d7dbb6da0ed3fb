//! Values to positional bytes, by postcard.

use super::{BodyError, blob::lends};
use postcard::ser_flavors::Flavor;
use serde::Serialize;

/// Appends `value` to `out`.
///
/// # Errors
/// [`BodyError::Unsendable`]: its `Serialize` fails, or it has a sequence of unknown
/// length. `out` is as before.
pub fn encode_positional<T: Serialize + ?Sized>(
    value: &T,
    out: &mut Vec<u8>,
) -> Result<(), BodyError> {
    let start = out.len();
    let result = postcard::serialize_with_flavor(value, Append(out));
    result.map_err(|error| {
        out.truncate(start);
        BodyError::Unsendable(error.to_string())
    })
}

/// Lets postcard append to a buffer that is not its own.
struct Append<'a>(&'a mut Vec<u8>);

impl Flavor for Append<'_> {
    type Output = ();

    #[inline]
    fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
        if !lends(self.0, data) {
            self.0.extend_from_slice(data);
        }
        Ok(())
    }

    #[inline]
    fn try_push(&mut self, data: u8) -> postcard::Result<()> {
        self.0.push(data);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}
