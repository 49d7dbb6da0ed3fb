//! The body of a message whose sender has no types: a list of the method's name and its arguments, named.

use super::{BodyError, Head, encode_named};
use crate::signal::SIGNAL_NAME_BYTES_MAX;
use crate::value::{Value, encode_value};

/// The head of a list of two.
const PAIR: u8 = 0x92;

/// Appends the body.
///
/// # Errors
/// [`BodyError::Unsendable`]: the arguments are nested too deeply or have too many values for any
/// receiver, or the name is longer than [`SIGNAL_NAME_BYTES_MAX`].
pub fn join_untyped(method: &str, args: &Value, out: &mut Vec<u8>) -> Result<(), BodyError> {
    if method.len() > SIGNAL_NAME_BYTES_MAX {
        let text = format!("a method's name of more than {SIGNAL_NAME_BYTES_MAX} bytes");
        return Err(BodyError::Unsendable(text));
    }
    out.push(PAIR);
    encode_named(method, out)?;
    encode_value(args, out)
}

/// The method and the named body of its arguments, which is not looked at.
///
/// # Errors
/// The sender's bytes are no such list.
pub fn split_untyped(body: &[u8]) -> Result<(&str, &[u8]), BodyError> {
    let mut rest = body.strip_prefix(&[PAIR]).ok_or(BodyError::Invalid("list of two"))?;
    let Head::Text(method) = Head::take(&mut rest)? else {
        return Err(BodyError::Invalid("name of a method"));
    };
    if method.len() > SIGNAL_NAME_BYTES_MAX {
        return Err(BodyError::Invalid("name of a method"));
    }
    let method = std::str::from_utf8(method).map_err(|_| BodyError::Invalid("text"))?;
    Ok((method, rest))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};

    #[test]
    fn what_was_joined_is_split() {
        let mut body = Vec::new();
        join_untyped("add", &Value::from(300), &mut body).unwrap();
        assert_eq!(split_untyped(&body), Ok(("add", &[0xcd, 0x01, 0x2c][..])));
        for cut in 0..5 {
            assert!(split_untyped(&body[..cut]).is_err(), "{cut}");
        }
        for (name, is_good) in [("m".repeat(1024), true), ("m".repeat(1025), false)] {
            let mut body = Vec::new();
            assert_eq!(join_untyped(&name, &Value::Null, &mut body).is_ok(), is_good);
            body = vec![PAIR];
            encode_named(&name, &mut body).unwrap();
            assert_eq!(split_untyped(&body).is_ok(), is_good);
        }
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(mut body in vec(any::<u8>(), 0..40)) {
            let _ = split_untyped(&body);
            body.insert(0, PAIR);
            let _ = split_untyped(&body);
        }
    }
}
