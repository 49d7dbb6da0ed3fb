//! Positional bytes to values: postcard's format, with bounds on depth and on elements
//! that take no bytes. Integers only in their shortest form.

use super::{BodyError, DEPTH_MAX};
use crate::varint::{self, VarintError};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor, value::U32Deserializer,
};

/// Elements of sequences and maps that may take no bytes at all, in one body. They cost
/// time that its length does not bound; more are refused with `TooMany`.
const EMPTY_ELEMENTS_MAX: u32 = 65_536;

/// Reads a value that takes all of `bytes`.
///
/// # Errors
/// See [`BodyError`]: the sender's bytes, or the receiving type.
pub fn decode_positional<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BodyError> {
    let mut reader = Reader {
        rest: bytes,
        depth_left: DEPTH_MAX,
        empty_left: EMPTY_ELEMENTS_MAX,
        hint_left: bytes.len(),
    };
    let value = T::deserialize(&mut reader)?;
    match reader.rest.len() {
        0 => Ok(value),
        left => Err(BodyError::Trailing(left)),
    }
}

struct Reader<'de> {
    rest: &'de [u8],
    depth_left: u32,
    empty_left: u32,
    /// Elements that visitors may still be told to make room for, in the whole body: lists
    /// within lists all announce the same bytes.
    hint_left: usize,
}

type Result<T, E = BodyError> = std::result::Result<T, E>;

impl<'de> Reader<'de> {
    #[inline]
    fn take(&mut self, n: usize) -> Result<&'de [u8]> {
        let (head, tail) = self.rest.split_at_checked(n).ok_or(BodyError::CutShort)?;
        self.rest = tail;
        Ok(head)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, tail) = self.rest.split_first_chunk().ok_or(BodyError::CutShort)?;
        self.rest = tail;
        Ok(*head)
    }

    #[inline]
    fn varint(&mut self) -> Result<u64> {
        let (value, width) = varint::decode(self.rest).map_err(|error| match error {
            VarintError::Incomplete => BodyError::CutShort,
            VarintError::Overlong => BodyError::Invalid("integer"),
        })?;
        self.rest = &self.rest[width..];
        Ok(value)
    }

    fn varint_u128(&mut self) -> Result<u128> {
        /// 128 bits at 7 a byte.
        const BYTES_MAX: u32 = 19;
        let mut value = 0_u128;
        for at in 0..BYTES_MAX {
            let [byte] = self.array()?;
            value |= u128::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                // A last byte of 0 adds nothing; the nineteenth has room for two bits.
                let overlong = (byte == 0 && at > 0) || (at == BYTES_MAX - 1 && byte > 3);
                return if overlong { Err(BodyError::Invalid("integer")) } else { Ok(value) };
            }
        }
        Err(BodyError::Invalid("integer"))
    }

    fn narrow<T: TryFrom<u64>>(&mut self) -> Result<T> {
        T::try_from(self.varint()?).map_err(|_| BodyError::Invalid("integer"))
    }

    fn signed<T: TryFrom<i64>>(&mut self) -> Result<T> {
        let zigzag = self.varint()?;
        let value = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
        T::try_from(value).map_err(|_| BodyError::Invalid("integer"))
    }

    fn length(&mut self) -> Result<usize> {
        self.narrow()
    }

    fn bytes(&mut self) -> Result<&'de [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    fn text(&mut self) -> Result<&'de str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| BodyError::Invalid("text"))
    }

    fn flag(&mut self, what: &'static str) -> Result<bool> {
        match self.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [_] => Err(BodyError::Invalid(what)),
        }
    }

    /// Reads what lies one level deeper.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth_left = self.depth_left.checked_sub(1).ok_or(BodyError::TooDeep)?;
        let result = read(self);
        self.depth_left += 1;
        result
    }

    /// Elements whose count the type says.
    fn fixed<V: Visitor<'de>>(&mut self, left: usize, visitor: V) -> Result<V::Value> {
        self.nested(|reader| {
            visitor.visit_seq(Elements { reader, left, hint: left, counted: false })
        })
    }

    /// Elements whose count the sender says.
    fn counted<T>(&mut self, visit: impl FnOnce(Elements<'_, 'de>) -> Result<T>) -> Result<T> {
        let left = self.length()?;
        self.nested(|reader| {
            let hint = left.min(reader.hint_left);
            reader.hint_left -= hint;
            visit(Elements { reader, left, hint, counted: true })
        })
    }
}

