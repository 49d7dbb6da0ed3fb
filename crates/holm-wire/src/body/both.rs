//! A body in both codecs, of which the receiver reads the one that fits what it holds.

use super::BodyError;
use crate::cursor::Cursor;
use crate::varint;

/// Appends a body of the codec [`Both`](super::BodyCodec::Both): the length of the positional one,
/// that one, the named one.
pub fn join_both(positional: &[u8], named: &[u8], out: &mut Vec<u8>) {
    varint::encode(positional.len() as u64, out);
    out.extend_from_slice(positional);
    out.extend_from_slice(named);
}

/// The positional and the named body of one that [`join_both`] made.
///
/// # Errors
/// The sender's bytes end too early.
pub fn split_both(body: &[u8]) -> Result<(&[u8], &[u8]), BodyError> {
    let mut rest = Cursor::new(body);
    let length = rest.varint("positional").map_err(|_| BodyError::CutShort)?;
    let length = usize::try_from(length).map_err(|_| BodyError::CutShort)?;
    rest.rest().split_at_checked(length).ok_or(BodyError::CutShort)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_was_joined_is_split() {
        let mut body = Vec::new();
        join_both(b"position", b"name", &mut body);
        assert_eq!(split_both(&body), Ok((&b"position"[..], &b"name"[..])));
        for cut in 0..9 {
            assert_eq!(split_both(&body[..cut]), Err(BodyError::CutShort), "{cut}");
        }
        assert_eq!(split_both(&[0xff; 10]), Err(BodyError::CutShort));
    }
}
