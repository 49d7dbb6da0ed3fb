//! The named codec against rmp-serde's own reader, other versions of a type, and strangers.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::body::tests::{Everything, Shape, everything};
use proptest::{collection::vec, prelude::*};
use serde::Deserialize;
use std::{collections::BTreeMap, fmt::Debug, net::IpAddr};

fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_named(value, &mut bytes).unwrap();
    bytes
}

fn decode<T: DeserializeOwned + Debug>(bytes: &[u8]) -> BodyError {
    decode_named::<T>(bytes).unwrap_err()
}

/// What the path and the text of the error are for bytes of `value` read as `T`.
fn refused<T: DeserializeOwned + Debug>(value: &impl Serialize) -> String {
    decode_with_path::<T>(&encode(value)).unwrap_err().to_string()
}

/// What rmp-serde makes of the bytes.
fn theirs<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let mut reader = rmp_serde::Deserializer::from_read_ref(bytes).with_human_readable();
    T::deserialize(&mut reader).ok()
}

proptest! {
    #[test]
    fn what_is_written_is_read(value in everything()) {
        let mut bytes = vec![7];
        encode_named(&value, &mut bytes).unwrap();
        prop_assert_eq!(&decode_named::<Everything>(&bytes[1..]).unwrap(), &value);
        prop_assert_eq!(&theirs::<Everything>(&bytes[1..]).unwrap(), &value);
        for cut in 1..bytes.len() {
            prop_assert!(decode_named::<Everything>(&bytes[1..cut]).is_err());
        }
        bytes.push(0);
        prop_assert_eq!(decode::<Everything>(&bytes[1..]), BodyError::Trailing(1));
    }

    #[test]
    fn damaged_bytes_read_as_rmp_serde_does_or_fail(
        value in everything(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = encode(&value.shape);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let (Ok(ours), Some(theirs)) = (decode_named::<Shape>(&bytes), theirs::<Shape>(&bytes)) {
            prop_assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
        }
    }

    #[test]
    fn random_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..60)) {
        let _ = decode_named::<Shape>(&bytes);
        let _ = decode_named::<(Vec<()>, BTreeMap<u8, Shape>, u128, char)>(&bytes);
        let _ = decode_named::<crate::value::Value>(&bytes);
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Old {
    id: u32,
    name: String,
    state: OldState,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum OldState {
    Off,
    On { since: u64 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct New {
    state: NewState,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(rename = "name")]
    title: String,
    limit: Option<u8>,
    id: u64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum NewState {
    Paused(u8),
    On { by: Option<String>, since: u64 },
    Off,
}

#[test]
fn fields_may_be_added_removed_moved_and_renamed() {
    let old = Old { id: 1, name: "a".to_owned(), state: OldState::On { since: 5 } };
    let new = New {
        state: NewState::On { by: None, since: 5 },
        tags: Vec::new(),
        title: "a".to_owned(),
        limit: None,
        id: 1,
    };
    assert_eq!(decode_named::<New>(&encode(&old)).unwrap(), new);
    let newer = New { tags: vec!["t".to_owned()], limit: Some(3), ..new };
    assert_eq!(decode_named::<Old>(&encode(&newer)).unwrap(), old);
    let off = encode(&(1, "a", OldState::Off));
    assert_eq!(decode_named::<Old>(&off).unwrap().state, OldState::Off, "a list for a struct");
}

#[test]
fn what_an_unknown_field_holds_is_skipped() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Known {
        x: u8,
    }
    // {"y": an extension type within 300 lists, "x": 1}
    let mut bytes = vec![0x82, 0xa1, b'y'];
    bytes.extend([0x91; 300]);
    bytes.extend([0xc7, 2, 5, 0, 0, 0xa1, b'x', 1]);
    assert_eq!(decode_named::<Known>(&bytes).unwrap(), Known { x: 1 });
}

#[test]
fn forms_that_rmp_serde_does_not_write() {
    assert_eq!(decode_named::<Vec<u8>>(&[0xc4, 2, 7, 8]).unwrap(), [7, 8], "bytes for a list");
    assert_eq!(decode_named::<i128>(&[0xd0, 0xfe]).unwrap(), -2, "a narrow integer for a wide");
    assert_eq!(decode_named::<u8>(&[0xd1, 0, 9]).unwrap(), 9, "a signed integer for an unsigned");
    assert_eq!(decode_named::<f32>(&[5]).unwrap(), 5.0, "an integer for a real");
    assert_eq!(decode_named::<Shape>(b"\x81\xa5Empty\xc0").unwrap(), Shape::Empty);
    assert_eq!(decode_named::<Result<(), u8>>(b"\xa2Ok").unwrap(), Ok(()));
}

#[test]
fn types_take_their_human_readable_form() {
    let address: IpAddr = "::1".parse().unwrap();
    assert_eq!(encode(&address), encode(&"::1"));
    assert_eq!(decode_named::<IpAddr>(&encode(&address)).unwrap(), address);
}

#[test]
fn errors_name_the_field() {
    assert_eq!(refused::<u8>(&300), "expected u8, found 300");
    assert_eq!(refused::<u128>(&-1), "expected u128, found -1");
    assert_eq!(refused::<(u8, String)>(&(1, 5)), "[1]: expected a string, found 5");
    assert_eq!(refused::<(u8, u8)>(&(1, 2, 3)), "expected a list of 2, found one of 3");
    assert_eq!(
        refused::<Vec<Old>>(&[BTreeMap::from([("id", 1), ("name", 5)])]),
        "[0].name: expected a string, found 5"
    );
    assert_eq!(refused::<Old>(&BTreeMap::from([("id", 1)])), "missing field `name`");
    assert_eq!(
        refused::<OldState>(&BTreeMap::from([("On", BTreeMap::from([("since", "x")]))])),
        "On.since: expected u64, found \"x\""
    );
    assert_eq!(refused::<OldState>(&"Half"), "expected one of Off, On, found \"Half\"");
    assert_eq!(refused::<OldState>(&"On"), "On: the variant has no content");
    assert_eq!(
        refused::<OldState>(&7),
        "expected the name of a variant, or a map from it to its content, found 7"
    );
    assert_eq!(
        decode::<Vec<String>>(&encode(&["a", "b"].map(|_| 1))),
        BodyError::Refused("[0]: expected a string, found 1".to_owned())
    );
    let long = "x".repeat(1000);
    assert!(refused::<u8>(&long).len() < 100);
    assert!(refused::<BTreeMap<String, u8>>(&BTreeMap::from([(&long, &long)])).len() < 200);
}

#[test]
fn who_is_to_blame() {
    assert_eq!(decode::<u8>(&[]), BodyError::CutShort);
    assert_eq!(decode::<u8>(&[0xc1]), BodyError::Invalid("MessagePack marker"));
    assert_eq!(decode::<String>(&[0xa1, 0xff]), BodyError::Invalid("text"));
    assert!(matches!(decode::<u8>(&[0xd4, 1, 2]), BodyError::Invalid(_)));
    struct Never;
    impl Serialize for Never {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("a closure"))
        }
    }
    let mut out = vec![1];
    assert!(matches!(encode_named(&("a", Never), &mut out), Err(BodyError::Unsendable(_))));
    assert_eq!(out, [1], "nothing was written");
}

/// A type that can nest without any bytes.
#[derive(Debug, Deserialize)]
struct Knot(#[expect(dead_code, reason = "only read")] Option<Box<Self>>);

#[derive(Debug, Deserialize)]
enum Onion {
    #[expect(dead_code, reason = "only read")]
    Layer(Box<Self>),
}

#[test]
fn depth_is_bounded_before_the_stack_is() {
    let run = || {
        assert_eq!(decode::<Knot>(&[1]), BodyError::TooDeep);
        let onion = b"\x81\xa5Layer".repeat(1_000_000);
        assert_eq!(decode::<Onion>(&onion), BodyError::TooDeep);
        let lists = [0x91].repeat(10_000_000);
        assert_eq!(decode::<crate::value::Value>(&lists), BodyError::TooDeep);
        let maps = [0x81, 0].repeat(10_000_000);
        assert_eq!(decode::<crate::value::Value>(&maps), BodyError::TooDeep);
        let skipped = [&[0x81, 0xa1, b'y'][..], &lists].concat();
        assert_eq!(decode::<Old>(&skipped), BodyError::CutShort);
    };
    // A quarter of what threads get.
    std::thread::Builder::new().stack_size(512 * 1024).spawn(run).unwrap().join().unwrap();
}
