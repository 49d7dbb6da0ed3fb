//! Unsigned LEB128 integers of at most 64 bits, in their one shortest form.

/// The longest encoding, in bytes: 64 bits at 7 a byte.
pub const VARINT_BYTES_MAX: usize = 10;

/// Why bytes are not a varint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VarintError {
    /// The bytes end before the number does; more may follow.
    #[error("incomplete integer")]
    Incomplete,
    /// Longer than needed, or more than 64 bits: the writer is at fault.
    #[error("over-long integer")]
    Overlong,
}

/// Appends `value`.
#[inline]
pub fn encode(value: u64, out: &mut Vec<u8>) {
    if value < 0x80 {
        out.push(value as u8);
    } else {
        let mut bytes = [0; VARINT_BYTES_MAX];
        let length = encode_into(value, &mut bytes);
        out.extend_from_slice(&bytes[..length]);
    }
}

/// How many bytes the encoding of `value` has.
#[inline]
pub(crate) fn width(value: u64) -> usize {
    (value | 1).ilog2() as usize / 7 + 1
}

/// Writes `value` at the start of `out` and returns its length in bytes.
#[inline]
pub(crate) fn encode_into(mut value: u64, out: &mut [u8; VARINT_BYTES_MAX]) -> usize {
    let mut at = 0;
    while value >= 0x80 {
        out[at] = value as u8 | 0x80;
        value >>= 7;
        at += 1;
    }
    out[at] = value as u8;
    at + 1
}

/// Reads a number from the start of `bytes`; also returns how many bytes it took.
///
/// # Errors
/// See [`VarintError`].
#[inline]
pub fn decode(bytes: &[u8]) -> Result<(u64, usize), VarintError> {
    match bytes.first() {
        Some(&byte) if byte < 0x80 => Ok((u64::from(byte), 1)),
        Some(_) => decode_long(bytes),
        None => Err(VarintError::Incomplete),
    }
}

/// Of the bytes of a word, the bit that says that another byte follows.
const MORE: u64 = 0x8080_8080_8080_8080;

fn decode_long(bytes: &[u8]) -> Result<(u64, usize), VarintError> {
    if let Some(word) = bytes.first_chunk().map(|word| u64::from_le_bytes(*word))
        && word & MORE != MORE
    {
        return decode_word(word);
    }
    let mut value = 0_u64;
    for (at, &byte) in bytes.iter().take(VARINT_BYTES_MAX).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            // A last byte of 0 adds nothing; the tenth has room for one bit.
            let overlong = byte == 0 || (at == VARINT_BYTES_MAX - 1 && byte > 1);
            return if overlong { Err(VarintError::Overlong) } else { Ok((value, at + 1)) };
        }
    }
    if bytes.len() < VARINT_BYTES_MAX {
        Err(VarintError::Incomplete)
    } else {
        Err(VarintError::Overlong)
    }
}

/// Decodes a number that ends in the first eight bytes: all of their bits at once.
#[inline]
fn decode_word(word: u64) -> Result<(u64, usize), VarintError> {
    let ends = !word & MORE;
    let last = ends.trailing_zeros() / 8;
    if last > 0 && word >> (8 * last) & 0xff == 0 {
        return Err(VarintError::Overlong);
    }
    // What is up to the end, in groups of 7 bits, then of 14, 28 and 56.
    let bits = word & (ends ^ ends.wrapping_sub(1)) & !MORE;
    let bits = bits & 0x007f_007f_007f_007f | (bits & 0x7f00_7f00_7f00_7f00) >> 1;
    let bits = bits & 0x0000_3fff_0000_3fff | (bits & 0x3fff_0000_3fff_0000) >> 2;
    let bits = bits & 0x0000_0000_0fff_ffff | (bits & 0x0fff_ffff_0000_0000) >> 4;
    Ok((bits, last as usize + 1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trip(shift in 0..64_u32, value: u64, behind: [u8; 8]) {
            let value = value >> shift;
            let mut bytes = Vec::new();
            encode(value, &mut bytes);
            prop_assert_eq!(decode(&bytes), Ok((value, bytes.len())));
            for cut in 0..bytes.len() {
                prop_assert_eq!(decode(&bytes[..cut]), Err(VarintError::Incomplete));
            }
            let length = bytes.len();
            bytes.extend(behind);
            prop_assert_eq!(decode(&bytes), Ok((value, length)));
        }
    }

    #[test]
    fn only_the_shortest_form() {
        for bytes in [&[0x80, 0x00][..], &[0xff, 0x80, 0x00], &[0x80; 10], &[0xff; 11]] {
            assert_eq!(decode(bytes), Err(VarintError::Overlong), "{bytes:x?}");
            let longer = [bytes, &[1; 8]].concat();
            assert_eq!(decode(&longer), Err(VarintError::Overlong), "{longer:x?}");
        }
        let mut beyond = [0xff; 10];
        beyond[9] = 2;
        assert_eq!(decode(&beyond), Err(VarintError::Overlong));
        beyond[9] = 1;
        assert_eq!(decode(&beyond), Ok((u64::MAX, 10)));
    }
}
