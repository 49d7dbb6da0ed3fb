//! The head of one MessagePack value (<https://github.com/msgpack/msgpack/blob/master/spec.md>).

use crate::body::BodyError;

const NIL: u8 = 0xc0;

/// What comes next: a whole scalar, or how many values follow. Never more than there are bytes
/// for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Head<'de> {
    Nil,
    Bool(bool),
    Unsigned(u64),
    /// Mostly negative, but a writer may choose it for any.
    Signed(i64),
    Float(f64),
    /// Not yet known to be UTF-8.
    Text(&'de [u8]),
    Bytes(&'de [u8]),
    Array(usize),
    /// Of this many pairs.
    Map(usize),
    Extension,
}

impl<'de> Head<'de> {
    pub(crate) fn take(rest: &mut &'de [u8]) -> Result<Self, BodyError> {
        let marker = take(rest, 1)?[0];
        // Widths and fixed lengths double from one marker to the next.
        let double = |first: u8| 1_usize << (marker - first);
        Ok(match marker {
            0x00..=0x7f => Self::Unsigned(marker.into()),
            0x80..=0x8f => Self::map(rest, usize::from(marker & 0x0f))?,
            0x90..=0x9f => Self::array(rest, usize::from(marker & 0x0f))?,
            0xa0..=0xbf => Self::Text(take(rest, usize::from(marker & 0x1f))?),
            NIL => Self::Nil,
            0xc1 => return Err(BodyError::Invalid("MessagePack marker")),
            0xc2 => Self::Bool(false),
            0xc3 => Self::Bool(true),
            0xc4..=0xc6 => Self::Bytes(sized(rest, double(0xc4))?),
            0xc7..=0xc9 => {
                let length = length(rest, double(0xc7))?;
                Self::extension(rest, length)?
            }
            0xca => Self::Float(f32::from_bits(big_endian(rest, 4)? as u32).into()),
            0xcb => Self::Float(f64::from_bits(big_endian(rest, 8)?)),
            0xcc..=0xcf => Self::Unsigned(big_endian(rest, double(0xcc))?),
            0xd0..=0xd3 => {
                let width = double(0xd0);
                let unused = 64 - 8 * width;
                Self::Signed((big_endian(rest, width)? << unused) as i64 >> unused)
            }
            0xd4..=0xd8 => Self::extension(rest, double(0xd4))?,
            0xd9..=0xdb => Self::Text(sized(rest, double(0xd9))?),
            0xdc..=0xdd => {
                let count = length(rest, 2 * double(0xdc))?;
                Self::array(rest, count)?
            }
            0xde..=0xdf => {
                let count = length(rest, 2 * double(0xde))?;
                Self::map(rest, count)?
            }
            0xe0..=0xff => Self::Signed(i64::from(marker as i8)),
        })
    }

    fn array(rest: &[u8], count: usize) -> Result<Self, BodyError> {
        if count > rest.len() { Err(BodyError::CutShort) } else { Ok(Self::Array(count)) }
    }

    fn map(rest: &[u8], pairs: usize) -> Result<Self, BodyError> {
        if pairs > rest.len() / 2 { Err(BodyError::CutShort) } else { Ok(Self::Map(pairs)) }
    }

    fn extension(rest: &mut &[u8], length: usize) -> Result<Self, BodyError> {
        // Its kind is one more byte.
        take(rest, 1)?;
        take(rest, length)?;
        Ok(Self::Extension)
    }
}

/// Whether the next value is nil.
pub(super) fn is_nil(rest: &[u8]) -> bool {
    rest.first() == Some(&NIL)
}

/// Skips one value and all within it, on no stack.
pub(crate) fn skip(rest: &mut &[u8]) -> Result<(), BodyError> {
    let mut due = 1_usize;
    while due > 0 {
        due -= 1;
        due += match Head::take(rest)? {
            Head::Array(count) => count,
            Head::Map(pairs) => 2 * pairs,
            Head::Nil
            | Head::Bool(_)
            | Head::Unsigned(_)
            | Head::Signed(_)
            | Head::Float(_)
            | Head::Text(_)
            | Head::Bytes(_)
            | Head::Extension => 0,
        };
        if due > rest.len() {
            return Err(BodyError::CutShort);
        }
    }
    Ok(())
}

fn take<'de>(rest: &mut &'de [u8], count: usize) -> Result<&'de [u8], BodyError> {
    let (head, tail) = rest.split_at_checked(count).ok_or(BodyError::CutShort)?;
    *rest = tail;
    Ok(head)
}

fn big_endian(rest: &mut &[u8], width: usize) -> Result<u64, BodyError> {
    Ok(take(rest, width)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

fn length(rest: &mut &[u8], width: usize) -> Result<usize, BodyError> {
    usize::try_from(big_endian(rest, width)?).map_err(|_| BodyError::CutShort)
}

fn sized<'de>(rest: &mut &'de [u8], width: usize) -> Result<&'de [u8], BodyError> {
    let length = length(rest, width)?;
    take(rest, length)
}
