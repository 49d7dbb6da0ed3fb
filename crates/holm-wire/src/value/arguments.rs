//! The arguments of a message with names: written and taken one by one.

use super::ValueError;
use crate::body::{BodyError, Head, decode_with_path, encode_named, skip};
use serde::Serialize;
use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};

/// What the path of an argument begins with.
const ROOT: &str = "args";

/// The arguments in a named body: by position in a list, or by name in a map; nothing for none.
///
/// ```
/// use holm_wire::value::{Arguments, Value, encode_value};
///
/// let mut body = Vec::new();
/// encode_value(&r#"{"name": "a", "by": 1, "more": 2}"#.parse::<Value>()?, &mut body)?;
/// let mut args = Arguments::new(&body)?;
/// let (by, name, limit): (u8, String, Option<u8>) =
///     (args.take("by")?, args.take("name")?, args.take("limit")?);
/// args.finish()?;
/// assert_eq!((by, name.as_str(), limit), (1, "a", None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Arguments<'a> {
    given: Given<'a>,
    taken: usize,
}

#[derive(Debug)]
enum Given<'a> {
    List {
        /// The elements that have not been taken.
        left: &'a [u8],
        count: usize,
    },
    /// Looked through for each name: a method has few.
    Map { entries: &'a [u8], pairs: usize },
}

impl<'a> Arguments<'a> {
    /// The arguments in the named body of a message. Nothing is made room for.
    ///
    /// # Errors
    /// They are neither a list nor a map, or not well coded.
    pub fn new(body: &'a [u8]) -> Result<Self, ValueError> {
        let mut rest = body;
        skip(&mut rest)?;
        if !rest.is_empty() {
            return Err(BodyError::Trailing(rest.len()).into());
        }
        let mut rest = body;
        let given = match Head::take(&mut rest)? {
            Head::Nil => Given::List { left: rest, count: 0 },
            Head::Array(count) => Given::List { left: rest, count },
            Head::Map(pairs) => Given::Map { entries: rest, pairs },
            Head::Bool(_)
            | Head::Unsigned(_)
            | Head::Signed(_)
            | Head::Float(_)
            | Head::Text(_)
            | Head::Bytes(_)
            | Head::Extension => {
                return Err(fault("expected a list or map of arguments, found a single value"));
            }
        };
        Ok(Self { given, taken: 0 })
    }

    /// The next argument, which has this name. An `Option` may be missing.
    ///
    /// # Errors
    /// It is missing, or not of this type.
    pub fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, ValueError> {
        let position = self.taken;
        self.taken += 1;
        let taken = match &mut self.given {
            Given::List { left, count } if position < *count => {
                decode_with_path(one(left)?).map_err(|error| error.at(position))
            }
            Given::Map { entries, pairs } => match find(entries, *pairs, name)? {
                Some(value) => decode_with_path(value).map_err(|error| error.of(name)),
                None => T::deserialize(Missing(name)),
            },
            Given::List { .. } => T::deserialize(Missing(name)),
        };
        taken.map_err(|error| error.of(ROOT))
    }

    /// Checks that no argument by position is left. Unknown names are skipped.
    ///
    /// # Errors
    /// There are more.
    pub fn finish(self) -> Result<(), ValueError> {
        match self.given {
            Given::List { count, .. } if count > self.taken => {
                Err(fault(format_args!("expected {}, found {count}", self.taken)))
            }
            Given::List { .. } | Given::Map { .. } => Ok(()),
        }
    }
}

/// The bytes of the next value.
fn one<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], BodyError> {
    let start = *rest;
    skip(rest)?;
    Ok(&start[..start.len() - rest.len()])
}

/// The first value of this name.
fn find<'a>(
    mut entries: &'a [u8],
    pairs: usize,
    name: &str,
) -> Result<Option<&'a [u8]>, BodyError> {
    for _ in 0..pairs {
        let (mut key, value) = (one(&mut entries)?, one(&mut entries)?);
        if matches!(Head::take(&mut key)?, Head::Text(text) if text == name.as_bytes()) {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

fn fault(text: impl ToString) -> ValueError {
    ValueError::from(BodyError::Refused(text.to_string())).of(ROOT)
}

/// Writes the named body of a message: a map from the names of its arguments to their values.
#[derive(Debug)]
pub struct ArgumentsWriter<'a>(&'a mut Vec<u8>);

impl<'a> ArgumentsWriter<'a> {
    /// Appends to `out` a map of `count` arguments, as many as are then put.
    ///
    /// # Panics
    /// With more than 65,535, which no method has.
    pub fn new(count: usize, out: &'a mut Vec<u8>) -> Self {
        match u16::try_from(count).expect("a method has few arguments") {
            count @ 0..=15 => out.push(0x80 | count as u8),
            count => {
                out.push(0xde);
                out.extend_from_slice(&count.to_be_bytes());
            }
        }
        Self(out)
    }

    /// The next argument.
    ///
    /// # Errors
    /// [`BodyError::Unsendable`]: its `Serialize` fails.
    pub fn put<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), BodyError> {
        encode_named(name, self.0)?;
        encode_named(value, self.0)
    }
}

/// Stands for an argument that was not given.
struct Missing<'a>(&'a str);

impl<'de> Deserializer<'de> for Missing<'_> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, ValueError> {
        Err(Error::custom(format_args!("`{}` is missing", self.0)))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
