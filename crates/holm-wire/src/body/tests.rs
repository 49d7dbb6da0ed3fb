//! The positional codec against postcard's own reader, and against strangers.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use proptest::{collection::vec, prelude::*};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{collections::BTreeMap, fmt::Debug, marker::PhantomData};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Shape {
    Empty,
    Circle(f64),
    Pair(i16, String),
    Rectangle { corner: (i32, i32), tags: Vec<String> },
    Group(Vec<Self>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Everything {
    flag: bool,
    small: (u8, i8, u16, i16),
    large: (u32, i32, u64, i64),
    huge: (u128, i128),
    real: f32,
    letter: char,
    text: String,
    bytes: bytes::Bytes,
    list: Vec<Option<u16>>,
    map: BTreeMap<String, u8>,
    unit: (),
    marker: PhantomData<u8>,
    array: [u8; 3],
    pub(crate) shape: Shape,
    result: Result<u8, Box<str>>,
}

fn shape() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![
        Just(Shape::Empty),
        (-1e9..1e9).prop_map(Shape::Circle),
        (any::<i16>(), ".{0,9}").prop_map(|(n, text)| Shape::Pair(n, text)),
        (any::<(i32, i32)>(), vec(".{0,9}", 0..4))
            .prop_map(|(corner, tags)| Shape::Rectangle { corner, tags }),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| vec(inner, 0..4).prop_map(Shape::Group))
}

prop_compose! {
    pub(crate) fn everything()(
        (flag, small, large, huge) in any::<(bool, (u8, i8, u16, i16), (u32, i32, u64, i64), (u128, i128))>(),
        (real, letter, text) in (-1e9_f32..1e9, any::<char>(), ".{0,20}"),
        (bytes, list) in (vec(any::<u8>(), 0..20), vec(any::<Option<u16>>(), 0..9)),
        map in proptest::collection::btree_map(".{0,5}", any::<u8>(), 0..5),
        (array, shape, ok) in (any::<[u8; 3]>(), shape(), any::<bool>()),
    ) -> Everything {
        let result = if ok { Ok(array[0]) } else { Err(text.clone().into()) };
        Everything {
            flag, small, large, huge, real, letter, text, bytes: bytes.into(), list, map,
            unit: (), marker: PhantomData, array, shape, result,
        }
    }
}

fn decode<T: DeserializeOwned + Debug>(bytes: &[u8]) -> BodyError {
    decode_positional::<T>(bytes).unwrap_err()
}

proptest! {
    #[test]
    fn what_postcard_writes_is_read(value in everything()) {
        let mut bytes = vec![7];
        encode_positional(&value, &mut bytes).unwrap();
        prop_assert_eq!(&bytes[1..], &postcard::to_stdvec(&value).unwrap()[..]);
        prop_assert_eq!(&decode_positional::<Everything>(&bytes[1..]).unwrap(), &value);
        for cut in 1..bytes.len() {
            prop_assert!(decode_positional::<Everything>(&bytes[1..cut]).is_err());
        }
        bytes.push(0);
        prop_assert_eq!(decode::<Everything>(&bytes[1..]), BodyError::Trailing(1));
    }

    #[test]
    fn random_bytes_read_as_postcard_does_or_fail(bytes in vec(any::<u8>(), 0..60)) {
        if let Ok(ours) = decode_positional::<Shape>(&bytes) {
            prop_assert_eq!(format!("{ours:?}"), format!("{:?}", postcard::from_bytes::<Shape>(&bytes).unwrap()));
        }
        let _ = decode_positional::<(Vec<()>, BTreeMap<u8, Shape>, u128, char)>(&bytes);
    }
}

#[test]
fn who_is_to_blame() {
    assert_eq!(decode::<u8>(&[]), BodyError::CutShort);
    assert_eq!(decode::<bool>(&[2]), BodyError::Invalid("bool"));
    assert_eq!(decode::<u16>(&[0xff, 0xff, 0x7f]), BodyError::Invalid("integer"));
    assert_eq!(decode::<u16>(&[0x80, 0x00]), BodyError::Invalid("integer"));
    assert_eq!(decode::<u128>(&[0xff; 19]), BodyError::Invalid("integer"));
    assert_eq!(decode::<String>(&[1, 0xff]), BodyError::Invalid("text"));
    assert_eq!(decode::<char>(&[2, b'a', b'b']), BodyError::Invalid("char"));
    assert!(matches!(decode::<Shape>(&[9]), BodyError::Refused(_)));
    struct Never;
    impl Serialize for Never {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("a closure"))
        }
    }
    let mut out = vec![1];
    assert!(matches!(encode_positional(&("a", Never), &mut out), Err(BodyError::Unsendable(_))));
    assert_eq!(out, [1], "nothing was written");
}

#[test]
fn lengths_allocate_nothing_ahead() {
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    assert_eq!(decode::<Vec<u64>>(&huge), BodyError::CutShort);
    assert_eq!(decode::<String>(&huge), BodyError::CutShort);
    assert_eq!(decode::<bytes::Bytes>(&huge), BodyError::CutShort);
    assert_eq!(decode::<Vec<()>>(&huge), BodyError::TooMany);
    assert_eq!(decode::<BTreeMap<(), ()>>(&huge), BodyError::TooMany);
}

#[test]
fn empty_elements_are_bounded_and_empty_fields_are_not() {
    let bytes = postcard::to_stdvec(&vec![(); 65_536]).unwrap();
    assert_eq!(decode_positional::<Vec<()>>(&bytes).unwrap().len(), 65_536);
    let bytes = postcard::to_stdvec(&vec![vec![(); 40_000]; 2]).unwrap();
    assert_eq!(decode::<Vec<Vec<()>>>(&bytes), BodyError::TooMany, "one budget for all");
    let bytes = postcard::to_stdvec(&vec![(1_u8, ()); 100_000]).unwrap();
    assert_eq!(decode_positional::<Vec<(u8, ())>>(&bytes).unwrap().len(), 100_000);
}

#[test]
fn depth_is_bounded_before_the_stack_is() {
    // Group (variant 4) of one, ever deeper.
    let deep: Vec<u8> = [4, 1].repeat(10_000_000);
    assert_eq!(decode::<Shape>(&deep), BodyError::TooDeep);
    let mut fine = [4, 1].repeat(127);
    fine.push(0);
    assert!(decode_positional::<Shape>(&fine).is_ok());
}
