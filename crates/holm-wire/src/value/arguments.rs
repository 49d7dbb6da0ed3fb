//! The arguments of a dynamic call, taken one by one.

use super::{Value, ValueError, from_value};
use crate::body::BodyError;
use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};

/// What the path of an argument begins with.
const ROOT: &str = "args";

/// The arguments of a call: by position in a list, or by name in a map; nothing for none.
///
/// ```
/// use holm_wire::value::Arguments;
///
/// let mut args = Arguments::new(r#"{"name": "a", "by": 1, "more": 2}"#.parse()?)?;
/// let (by, name, limit): (u8, String, Option<u8>) =
///     (args.take("by")?, args.take("name")?, args.take("limit")?);
/// args.finish()?;
/// assert_eq!((by, name.as_str(), limit), (1, "a", None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Arguments {
    given: Given,
    taken: usize,
}

#[derive(Debug)]
enum Given {
    List(Vec<Value>),
    Map(Vec<(Value, Value)>),
}

impl Arguments {
    /// The arguments that were given.
    ///
    /// # Errors
    /// They are neither a list nor a map.
    pub fn new(given: Value) -> Result<Self, ValueError> {
        let given = match given {
            Value::Null => Given::List(Vec::new()),
            Value::List(elements) => Given::List(elements),
            Value::Map(entries) => Given::Map(entries),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) | Value::Bytes(_) => {
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
        let (value, by_name) = match &mut self.given {
            Given::List(elements) => (elements.get_mut(position), false),
            Given::Map(entries) => {
                let entry = entries.iter_mut().find(|(key, _)| key.as_str() == Some(name));
                (entry.map(|(_, value)| value), true)
            }
        };
        match value {
            Some(value) => from_value(std::mem::take(value))
                .map_err(|error| if by_name { error.of(name) } else { error.at(position) }),
            None => T::deserialize(Missing(name)),
        }
        .map_err(|error| error.of(ROOT))
    }

    /// Checks that no argument by position is left. Unknown names are skipped.
    ///
    /// # Errors
    /// There are more.
    pub fn finish(self) -> Result<(), ValueError> {
        match self.given {
            Given::List(elements) if elements.len() > self.taken => {
                Err(fault(format_args!("expected {}, found {}", self.taken, elements.len())))
            }
            Given::List(_) | Given::Map(_) => Ok(()),
        }
    }
}

fn fault(text: impl ToString) -> ValueError {
    ValueError::from(BodyError::Refused(text.to_string())).of(ROOT)
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
