//! Named bytes to values, with bounds on depth and on what is made room for.

use super::{
    ValueError,
    head::{self, Head},
};
use crate::body::{BodyError, DEPTH_MAX};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
    value::{BorrowedStrDeserializer, SeqDeserializer, UnitDeserializer},
};

type Result<T, E = ValueError> = std::result::Result<T, E>;

pub(super) struct Reader<'de> {
    rest: &'de [u8],
    depth_left: u32,
    /// Elements that visitors may still be told to make room for: lists within lists all
    /// announce the same bytes.
    hint_left: usize,
}

impl<'de> Reader<'de> {
    pub(super) fn new(bytes: &'de [u8]) -> Self {
        Self { rest: bytes, depth_left: DEPTH_MAX, hint_left: bytes.len() }
    }

    pub(super) fn finish(self) -> Result<()> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(BodyError::Trailing(left).into()),
        }
    }

    fn head(&mut self) -> Result<Head<'de>> {
        Ok(Head::take(&mut self.rest)?)
    }

    /// Reads what lies one level deeper.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth_left = self.depth_left.checked_sub(1).ok_or(BodyError::TooDeep)?;
        let result = read(self);
        self.depth_left += 1;
        result
    }

    fn visit<V: Visitor<'de>>(&mut self, head: Head<'de>, visitor: V) -> Result<V::Value> {
        match head {
            Head::Nil => visitor.visit_unit(),
            Head::Bool(value) => visitor.visit_bool(value),
            Head::Unsigned(value) => visitor.visit_u64(value),
            Head::Signed(value) => visitor.visit_i64(value),
            Head::Float(value) => visitor.visit_f64(value),
            Head::Text(text) => visitor.visit_borrowed_str(utf8(text)?),
            Head::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            Head::Array(count) => self.elements(count, |elements| visitor.visit_seq(elements)),
            Head::Map(pairs) => self.elements(pairs, |elements| visitor.visit_map(elements)),
            Head::Extension => Err(BodyError::Invalid("value: an extension type").into()),
        }
    }

    fn elements<T>(
        &mut self,
        count: usize,
        visit: impl FnOnce(&mut Elements<'_, 'de>) -> Result<T>,
    ) -> Result<T> {
        self.nested(|reader| {
            let hint = count.min(reader.hint_left);
            reader.hint_left -= hint;
            let mut elements = Elements { reader, count, left: count, hint, key: &[] };
            let value = visit(&mut elements)?;
            match elements.left {
                0 => Ok(value),
                left => Err(Error::custom(format_args!(
                    "expected a list of {}, found one of {count}",
                    count - left
                ))),
            }
        })
    }

    /// A list, which may have been sent as bytes.
    fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        match self.head()? {
            Head::Bytes(bytes) => visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied())),
            head => self.visit(head, visitor),
        }
    }

    /// The bytes of an integer beyond 64 bits, or what else comes next.
    fn wide(&mut self) -> Result<std::result::Result<[u8; 16], Head<'de>>> {
        let head = self.head()?;
        Ok(match head {
            Head::Bytes(bytes) => bytes.try_into().map_err(|_| head),
            other => Err(other),
        })
    }
}

