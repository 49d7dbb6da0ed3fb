//! Reading fields off untrusted bytes, with the field's name in every error.

use crate::varint::{self, VarintError};

/// A field that is not what the protocol says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field `{field}` {problem}")]
pub struct Malformed {
    /// Which field.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// Shorthand for an error about `field`.
pub(crate) const fn malformed(field: &'static str, problem: &'static str) -> Malformed {
    Malformed { field, problem }
}

/// What is left of a payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// All that is left.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn bytes(&mut self, field: &'static str, n: usize) -> Result<&'a [u8], Malformed> {
        let (head, tail) =
            self.rest.split_at_checked(n).ok_or_else(|| malformed(field, "is cut short"))?;
        self.rest = tail;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<[u8; N], Malformed> {
        let (head, tail) =
            self.rest.split_first_chunk().ok_or_else(|| malformed(field, "is cut short"))?;
        self.rest = tail;
        Ok(*head)
    }

    #[inline]
    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, Malformed> {
        self.array::<1>(field).map(|[byte]| byte)
    }

    #[inline]
    pub(crate) fn varint(&mut self, field: &'static str) -> Result<u64, Malformed> {
        let (value, length) = varint::decode(self.rest).map_err(|error| match error {
            VarintError::Incomplete => malformed(field, "is cut short"),
            VarintError::Overlong => malformed(field, "is an over-long integer"),
        })?;
        self.rest = &self.rest[length..];
        Ok(value)
    }

    pub(crate) fn varint_u32(&mut self, field: &'static str) -> Result<u32, Malformed> {
        u32::try_from(self.varint(field)?).map_err(|_| malformed(field, "is out of range"))
    }

    /// A length and that many bytes, at most `max`.
    pub(crate) fn slice(&mut self, field: &'static str, max: usize) -> Result<&'a [u8], Malformed> {
        match usize::try_from(self.varint(field)?) {
            Ok(length) if length <= max => self.bytes(field, length),
            Ok(_) | Err(_) => Err(malformed(field, "is too long")),
        }
    }

    /// A length and that many bytes of UTF-8, at most `max`.
    pub(crate) fn str(&mut self, field: &'static str, max: usize) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.slice(field, max)?).map_err(|_| malformed(field, "is not UTF-8"))
    }

    /// Nothing may be left.
    pub(crate) fn finish(self) -> Result<(), Malformed> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(malformed("payload", "has bytes after its last field"))
        }
    }
}

/// Appends a length and the bytes.
pub(crate) fn put_slice(bytes: &[u8], out: &mut Vec<u8>) {
    varint::encode(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Appends `text` as [`put_slice`] does, cut at a character to at most `max` bytes.
pub(crate) fn put_text(text: &str, max: usize, out: &mut Vec<u8>) {
    put_slice(&text.as_bytes()[..text.floor_char_boundary(max)], out);
}
