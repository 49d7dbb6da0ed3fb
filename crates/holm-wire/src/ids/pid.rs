//! An actor's address, equal on every node.

use super::NodeId;
use crate::noted::note_node;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};
use std::{fmt, num::NonZeroU64, str::FromStr};

/// Which actor of its node, in this life of the node; never reused, never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Serial(NonZeroU64);

impl Serial {
    /// The serial with this value, if it is one.
    #[inline]
    pub fn from_u64(value: u64) -> Option<Self> {
        NonZeroU64::new(value).map(Self)
    }

    /// The value.
    #[inline]
    pub fn as_u64(self) -> u64 {
        self.0.into()
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An actor: node and serial. Written `<node.serial>`, the node in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub struct Pid {
    /// The life of the node it runs on.
    pub node: NodeId,
    /// Which actor there.
    pub serial: Serial,
}

impl Serialize for Pid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        note_node(self.node);
        let mut fields = serializer.serialize_struct("Pid", 2)?;
        fields.serialize_field("node", &self.node)?;
        fields.serialize_field("serial", &self.serial)?;
        fields.end()
    }
}

const _: () = assert!(size_of::<Pid>() == 16 && size_of::<Option<Pid>>() == 16);

/// The text is not a pid or a node id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pid has the form <16 hexadecimal digits.number>")]
pub struct ParsePidError;

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}.{}>", self.node, self.serial)
    }
}

impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Pid {
    type Err = ParsePidError;

    fn from_str(text: &str) -> Result<Self, ParsePidError> {
        let inner = text.strip_prefix('<').and_then(|t| t.strip_suffix('>'));
        let (node, serial) = inner.and_then(|t| t.split_once('.')).ok_or(ParsePidError)?;
        if !serial.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ParsePidError);
        }
        let serial = serial.parse().map_err(|_| ParsePidError)?;
        Ok(Self { node: node.parse()?, serial: Serial(serial) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn text_and_bytes() {
        let pid =
            Pid { node: NodeId::from_u64(0xab).unwrap(), serial: Serial::from_u64(7).unwrap() };
        assert_eq!(pid.to_string(), "<00000000000000ab.7>");
        assert_eq!(pid.to_string().parse(), Ok(pid));
        assert_eq!(postcard::to_stdvec(&pid).unwrap(), [0xab, 0x01, 7]);
        assert!(postcard::from_bytes::<Pid>(&[0, 7]).is_err(), "node 0");
        assert!(postcard::from_bytes::<Pid>(&[1, 0]).is_err(), "serial 0");
        for bad in [
            "",
            "<>",
            "<ab.7>",
            "00000000000000ab.7",
            "<00000000000000ab.0>",
            "<00000000000000ab.+7>",
            "<+0000000000000ab.7>",
            "<0000000000000000.7>",
        ] {
            assert_eq!(bad.parse::<Pid>(), Err(ParsePidError), "{bad}");
        }
    }
}