fn utf8(text: &[u8]) -> Result<&str> {
    Ok(std::str::from_utf8(text).map_err(|_| BodyError::Invalid("text"))?)
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let head = self.head()?;
        self.visit(head, visitor)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.wide()? {
            Ok(bytes) => visitor.visit_i128(i128::from_be_bytes(bytes)),
            Err(head) => self.visit(head, visitor),
        }
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.wide()? {
            Ok(bytes) => visitor.visit_u128(u128::from_be_bytes(bytes)),
            Err(head) => self.visit(head, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if head::is_nil(self.rest) {
            self.head()?;
            visitor.visit_none()
        } else {
            self.nested(|reader| visitor.visit_some(reader))
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        match self.head()? {
            Head::Array(0) | Head::Map(0) => visitor.visit_unit(),
            head => self.visit(head, visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        self.nested(|reader| visitor.visit_newtype_struct(reader))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.list(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _count: usize, visitor: V) -> Result<V::Value> {
        self.list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _count: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.list(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.nested(|reader| match reader.head()? {
            Head::Text(name) => visitor.visit_enum(Variant { name: utf8(name)?, content: None }),
            Head::Map(1) => match reader.head()? {
                Head::Text(name) => {
                    visitor.visit_enum(Variant { name: utf8(name)?, content: Some(reader) })
                }
                other => Err(refused(other, "the name of a variant")),
            },
            other => Err(refused(other, "the name of a variant, or a map from it to its content")),
        })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        head::skip(&mut self.rest)?;
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit map
        struct identifier
    }
}

fn refused(head: Head<'_>, expected: &str) -> ValueError {
    let found = match head {
        Head::Nil => Unexpected::Unit,
        Head::Bool(value) => Unexpected::Bool(value),
        Head::Unsigned(value) => Unexpected::Unsigned(value),
        Head::Signed(value) => Unexpected::Signed(value),
        Head::Float(value) => Unexpected::Float(value),
        Head::Text(_) => Unexpected::Other("text"),
        Head::Bytes(bytes) => Unexpected::Bytes(bytes),
        Head::Array(_) => Unexpected::Seq,
        Head::Map(_) => Unexpected::Map,
        Head::Extension => Unexpected::Other("an extension type"),
    };
    Error::invalid_type(found, &expected)
}

/// The elements of a list, or the entries of a map.
struct Elements<'a, 'de> {
    reader: &'a mut Reader<'de>,
    count: usize,
    left: usize,
    hint: usize,
    /// Where the key of the value that comes next began; to name it in an error.
    key: &'de [u8],
}

impl Elements<'_, '_> {
    /// Whether another one is due.
    fn next(&mut self) -> bool {
        let more = self.left > 0;
        self.left -= usize::from(more);
        more
    }

    fn in_value(&self, error: ValueError) -> ValueError {
        match Head::take(&mut { self.key }) {
            Ok(Head::Text(name)) => error.of(&String::from_utf8_lossy(name)),
            Ok(Head::Unsigned(number)) => error.of(&number.to_string()),
            _ => error.of("?"),
        }
    }
}

impl<'de> SeqAccess<'de> for &mut Elements<'_, 'de> {
    type Error = ValueError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        if !self.next() {
            return Ok(None);
        }
        let value = seed.deserialize(&mut *self.reader);
        value.map(Some).map_err(|error| error.at(self.count - self.left - 1))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.hint)
    }
}

impl<'de> MapAccess<'de> for &mut Elements<'_, 'de> {
    type Error = ValueError;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        if !self.next() {
            return Ok(None);
        }
        self.key = self.reader.rest;
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        seed.deserialize(&mut *self.reader).map_err(|error| self.in_value(error))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.hint)
    }
}

/// The variant of an enum, and its content if it has any.
struct Variant<'a, 'de> {
    name: &'de str,
    content: Option<&'a mut Reader<'de>>,
}

impl<'a, 'de> EnumAccess<'de> for Variant<'a, 'de> {
    type Error = ValueError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self)> {
        let name: BorrowedStrDeserializer<'de, ValueError> =
            BorrowedStrDeserializer::new(self.name);
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = ValueError;

    fn unit_variant(self) -> Result<()> {
        match self.content {
            Some(reader) => {
                <() as serde::Deserialize>::deserialize(reader).map_err(|error| error.of(self.name))
            }
            None => Ok(()),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value> {
        match self.content {
            Some(reader) => seed.deserialize(reader),
            // As good as null, which will do for an option.
            None => {
                let nothing: UnitDeserializer<ValueError> = ().into_deserializer();
                seed.deserialize(nothing)
            }
        }
        .map_err(|error| error.of(self.name))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _count: usize, visitor: V) -> Result<V::Value> {
        self.content_for(visitor, Reader::list)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.content_for(visitor, |reader, visitor| reader.deserialize_any(visitor))
    }
}

impl<'de> Variant<'_, 'de> {
    fn content_for<V: Visitor<'de>>(
        self,
        visitor: V,
        read: impl FnOnce(&mut Reader<'de>, V) -> Result<V::Value>,
    ) -> Result<V::Value> {
        let result = match self.content {
            Some(reader) => read(reader, visitor),
            None => Err(Error::custom("the variant has no content")),
        };
        result.map_err(|error| error.of(self.name))
    }
}
