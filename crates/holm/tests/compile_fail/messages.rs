//! Types that cannot be messages.

use holm::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Message)]
struct Flat {
    #[serde(flatten)]
    rest: Vec<u8>,
}

#[derive(Serialize, Deserialize, Message)]
#[serde(untagged)]
enum Untagged {
    A(u8),
}

#[derive(Serialize, Deserialize, Message)]
#[serde(rename_all = "lowercase", tag = "kind")]
enum Tagged {
    A { b: u8 },
}

#[derive(Serialize, Deserialize, Message)]
struct NowAndThen {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rest: Vec<u8>,
    last: u8,
}

#[derive(Serialize, Deserialize, Message)]
enum HalfThere {
    A(#[serde(skip_serializing)] u8),
}

#[derive(Clone, Copy, Message)]
union Either {
    a: u8,
    b: i8,
}

fn main() {}
