//! Names of nodes and clusters: validated text, cheap to clone.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, sync::Arc};

/// Longest node or cluster name, in bytes: a length that fits one byte, and the
/// bound of a DNS name. A longer one is refused where it is parsed.
const NAME_BYTES_MAX: usize = 255;

/// Why a text is not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameFault {
    /// Nothing there.
    #[error("a name must not be empty")]
    Empty,
    /// More than 255 bytes.
    #[error("a name has at most 255 bytes")]
    TooLong,
    /// White space or a control character.
    #[error("a name must not contain white space or control characters")]
    Character,
    /// A node name without exactly one `@` between two parts.
    #[error("a node name has the form name@authority")]
    NotAtAuthority,
}

fn validate(text: &str) -> Result<(), NameFault> {
    if text.is_empty() {
        Err(NameFault::Empty)
    } else if text.len() > NAME_BYTES_MAX {
        Err(NameFault::TooLong)
    } else if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Err(NameFault::Character)
    } else {
        Ok(())
    }
}

fn validate_node(text: &str) -> Result<(), NameFault> {
    validate(text)?;
    match text.split_once('@') {
        Some((name, authority))
            if !name.is_empty() && !authority.is_empty() && !authority.contains('@') =>
        {
            Ok(())
        }
        Some(_) | None => Err(NameFault::NotAtAuthority),
    }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $validate:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameFault;

            fn from_str(text: &str) -> Result<Self, NameFault> {
                $validate(text)?;
                Ok(Self(text.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameFault;

            fn try_from(text: String) -> Result<Self, NameFault> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

name_type! {
    /// A node's name, `name@authority`: opaque, unique in its cluster, at most 255
    /// bytes, without white space. It is not an address. Ordered by bytes, which is
    /// the order that decides a pair's arbiter.
    NodeName, validate_node
}

name_type! {
    /// A cluster's name: nodes of different clusters refuse each other. At most 255
    /// bytes, without white space.
    ClusterName, validate
}

name_type! {
    /// A namespace of process groups. At most 255 bytes, without white space.
    GroupScope, validate
}

name_type! {
    /// A process group's name, unique in its scope. At most 255 bytes, without white space.
    GroupName, validate
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn node_names() {
        for good in ["a@b", "a@127.0.0.1:4000", "a@[::1]:4000", "näme@høst"] {
            assert_eq!(good.parse::<NodeName>().unwrap().as_str(), good);
        }
        for (bad, fault) in [
            ("", NameFault::Empty),
            ("a", NameFault::NotAtAuthority),
            ("@b", NameFault::NotAtAuthority),
            ("a@", NameFault::NotAtAuthority),
            ("a@b@c", NameFault::NotAtAuthority),
            ("a @b", NameFault::Character),
            ("a@b\n", NameFault::Character),
        ] {
            assert_eq!(bad.parse::<NodeName>(), Err(fault), "{bad:?}");
        }
        assert!(format!("a@{}", "b".repeat(253)).parse::<NodeName>().is_ok());
        let long = format!("a@{}", "b".repeat(254));
        assert_eq!(long.parse::<NodeName>(), Err(NameFault::TooLong));
    }

    #[test]
    fn serde_validates() {
        let bytes = postcard::to_stdvec("no authority").unwrap();
        assert!(postcard::from_bytes::<NodeName>(&bytes).is_err());
        let bytes = postcard::to_stdvec(&"a@b".parse::<NodeName>().unwrap()).unwrap();
        assert_eq!(postcard::from_bytes::<NodeName>(&bytes).unwrap().as_str(), "a@b");
    }
}
