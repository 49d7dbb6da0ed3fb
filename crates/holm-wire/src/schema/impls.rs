//! Schemas of the standard library's types, and of the wire's own.

use super::{Schema, SchemaHasher, hasher::Mark};
use crate::{
    ClusterName, ExitReason, Incarnation, NodeId, NodeName, Pid, Serial, body::Blob,
    handshake::Role,
};
use bytes::Bytes;
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    num::NonZeroU64,
    sync::Arc,
    time::Duration,
};

macro_rules! plain {
    ($($mark:ident: $($type:ty),+;)*) => {$($(
        impl Schema for $type {
            fn describe(hasher: &mut SchemaHasher) {
                hasher.mark(Mark::$mark);
            }
        }
    )+)*};
}

plain! {
    Bool: bool;
    U8: u8;
    U16: u16;
    U32: u32;
    U64: u64, usize, NonZeroU64, NodeId, Serial, Incarnation;
    U128: u128;
    I8: i8;
    I16: i16;
    I32: i32;
    I64: i64, isize;
    I128: i128;
    F32: f32;
    F64: f64;
    Char: char;
    Text: str, String, NodeName, ClusterName;
    Bytes: Bytes, Blob;
    Unit: ();
}

macro_rules! transparent {
    ($([$($generics:tt)*] $type:ty => $inner:ty;)*) => {$(
        impl<$($generics)*> Schema for $type {
            fn describe(hasher: &mut SchemaHasher) {
                <$inner>::describe(hasher);
            }
        }
    )*};
}

transparent! {
    [T: Schema + ?Sized] &T => T;
    [T: Schema + ?Sized] Box<T> => T;
    [T: Schema + ?Sized] Arc<T> => T;
    [T: Schema + ToOwned + ?Sized] Cow<'_, T> => T;
    [T: Schema] Vec<T> => [T];
    [T: Schema] VecDeque<T> => [T];
    [T: Schema, S] HashSet<T, S> => [T];
    [T: Schema] BTreeSet<T> => [T];
    [K: Schema, V: Schema, S] HashMap<K, V, S> => BTreeMap<K, V>;
}

impl<T: Schema> Schema for [T] {
    fn describe(hasher: &mut SchemaHasher) {
        hasher.mark(Mark::Sequence);
        T::describe(hasher);
    }
}

impl<T: Schema, const N: usize> Schema for [T; N] {
    fn describe(hasher: &mut SchemaHasher) {
        hasher.mark(Mark::Array);
        hasher.number(N as u64);
        T::describe(hasher);
    }
}

impl<K: Schema, V: Schema> Schema for BTreeMap<K, V> {
    fn describe(hasher: &mut SchemaHasher) {
        hasher.mark(Mark::Map);
        K::describe(hasher);
        V::describe(hasher);
    }
}

impl<T: Schema> Schema for Option<T> {
    fn describe(hasher: &mut SchemaHasher) {
        hasher.mark(Mark::Option);
        T::describe(hasher);
    }
}

impl<T: Schema, E: Schema> Schema for Result<T, E> {
    fn describe(hasher: &mut SchemaHasher) {
        hasher.choice::<Self>("Result", |variants| {
            variants.tuple("Ok", |elements| elements.element::<T>());
            variants.tuple("Err", |elements| elements.element::<E>());
        });
    }
}

macro_rules! tuples {
    ($(($($part:ident),+);)*) => {$(
        impl<$($part: Schema),+> Schema for ($($part,)+) {
            fn describe(hasher: &mut SchemaHasher) {
                hasher.mark(Mark::Tuple);
                $($part::describe(hasher);)+
                hasher.mark(Mark::End);
            }
        }
    )*};
}

tuples! {
    (A);
    (A, B);
    (A, B, C);
    (A, B, C, D);
    (A, B, C, D, E);
    (A, B, C, D, E, F);
    (A, B, C, D, E, F, G);
    (A, B, C, D, E, F, G, H);
}

impl Schema for Duration {
    fn describe(hasher: &mut SchemaHasher) {
        hasher.record::<Self>("Duration", |fields| {
            fields.field::<u64>("secs");
            fields.field::<u32>("nanos");
        });
    }
}

impl Schema for Pid {
    fn describe(hasher: &mut SchemaHasher) {
        hasher.record::<Self>("Pid", |fields| {
            fields.field::<NodeId>("node");
            fields.field::<Serial>("serial");
        });
    }
}

impl Schema for Role {
    fn describe(hasher: &mut SchemaHasher) {
        hasher.choice::<Self>("Role", |variants| {
            variants.unit("member");
            variants.unit("observer");
            variants.unit("worker");
        });
    }
}

impl Schema for ExitReason {
    fn describe(hasher: &mut SchemaHasher) {
        hasher.choice::<Self>("ExitReason", |variants| {
            variants.unit("Normal");
            variants.tuple("Shutdown", |elements| elements.element::<str>());
            variants.unit("Killed");
            variants.tuple("Failed", |elements| elements.element::<str>());
            variants.unit("Noproc");
            variants.unit("Noconnection");
        });
    }
}
