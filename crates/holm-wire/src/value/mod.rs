//! Values without a Rust type: what dynamic messages and replies are made of.
//!
//! ```
//! use holm_wire::value::{Value, from_value, to_value};
//!
//! let args: Value = r#"[1, "a", {"depth": 2.5}]"#.parse()?;
//! assert_eq!(args.to_string(), r#"[1,"a",{"depth":2.5}]"#);
//! assert_eq!(to_value(&(1, "a"))?, Value::from_iter([Value::from(1), Value::from("a")]));
//! let error = from_value::<(u8, String)>("[1, 5]".parse()?).unwrap_err();
//! assert_eq!(error.to_string(), "[1]: expected a string, found 5");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arguments;
mod convert;
mod parse;
#[cfg(test)]
mod tests;
mod text;

pub use crate::body::ValueError;
pub use arguments::{Arguments, ArgumentsWriter};
pub use convert::{encode_value, from_value, to_value};
pub use parse::ParseValueError;

/// A value of any type.
///
/// It can itself be an argument. As text it is JSON, and beyond that: bytes are `0x00ff`, keys of
/// maps may be any value, numbers may be `NaN` and `inf`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing: `()`, `None`.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number. Beyond 64 bits it crosses the wire, and arrives, as 16 bytes.
    Int(i128),
    /// A number with a fraction.
    Float(f64),
    /// Text; also a variant of an enum without content.
    Str(String),
    /// Bytes, as of `holm::Bytes`; a `Vec<u8>` is a list of numbers.
    Bytes(Vec<u8>),
    /// A sequence, set or tuple.
    List(Vec<Self>),
    /// A map or struct, in its order; also a variant of an enum, as the one key, with its content.
    Map(Vec<(Self, Self)>),
}

const _: () = assert!(size_of::<Value>() == 32);

macro_rules! accessors {
    ($($(#[$doc:meta])* $name:ident -> $type:ty: $pattern:pat => $result:expr;)*) => {
        impl Value {$(
            $(#[$doc])*
            pub fn $name(&self) -> Option<$type> {
                match self {
                    $pattern => Some($result),
                    _ => None,
                }
            }
        )*}
    };
}

accessors! {
    /// The truth value, if it is one.
    as_bool -> bool: Self::Bool(value) => *value;
    /// The whole number, if it is one.
    as_int -> i128: Self::Int(value) => *value;
    /// The number with a fraction, if it is one.
    as_float -> f64: Self::Float(value) => *value;
    /// The text, if it is one.
    as_str -> &str: Self::Str(text) => text;
    /// The bytes, if it is that.
    as_bytes -> &[u8]: Self::Bytes(bytes) => bytes;
    /// The elements, if it is a list.
    as_list -> &[Self]: Self::List(elements) => elements;
    /// The entries, if it is a map.
    as_map -> &[(Self, Self)]: Self::Map(entries) => entries;
}

impl Value {
    /// Whether it is nothing.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The first entry of this name, if it is a map that has one.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let entry = self.as_map()?.iter().find(|(key, _)| key.as_str() == Some(name));
        entry.map(|(_, value)| value)
    }
}
