//! Values as text, as bytes, and as Rust's types.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::body::tests::{Everything, everything};
use crate::body::{BodyError, decode_named, decode_positional, encode_named, encode_positional};
use proptest::{collection::vec, prelude::*};
use serde::{Deserialize, Serialize};

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (i128::from(i64::MIN)..=i128::from(u64::MAX)).prop_map(Value::from),
        any::<f64>()
            .prop_filter("NaN is not equal to itself", |f| !f.is_nan())
            .prop_map(Value::from),
        ".{0,9}".prop_map(Value::from),
        vec(any::<u8>(), 0..9).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 30, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::List),
            vec((inner.clone(), inner), 0..5).prop_map(Value::Map),
        ]
    })
}

fn parse(text: &str) -> Value {
    text.parse().unwrap()
}

proptest! {
    #[test]
    fn survives_text_and_both_codecs(value in value()) {
        prop_assert_eq!(&parse(&value.to_string()), &value);
        let mut named = Vec::new();
        encode_named(&value, &mut named).unwrap();
        prop_assert_eq!(&decode_named::<Value>(&named).unwrap(), &value);
        let mut positional = Vec::new();
        encode_positional(&(1_u8, &value, "after"), &mut positional).unwrap();
        let (one, same, after): (u8, Value, String) = decode_positional(&positional).unwrap();
        prop_assert_eq!((one, &same, after.as_str()), (1, &value, "after"));
        prop_assert_eq!(&to_value(&value).unwrap(), &value);
        prop_assert_eq!(&from_value::<Value>(value.clone()).unwrap(), &value);
    }

    #[test]
    fn any_text_parses_or_fails(text in ".{0,40}", json in r#"[\[\]{}:,"\\u0-9a-f.xe+ -]{0,30}"#) {
        let _ = text.parse::<Value>();
        if let Ok(value) = json.parse::<Value>() {
            let again = value.to_string();
            prop_assert_eq!(again.parse::<Value>().unwrap().to_string(), again);
        }
    }

    #[test]
    fn types_survive(value in everything()) {
        let dynamic = to_value(&value).unwrap();
        prop_assert_eq!(parse(&dynamic.to_string()), dynamic.clone());
        prop_assert_eq!(from_value::<Everything>(dynamic).unwrap(), value);
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Dot,
    Circle(f64),
    Line(u8, u8),
    Box { w: u8, h: Option<u8> },
}

#[test]
fn types_look_like_json() {
    let shapes =
        (Shape::Dot, Shape::Circle(2.0), Shape::Line(1, 2), [Shape::Box { w: 1, h: None }]);
    let text = r#"["Dot",{"Circle":2.0},{"Line":[1,2]},[{"Box":{"w":1,"h":null}}]]"#;
    assert_eq!(to_value(&shapes).unwrap().to_string(), text);
    assert_eq!(from_value::<(Shape, Shape, Shape, [Shape; 1])>(parse(text)).unwrap(), shapes);
    let lenient = r#"[{"Dot": null}, {"Circle": 2}, {"Line": 0x0102}, [{"Box": {"w": 1}}]]"#;
    assert_eq!(from_value::<(Shape, Shape, Shape, [Shape; 1])>(parse(lenient)).unwrap(), shapes);
}

#[test]
fn text_is_json_and_a_little_more() {
    for (text, value) in [
        (" null ", Value::Null),
        ("-5", Value::Int(-5)),
        ("170141183460469231731687303715884105727", Value::Int(i128::MAX)),
        ("1.50", Value::Float(1.5)),
        ("1e3", Value::Float(1000.0)),
        ("0x00fF", Value::from([0, 255].as_slice())),
        ("0x", Value::Bytes(Vec::new())),
        (r#""a\"\\\/\n\u0041\ud83d\ude00é""#, Value::from("a\"\\/\nA😀é")),
        ("[ ]", Value::List(Vec::new())),
        ("{\"a\" : 1, 2:[true]}", {
            Value::Map(vec![("a".into(), 1.into()), (2.into(), vec![Value::Bool(true)].into())])
        }),
    ] {
        assert_eq!(parse(text), value, "{text}");
    }
    assert_eq!(Value::from("\u{1b}\n").to_string(), r#""\u001b\n""#, "a terminal is left alone");
    assert_eq!(Value::from_iter([("x", f64::NAN)]).to_string(), r#"{"x":NaN}"#);
}

#[test]
fn bad_text_says_where_and_what_is_missing() {
    for (text, error) in [
        ("", "at byte 0: expected a value"),
        ("[1, 2", "at byte 5: expected `,` or `]`"),
        ("[1,]", "at byte 3: expected a value; text stands in `\"`"),
        ("hello", "at byte 0: expected a value; text stands in `\"`"),
        ("{\"a\" 1}", "at byte 5: expected `:`"),
        ("\"abc", "at byte 4: expected `\"`"),
        ("1 2", "at byte 2: expected the end"),
        ("1e999", "at byte 0: expected a number, or bytes as `0x00ff`"),
        ("-", "at byte 0: expected a number, or bytes as `0x00ff`"),
        ("0x0", "at byte 0: expected a number, or bytes as `0x00ff`"),
        (r#""\q""#, "at byte 1: expected an escape"),
        (r#""\u00+1""#, "at byte 1: expected `\\u` and four hexadecimal digits"),
        (r#""\ud83d!""#, "at byte 7: expected `\\u` and four hexadecimal digits"),
        (r#""\udc00""#, "at byte 7: expected a character before this, not half of one"),
    ] {
        assert_eq!(text.parse::<Value>().unwrap_err().to_string(), error, "{text}");
    }
    let deep = "[".repeat(1_000_000).parse::<Value>().unwrap_err();
    assert_eq!((deep.at, deep.expected), (256, "a value that is not nested so deeply"));
    assert!(["[".repeat(256), "]".repeat(256)].concat().parse::<Value>().is_ok());
}

#[test]
fn parts_can_be_looked_at() {
    let value = parse(r#"{"a": [1, 2.5, "x", 0xff, true, null]}"#);
    let list = value.get("a").and_then(Value::as_list).unwrap();
    assert_eq!((list[0].as_int(), list[1].as_float()), (Some(1), Some(2.5)));
    assert_eq!((list[2].as_str(), list[3].as_bytes()), (Some("x"), Some(&[255][..])));
    assert_eq!((list[4].as_bool(), list[5].is_null()), (Some(true), true));
    assert_eq!((value.get("b"), list[0].get("a"), list[0].as_str()), (None, None, None));
    assert_eq!(value.as_map().unwrap().len(), 1);
}

#[test]
fn a_value_has_a_bounded_number_of_values() {
    let mut body = vec![0xdd];
    body.extend(4_194_303_u32.to_be_bytes());
    body.resize(5 + 4_194_303, 0xc0);
    assert_eq!(decode_named::<Value>(&body).unwrap().as_list().map(<[_]>::len), Some(4_194_303));
    body[..5].copy_from_slice(&[0xdd, 0x00, 0x40, 0x00, 0x00]);
    body.push(0xc0);
    let error = decode_named::<Value>(&body).unwrap_err().to_string();
    assert!(error.contains("more than 4194304 values"), "{error}");
}

#[test]
fn what_no_receiver_reads_is_not_sent() {
    let deep = |levels| (1..levels).fold(Value::List(Vec::new()), |v, _| Value::List(vec![v]));
    let mut body = vec![7];
    encode_value(&deep(256), &mut body).unwrap();
    assert_eq!(decode_named::<Value>(&body[1..]).unwrap(), deep(256));
    let before = body.clone();
    let many = Value::List(vec![Value::Null; 4 * 1024 * 1024]);
    for (value, error) in [(deep(257), "more than 256 levels"), (many, "more than 4194304 values")]
    {
        let refused = encode_value(&value, &mut body).unwrap_err();
        assert!(refused.to_string().ends_with(error), "{refused}");
        assert_eq!(body, before);
    }
}

#[test]
fn arguments_that_are_not_well_coded() {
    for body in [&[][..], &[0x91], &[0x81, 0xa1], &[0xdd, 0xff, 0xff, 0xff, 0xff, 0], &[0xc1]] {
        assert!(Arguments::new(body).is_err(), "{body:?}");
    }
    assert_eq!(Arguments::new(&[0x90, 0xc0]).unwrap_err().fault(), &BodyError::Trailing(1));
    // Keys of any kind are passed over; of two equal ones the first counts.
    let mut args = Arguments::new(&[0x83, 0x91, 0xc0, 1, 0xa1, b'a', 2, 0xa1, b'a', 3]).unwrap();
    assert_eq!(args.take::<u8>("a").unwrap(), 2);
    assert_eq!(args.take::<Option<u8>>("\u{90}").unwrap(), None);
}

proptest! {
    #[test]
    fn random_arguments_never_panic(body in vec(any::<u8>(), 0..80)) {
        if let Ok(mut args) = Arguments::new(&body) {
            let _ = args.take::<Everything>("a");
            let _ = args.take::<Value>("b");
            let _ = args.finish();
        }
    }
}

#[test]
fn what_a_stranger_names_is_shown_on_one_line() {
    let value = Value::from_iter([("a\nb", Value::from("x"))]);
    let error = from_value::<std::collections::BTreeMap<String, u8>>(value).unwrap_err();
    assert_eq!(error.to_string(), "a\\nb: expected u8, found \"x\"");
    let refused = BodyError::Refused("two\nlines".to_owned()).to_string();
    assert!(refused.ends_with("two\\nlines"), "{refused}");
}

#[test]
fn written_arguments_are_taken() {
    for count in [0, 2, 15, 16, 300] {
        let names: Vec<_> = (0..count).map(|n| format!("n{n}")).collect();
        let mut body = vec![7];
        let mut writer = ArgumentsWriter::new(count, &mut body);
        names.iter().enumerate().for_each(|(n, name)| writer.put(name, &n).unwrap());
        let mut args = Arguments::new(&body[1..]).unwrap();
        for (n, name) in names.iter().enumerate().rev() {
            assert_eq!(args.take::<usize>(name).unwrap(), n);
        }
        args.finish().unwrap();
    }
}

#[test]
fn arguments_by_position_and_by_name() {
    let take = |text: &str| -> Result<(u8, String, Option<u8>), ValueError> {
        let mut body = Vec::new();
        encode_value(&parse(text), &mut body).unwrap();
        let mut args = Arguments::new(&body)?;
        let taken = (args.take("by")?, args.take("name")?, args.take("limit")?);
        args.finish().map(|()| taken)
    };
    let taken = (1, "a".to_owned(), None);
    for given in [r#"[1, "a"]"#, r#"[1, "a", null]"#, r#"{"name": "a", "by": 1, "new": 0}"#] {
        assert_eq!(take(given).unwrap(), taken, "{given}");
    }
    for (given, error) in [
        ("[1, 5]", "args[1]: expected a string, found 5"),
        (r#"{"by": 1, "name": 5}"#, "args.name: expected a string, found 5"),
        ("[1]", "args: `name` is missing"),
        ("null", "args: `by` is missing"),
        ("{}", "args: `by` is missing"),
        (r#"[1, "a", 2, 3]"#, "args: expected 3, found 4"),
        ("7", "args: expected a list or map of arguments, found a single value"),
    ] {
        assert_eq!(take(given).unwrap_err().to_string(), error, "{given}");
    }
}