macro_rules! numbers {
    ($($method:ident => $visit:ident($read:ident);)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            visitor.$visit(self.$read()?)
        }
    )*};
}

macro_rules! little_endian {
    ($($method:ident => $visit:ident($type:ty);)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            visitor.$visit(<$type>::from_le_bytes(self.array()?))
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = BodyError;

    numbers! {
        deserialize_u16 => visit_u16(narrow);
        deserialize_u32 => visit_u32(narrow);
        deserialize_u64 => visit_u64(varint);
        deserialize_u128 => visit_u128(varint_u128);
        deserialize_i16 => visit_i16(signed);
        deserialize_i32 => visit_i32(signed);
        deserialize_i64 => visit_i64(signed);
        deserialize_str => visit_borrowed_str(text);
        deserialize_string => visit_borrowed_str(text);
        deserialize_bytes => visit_borrowed_bytes(bytes);
        deserialize_byte_buf => visit_borrowed_bytes(bytes);
    }

    little_endian! {
        deserialize_u8 => visit_u8(u8);
        deserialize_i8 => visit_i8(i8);
        deserialize_f32 => visit_f32(f32);
        deserialize_f64 => visit_f64(f64);
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let zigzag = self.varint_u128()?;
        visitor.visit_i128((zigzag >> 1) as i128 ^ -((zigzag & 1) as i128))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_bool(self.flag("bool")?)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let mut chars = self.text()?.chars();
        match (chars.next(), chars.next()) {
            (Some(char), None) => visitor.visit_char(char),
            _ => Err(BodyError::Invalid("char")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.flag("option")? {
            self.nested(|reader| visitor.visit_some(reader))
        } else {
            visitor.visit_none()
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        self.nested(|reader| visitor.visit_newtype_struct(reader))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.counted(|elements| visitor.visit_seq(elements))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, count: usize, visitor: V) -> Result<V::Value> {
        self.fixed(count, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        count: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.fixed(count, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.counted(|elements| visitor.visit_map(elements))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.fixed(fields.len(), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.nested(|reader| visitor.visit_enum(Variant { reader }))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value> {
        Err(BodyError::Unreadable)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value> {
        Err(BodyError::Unreadable)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value> {
        Err(BodyError::Unreadable)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The elements of a sequence, or the entries of a map.
struct Elements<'a, 'de> {
    reader: &'a mut Reader<'de>,
    left: usize,
    /// What a visitor may make room for.
    hint: usize,
    /// The bytes say how many there are, so that empty ones must be counted.
    counted: bool,
}

impl<'de> Elements<'_, 'de> {
    #[inline]
    fn read<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        let before = self.reader.rest.len();
        let value = seed.deserialize(&mut *self.reader)?;
        if self.counted && self.reader.rest.len() == before {
            self.reader.empty_left =
                self.reader.empty_left.checked_sub(1).ok_or(BodyError::TooMany)?;
        }
        Ok(value)
    }

    /// Whether another one is due.
    fn next(&mut self) -> bool {
        let more = self.left > 0;
        self.left -= usize::from(more);
        more
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = BodyError;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        if self.next() { self.read(seed).map(Some) } else { Ok(None) }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.hint)
    }
}

impl<'de> MapAccess<'de> for Elements<'_, 'de> {
    type Error = BodyError;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        if self.next() { self.read(seed).map(Some) } else { Ok(None) }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        seed.deserialize(&mut *self.reader)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.hint)
    }
}

/// The variant of an enum, and its content.
struct Variant<'a, 'de> {
    reader: &'a mut Reader<'de>,
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = BodyError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self)> {
        let index: u32 = self.reader.narrow()?;
        let deserializer: U32Deserializer<BodyError> = index.into_deserializer();
        Ok((seed.deserialize(deserializer)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = BodyError;

    fn unit_variant(self) -> Result<()> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value> {
        seed.deserialize(self.reader)
    }

    fn tuple_variant<V: Visitor<'de>>(self, count: usize, visitor: V) -> Result<V::Value> {
        de::Deserializer::deserialize_tuple(self.reader, count, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        de::Deserializer::deserialize_tuple(self.reader, fields.len(), visitor)
    }
}
