//! `#[derive(Message)]`: the structure counts, the name of a type does not.

use holm::Message;
use holm::wire::{Fingerprint, Schema};
use serde::{Deserialize, Serialize};

fn of<T: Schema>() -> Fingerprint {
    Fingerprint::of::<T>()
}

macro_rules! messages {
    ($($item:item)*) => { $(
        #[derive(Serialize, Deserialize, Message)]
        #[allow(dead_code, reason = "only described")]
        $item
    )* };
}

messages! {
    struct Point { x: i64, y: i64 }
    struct Place { x: i64, y: i64 }
    struct Swapped { y: i64, x: i64 }
    struct Wider { x: i64, y: i64, z: i64 }
    struct Unsigned { x: u64, y: i64 }
    struct OtherNames { a: i64, b: i64 }
    struct Renamed { #[serde(rename = "x")] a: i64, #[serde(rename = "y", default)] b: i64 }
    struct Skipping { x: i64, #[serde(skip)] cache: u8, y: i64 }
    struct Tuple(i64, i64);
    struct Unit;
    enum Shape { Dot, Circle(u32), Box { w: u32, h: u32 } }
    enum Form { Dot, Circle(u32), Box { w: u32, h: u32 } }
    enum Reordered { Circle(u32), Dot, Box { w: u32, h: u32 } }
    enum Fewer { Dot, Circle(u32) }
    struct Generic<T> { value: T }
    struct Tree { value: u8, children: Vec<Self> }
    struct Bush { value: u8, children: Vec<Self> }
    struct Odd {
        #[serde(rename(serialize = "v", deserialize = "v"), alias = "w")]
        #[serde(bound(deserialize = ""), default)]
        v: Vec<u8>,
    }
}

#[test]
fn the_name_of_a_type_does_not_count() {
    assert_eq!(of::<Point>(), of::<Place>());
    assert_eq!(of::<Shape>(), of::<Form>());
    assert_eq!(of::<Point>(), of::<Renamed>());
    assert_eq!(of::<Point>(), of::<Skipping>());
}

#[test]
fn the_structure_counts() {
    let all = [
        of::<Point>(),
        of::<Swapped>(),
        of::<Wider>(),
        of::<Unsigned>(),
        of::<OtherNames>(),
        of::<Tuple>(),
        of::<Unit>(),
        of::<Shape>(),
        of::<Reordered>(),
        of::<Fewer>(),
        of::<Generic<u8>>(),
        of::<Generic<Point>>(),
        of::<Tree>(),
        // Inside itself a type is known by its name.
        of::<Bush>(),
        of::<Odd>(),
        of::<Option<Point>>(),
        of::<Vec<Point>>(),
    ];
    for (n, one) in all.iter().enumerate() {
        for (m, other) in all.iter().enumerate() {
            assert_eq!(n == m, one == other, "{n} and {m}");
        }
    }
    assert_eq!(of::<Generic<Point>>(), of::<Generic<Place>>());
}
