//! Messages built from dynamic arguments.

use holm::prelude::*;
use holm::{
    Remote,
    wire::{Value, encode_value},
};

struct Adder;

#[actor]
impl Adder {
    async fn add(&mut self, a: i64, r#type: String, limit: Option<u8>) {
        let _ = (a, r#type, limit);
    }

    async fn reset(&mut self) {}
}

/// What `add` or `reset` is given, or why it is not called.
fn decode(method: usize, args: &str) -> Result<String, String> {
    let args: Value = args.parse().unwrap();
    let mut body = Vec::new();
    encode_value(&args, &mut body).unwrap();
    match (Adder::TABLE.methods[method].decode_named)(&body, &mut None) {
        Ok(AdderMsg::Add { a, r#type, limit, .. }) => Ok(format!("add {a} {type} {limit:?}")),
        Ok(AdderMsg::Reset { .. }) => Ok("reset".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn arguments_come_by_position_or_by_name() {
    for (method, args, outcome) in [
        (0, r#"[1, "x", 5]"#, Ok("add 1 x Some(5)")),
        (0, r#"[1, "x"]"#, Ok("add 1 x None")),
        (0, r#"{"type": "x", "a": 1}"#, Ok("add 1 x None")),
        (0, r#"["x", 1]"#, Err("args[0]: expected i64, found \"x\"")),
        (0, r#"{"type": 5, "a": 1}"#, Err("args.type: expected a string, found 5")),
        (0, r#"{"a": 1}"#, Err("args: `type` is missing")),
        (1, "null", Ok("reset")),
        (1, "[1]", Err("args: expected 0, found 1")),
    ] {
        let outcome = outcome.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(decode(method, args), outcome, "{args}");
    }
}
