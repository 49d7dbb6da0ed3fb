//! Which types look alike, and which do not.
#![allow(dead_code, reason = "types are only described")]

use super::*;
use bytes::Bytes;
use std::{collections::HashMap, sync::Arc};

fn of<T: Schema + ?Sized>() -> Fingerprint {
    Fingerprint::of::<T>()
}

macro_rules! record {
    ($type:ident $name:literal { $($field:ident: $ty:ty),* }) => {
        struct $type;
        impl Schema for $type {
            fn describe(hasher: &mut SchemaHasher) {
                hasher.record::<Self>($name, |fields| {
                    $(fields.field::<$ty>(stringify!($field));)*
                    let _ = fields;
                });
            }
        }
    };
}

record!(Point "Point" { x: i32, y: i32 });
record!(Renamed "Dot" { x: i32, y: i32 });
record!(Swapped "Point" { y: i32, x: i32 });
record!(Wider "Point" { x: i64, y: i32 });
record!(Tree "Tree" { value: u8, children: Vec<Tree> });
record!(Tree2 "Tree" { value: u16, children: Vec<Tree2> });
record!(Ping "Ping" { next: Option<Box<Pong>> });
record!(Pong "Pong" { next: Option<Box<Ping>> });

#[test]
fn structure_counts_and_type_names_do_not() {
    assert_eq!(of::<Point>(), of::<Renamed>());
    assert_ne!(of::<Point>(), of::<Swapped>());
    assert_ne!(of::<Point>(), of::<Wider>());
    assert_eq!(of::<Vec<u8>>(), of::<&[u8]>());
    assert_eq!(of::<String>(), of::<Arc<str>>());
    assert_eq!(of::<Box<u8>>(), of::<u8>());
    assert_eq!(of::<usize>(), of::<u64>());
}

#[test]
fn different_types_differ() {
    let all = [
        of::<()>(),
        of::<bool>(),
        of::<u8>(),
        of::<i8>(),
        of::<u16>(),
        of::<u32>(),
        of::<u64>(),
        of::<i64>(),
        of::<f32>(),
        of::<f64>(),
        of::<char>(),
        of::<str>(),
        of::<Bytes>(),
        of::<Vec<u8>>(),
        of::<[u8; 2]>(),
        of::<[u8; 3]>(),
        of::<(u8, u8)>(),
        of::<(u8,)>(),
        of::<((u8,), u8)>(),
        of::<(u8, (u8,))>(),
        of::<Option<u8>>(),
        of::<Result<u8, ()>>(),
        of::<Result<(), u8>>(),
        of::<HashMap<u8, u16>>(),
        of::<HashMap<u16, u8>>(),
        of::<Vec<(u8, u16)>>(),
        of::<Point>(),
        of::<Tree>(),
        of::<Tree2>(),
        of::<Ping>(),
        of::<crate::Pid>(),
        of::<crate::ExitReason>(),
        of::<std::time::Duration>(),
    ];
    for (i, a) in all.iter().enumerate() {
        for (j, b) in all.iter().enumerate().skip(i + 1) {
            assert_ne!(a, b, "{i} and {j}");
        }
    }
}

#[test]
fn variants_count() {
    struct Choice<const N: u8>;
    impl<const N: u8> Schema for Choice<N> {
        fn describe(hasher: &mut SchemaHasher) {
            hasher.choice::<Self>("Choice", |variants| match N {
                0 => variants.unit("A"),
                1 => variants.unit("B"),
                2 => variants.tuple("A", |_| {}),
                3 => variants.tuple("A", |elements| elements.element::<u8>()),
                4 => variants.record("A", |fields| fields.field::<u8>("a")),
                _ => {
                    variants.unit("A");
                    variants.unit("B");
                }
            });
        }
    }
    let all = [
        of::<Choice<0>>(),
        of::<Choice<1>>(),
        of::<Choice<2>>(),
        of::<Choice<3>>(),
        of::<Choice<4>>(),
        of::<Choice<5>>(),
    ];
    for (i, a) in all.iter().enumerate() {
        assert!(all.iter().skip(i + 1).all(|b| a != b), "{i}");
    }
}

/// 40 layers of a type with two fields of the next: 2^40 types if each were described.
struct Layer<const N: usize>;

macro_rules! layers {
    ($($n:literal: $next:literal),*) => {$(
        impl Schema for Layer<$n> {
            fn describe(hasher: &mut SchemaHasher) {
                hasher.record::<Self>(concat!("Layer", $n), |fields| {
                    fields.field::<Layer<$next>>("a");
                    fields.field::<Layer<$next>>("b");
                });
            }
        }
    )*};
}

layers!(
    1: 2, 2: 3, 3: 4, 4: 5, 5: 6, 6: 7, 7: 8, 8: 9, 9: 10, 10: 11, 11: 12, 12: 13, 13: 14, 14: 15,
    15: 16, 16: 17, 17: 18, 18: 19, 19: 20, 20: 21, 21: 22, 22: 23, 23: 24, 24: 25, 25: 26, 26: 27,
    27: 28, 28: 29, 29: 30, 30: 31, 31: 32, 32: 33, 33: 34, 34: 35, 35: 36, 36: 37, 37: 38, 38: 39,
    39: 40
);

impl Schema for Layer<40> {
    fn describe(hasher: &mut SchemaHasher) {
        hasher.unit();
    }
}

#[test]
fn shared_structure_does_not_explode() {
    assert_ne!(of::<Layer<1>>(), of::<Layer<2>>());
}
