//! Values from and to Rust's types, and through serde.

use super::Value;
use crate::body::{BodyError, DEPTH_MAX, ValueError, decode_named, decode_with_path, encode_named};
use crate::schema::{Mark, Schema, SchemaHasher};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
    ser::Error as _,
};
use std::{cell::Cell, fmt};

/// Values within one value, which cost up to 32 times their bytes: 128 MiB of them, twice the
/// largest message by default. More are refused.
const VALUES_MAX: u32 = 4 * 1024 * 1024;

/// The value that `value` is for receivers without its type.
///
/// # Errors
/// Its `Serialize` fails, or it is nested too deeply or too large for any receiver.
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, ValueError> {
    let mut bytes = Vec::new();
    encode_named(value, &mut bytes)?;
    decode_with_path(&bytes)
}

/// A `T` that looks like `value`: fields are found by name, or by position in a list; unknown
/// ones are skipped; numbers are converted where they fit.
///
/// # Errors
/// What does not fit, and where.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, ValueError> {
    let mut bytes = Vec::new();
    encode_named(&value, &mut bytes)?;
    drop(value);
    decode_with_path(&bytes)
}

/// Appends the named body of `value`, which any receiver reads.
///
/// # Errors
/// [`BodyError::Unsendable`]: it is nested too deeply or has too many values for any receiver.
/// `out` is as before.
pub fn encode_value(value: &Value, out: &mut Vec<u8>) -> Result<(), BodyError> {
    let (mut depth, mut count) = (0, 0);
    // Level by level, so that it takes no stack.
    let mut level = vec![value];
    while !level.is_empty() {
        count += level.len();
        let mut next = Vec::new();
        let mut is_deeper = false;
        for value in level {
            match value {
                Value::List(elements) => next.extend(elements),
                Value::Map(entries) => next.extend(entries.iter().flat_map(|(k, v)| [k, v])),
                Value::Null
                | Value::Bool(_)
                | Value::Int(_)
                | Value::Float(_)
                | Value::Str(_)
                | Value::Bytes(_) => continue,
            }
            is_deeper = true;
        }
        depth += u32::from(is_deeper);
        if depth > DEPTH_MAX {
            return Err(BodyError::Unsendable(format!("more than {DEPTH_MAX} levels")));
        }
        if count > VALUES_MAX as usize {
            return Err(BodyError::Unsendable(format!("more than {VALUES_MAX} values")));
        }
        level = next;
    }
    encode_named(value, out)
}

macro_rules! from {
    ($($variant:ident: $($type:ty),+;)*) => {$($(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        }
    )+)*};
}

from! {
    Bool: bool;
    Int: i8, i16, i32, i64, i128, u8, u16, u32, u64;
    Float: f32, f64;
    Str: &str, String;
    Bytes: &[u8], Vec<u8>;
    List: Vec<Value>;
}

impl From<()> for Value {
    fn from((): ()) -> Self {
        Self::Null
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl FromIterator<Self> for Value {
    fn from_iter<I: IntoIterator<Item = Self>>(elements: I) -> Self {
        Self::List(elements.into_iter().collect())
    }
}

impl<K: Into<Self>, V: Into<Self>> FromIterator<(K, V)> for Value {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

/// In formats that do not describe themselves, as positional bodies, it is the bytes of its named
/// body.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            let mut bytes = Vec::new();
            encode_named(self, &mut bytes).map_err(S::Error::custom)?;
            return serializer.serialize_bytes(&bytes);
        }
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => {
                if let Ok(value) = i64::try_from(*value) {
                    serializer.serialize_i64(value)
                } else if let Ok(value) = u64::try_from(*value) {
                    serializer.serialize_u64(value)
                } else {
                    serializer.serialize_i128(*value)
                }
            }
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Str(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::List(elements) => serializer.collect_seq(elements),
            Self::Map(entries) => serializer.collect_map(entries.iter().map(|(k, v)| (k, v))),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let left = Cell::new(VALUES_MAX);
            Reader { left: &left }.deserialize(deserializer)
        } else {
            deserializer.deserialize_bytes(NamedBody)
        }
    }
}

impl Schema for Value {
    fn describe(hasher: &mut SchemaHasher) {
        hasher.mark(Mark::Value);
    }
}

/// Reads a value that is bytes to the format around it.
struct NamedBody;

impl Visitor<'_> for NamedBody {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes of a named body")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Value, E> {
        decode_named(bytes).map_err(E::custom)
    }
}

/// Reads a value from a format that says what comes next.
#[derive(Clone, Copy)]
struct Reader<'a> {
    left: &'a Cell<u32>,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self.left.get().checked_sub(1);
        self.left.set(
            left.ok_or_else(|| D::Error::custom(format_args!("more than {VALUES_MAX} values")))?,
        );
        deserializer.deserialize_any(self)
    }
}

macro_rules! scalars {
    ($($visit:ident($type:ty) => $variant:ident;)*) => {$(
        fn $visit<E>(self, value: $type) -> Result<Value, E> {
            Ok(Value::$variant(value.into()))
        }
    )*};
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    scalars! {
        visit_bool(bool) => Bool;
        visit_i64(i64) => Int;
        visit_u64(u64) => Int;
        visit_i128(i128) => Int;
        visit_f64(f64) => Float;
        visit_str(&str) => Str;
        visit_string(String) => Str;
        visit_bytes(&[u8]) => Bytes;
        visit_byte_buf(Vec<u8>) => Bytes;
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    // Room is made as elements come: lists within lists all announce the same bytes.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element_seed(self)? {
            elements.push(element);
        }
        Ok(Value::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry_seed(self, self)? {
            entries.push(entry);
        }
        Ok(Value::Map(entries))
    }
}
