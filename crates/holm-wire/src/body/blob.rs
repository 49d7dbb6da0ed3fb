//! Bytes that are not copied on their way.

use std::cell::Cell;
use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

use crate::noted;

/// Bytes of an argument or a reply which are sent without being copied, and received as a part of what
/// was read, where that pays.
///
/// On the wire as in every format they are what [`Bytes`] are. A sender lends them to the session if
/// they are the last that the message holds, are coded by position and of 16 KiB at least; a receiver
/// keeps what was read if they are half of it. Otherwise they are copied.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Blob(Bytes);

/// Fewer bytes are copied: that costs less than counting references, and a place of a vectored write.
const LEND_MIN: usize = 16 * 1024;
/// What is kept holds a buffer of so many times its length, at most.
const KEPT_PART: usize = 2;

thread_local! {
    /// What is encoded just now, by who can lend it.
    static OFFERED: Cell<Option<Bytes>> = const { Cell::new(None) };
    /// What is being decoded.
    static OWNER: Cell<Option<Bytes>> = const { Cell::new(None) };
}

/// Whether `data`, which is to be appended to `out`, is lent instead.
#[inline]
pub(super) fn lends(out: &Vec<u8>, data: &[u8]) -> bool {
    data.len() >= LEND_MIN && lend(out, data)
}

#[cold]
fn lend(out: &Vec<u8>, data: &[u8]) -> bool {
    noted::lend(out, || {
        OFFERED.take().filter(|offered| offered.as_ptr_range() == data.as_ptr_range())
    })
}

/// Decodes what borrows from `owner`, parts of which are kept.
pub fn decode_keeping<T>(owner: &Bytes, decode: impl FnOnce() -> T) -> T {
    /// The one around this comes back, also after a panic.
    struct Outer(Option<Bytes>);
    impl Drop for Outer {
        fn drop(&mut self) {
            OWNER.set(self.0.take());
        }
    }
    let _outer = Outer(OWNER.replace(Some(owner.clone())));
    decode()
}

impl Blob {
    /// The bytes.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// Keeps the buffer that these bytes were read into, if they are enough of it.
    fn of_slice(bytes: &[u8]) -> Self {
        let owner = OWNER.take();
        let kept = owner.as_ref().filter(|owner| is_most_of(bytes, owner));
        let blob = kept.map_or_else(|| Bytes::copy_from_slice(bytes), |kept| kept.slice_ref(bytes));
        OWNER.set(owner);
        Self(blob)
    }
}

fn is_most_of(part: &[u8], owner: &Bytes) -> bool {
    let (part, owner) = (part.as_ptr_range(), owner.as_ptr_range());
    let is_part = owner.start <= part.start && part.end <= owner.end;
    let length = |range: &std::ops::Range<*const u8>| range.end.addr() - range.start.addr();
    is_part && length(&part) >= LEND_MIN && length(&part) * KEPT_PART >= length(&owner)
}

impl Deref for Blob {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Blob {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Bytes> for Blob {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl From<Vec<u8>> for Blob {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl From<Blob> for Bytes {
    fn from(blob: Blob) -> Self {
        blob.0
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.len())
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.len() < LEND_MIN {
            return serializer.serialize_bytes(self);
        }
        OFFERED.set(Some(self.0.clone()));
        let done = serializer.serialize_bytes(self);
        // It was not taken by who does not know of it.
        OFFERED.take();
        done
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(BlobVisitor)
    }
}

struct BlobVisitor;

impl<'de> Visitor<'de> for BlobVisitor {
    type Value = Blob;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Blob, E> {
        Ok(Blob::of_slice(bytes))
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Blob, E> {
        Ok(bytes.into())
    }

    /// As formats without bytes have them.
    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Blob, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = elements.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes.into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::body::{decode_positional, encode_noting, encode_positional};

    fn blob(length: usize) -> Blob {
        Blob::from(vec![7; length])
    }

    /// What is encoded, and what is lent behind it.
    fn encoded<T: Serialize>(value: &T) -> (Vec<u8>, Option<Bytes>) {
        let mut out = Vec::new();
        let (done, noted) = encode_noting(&mut out, |out| encode_positional(value, out));
        done.unwrap();
        (out, noted.and_then(|noted| noted.lent))
    }

    fn copied<T: Serialize>(value: &T) -> Vec<u8> {
        let mut out = Vec::new();
        encode_positional(value, &mut out).unwrap();
        out
    }

    #[test]
    fn a_long_one_at_the_end_is_lent() {
        let value = (3_u8, blob(LEND_MIN));
        let (out, lent) = encoded(&value);
        let lent = lent.unwrap();
        assert_eq!(lent.as_ptr(), value.1.as_ptr());
        assert_eq!([&out[..], &lent[..]].concat(), copied(&value));
        assert_eq!(encoded(&blob(LEND_MIN - 1)).1, None);
    }

    #[test]
    fn all_others_are_copied() {
        let before = (blob(LEND_MIN), 3_u8);
        assert_eq!(encoded(&before), (copied(&before), None));
        let two = (blob(LEND_MIN), blob(LEND_MIN));
        assert_eq!(encoded(&two), (copied(&two), None));
        // Bytes of somebody else in between.
        let other = (vec![Bytes::from(vec![1; LEND_MIN])], blob(5));
        assert_eq!(encoded(&other), (copied(&other), None));
    }

    #[test]
    fn one_within_an_encoding_of_its_own_is_copied() {
        struct Wrapped(Blob);
        impl Serialize for Wrapped {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_bytes(&copied(&self.0))
            }
        }
        let wrapped = Wrapped(blob(LEND_MIN));
        assert_eq!(encoded(&wrapped), (copied(&wrapped), None));
        // Also by who lends by itself, while one around it has lent.
        struct Within;
        impl Serialize for Within {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                assert!(encoded(&blob(LEND_MIN + 1)).1.is_some());
                serializer.serialize_unit()
            }
        }
        let lent = encoded(&(blob(LEND_MIN), Within)).1;
        assert_eq!(lent.map(|lent| lent.len()), Some(LEND_MIN));
    }

    #[test]
    fn one_that_fails_is_taken_back() {
        struct Fails;
        impl Serialize for Fails {
            fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(serde::ser::Error::custom("never"))
            }
        }
        let mut out = vec![1];
        let value = (blob(LEND_MIN), Fails);
        let (done, noted) = encode_noting(&mut out, |out| encode_positional(&value, out));
        assert!(done.is_err());
        assert_eq!((out, noted.unwrap().lent), (vec![1], None));
    }

    #[test]
    fn half_of_what_was_read_is_kept_and_less_is_copied() {
        let value = (blob(LEND_MIN), 3_u8);
        let body = Bytes::from(copied(&value));
        let decode = |owner: &Bytes| {
            let part = &owner[owner.len() - body.len()..];
            decode_keeping(owner, || decode_positional::<(Blob, u8)>(part)).unwrap()
        };
        let kept = decode(&body);
        assert_eq!(kept, value);
        assert!(body.as_ptr_range().contains(&kept.0.as_ptr()));
        let larger = Bytes::from([&vec![0; body.len()][..], &body].concat());
        let copy = decode(&larger);
        assert_eq!(copy, value);
        assert!(!larger.as_ptr_range().contains(&copy.0.as_ptr()));
        let other = decode_keeping(&larger, || decode_positional::<(Blob, u8)>(&body)).unwrap();
        assert_eq!(other, value, "it is of another buffer");
    }
}
