//! Takes a description and hashes it.

use super::Schema;
use crate::hash::StableHash;
use std::any::type_name;

/// Named types within named types described, beyond which only names are hashed: more
/// than any message has, few enough for any stack.
const DEPTH_MAX: usize = 64;
/// Named types described in all, beyond which only names are hashed. A type shared by
/// many fields is described at each, so that layers of sharing would otherwise cost
/// exponentially.
const TYPES_MAX: usize = 10_000;

/// Takes the description of one type.
#[derive(Debug)]
pub struct SchemaHasher {
    hash: StableHash,
    /// The named types being described; for telling a type from another, never hashed.
    within: Vec<&'static str>,
    types: usize,
}

/// What comes next in the hashed bytes, so that no two descriptions look alike.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Mark {
    Bool = 1,
    U8,
    U16,
    U32,
    U64,
    U128,
    I8,
    I16,
    I32,
    I64,
    I128,
    F32,
    F64,
    Char,
    Text,
    Bytes,
    Unit,
    Option,
    Sequence,
    Array,
    Map,
    Record,
    Tuple,
    Choice,
    UnitVariant,
    Name,
    End,
    Value,
}

impl SchemaHasher {
    pub(crate) fn new() -> Self {
        Self { hash: StableHash::new(), within: Vec::new(), types: 0 }
    }

    pub(crate) fn finish(self) -> u64 {
        self.hash.finish()
    }

    pub(crate) fn mark(&mut self, mark: Mark) {
        self.hash = self.hash.write(&[mark as u8]);
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.hash = self.hash.write(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.hash = self.hash.write(text.as_bytes());
    }

    /// A struct with named fields.
    pub fn record<T: ?Sized>(&mut self, name: &str, fields: impl FnOnce(&mut Fields<'_>)) {
        self.named::<T>(name, Mark::Record, |hasher| fields(&mut Fields { hasher }));
    }

    /// A tuple struct; one with a single element too.
    pub fn tuple<T: ?Sized>(&mut self, name: &str, elements: impl FnOnce(&mut Elements<'_>)) {
        self.named::<T>(name, Mark::Tuple, |hasher| {
            elements(&mut Elements { hasher });
        });
    }

    /// A struct without content.
    pub fn unit(&mut self) {
        self.mark(Mark::Unit);
    }

    /// An enum.
    pub fn choice<T: ?Sized>(&mut self, name: &str, variants: impl FnOnce(&mut Variants<'_>)) {
        self.named::<T>(name, Mark::Choice, |hasher| {
            variants(&mut Variants { hasher });
        });
    }

    fn named<T: ?Sized>(&mut self, name: &str, mark: Mark, describe: impl FnOnce(&mut Self)) {
        let identity = type_name::<T>();
        self.types += 1;
        if self.within.contains(&identity)
            || self.within.len() == DEPTH_MAX
            || self.types > TYPES_MAX
        {
            self.mark(Mark::Name);
            self.text(name);
            return;
        }
        self.within.push(identity);
        self.mark(mark);
        describe(self);
        self.mark(Mark::End);
        self.within.pop();
    }
}

/// The named fields of a struct or variant.
#[derive(Debug)]
pub struct Fields<'a> {
    hasher: &'a mut SchemaHasher,
}

impl Fields<'_> {
    /// The next field.
    pub fn field<T: Schema + ?Sized>(&mut self, name: &str) {
        self.hasher.text(name);
        T::describe(self.hasher);
    }
}

/// The elements of a tuple struct or variant.
#[derive(Debug)]
pub struct Elements<'a> {
    hasher: &'a mut SchemaHasher,
}

impl Elements<'_> {
    /// The next element.
    pub fn element<T: Schema + ?Sized>(&mut self) {
        T::describe(self.hasher);
    }
}

/// The variants of an enum.
#[derive(Debug)]
pub struct Variants<'a> {
    hasher: &'a mut SchemaHasher,
}

impl Variants<'_> {
    /// The next variant, without content.
    pub fn unit(&mut self, name: &str) {
        self.variant(name, Mark::UnitVariant, |_| {});
    }

    /// The next variant, with elements.
    pub fn tuple(&mut self, name: &str, elements: impl FnOnce(&mut Elements<'_>)) {
        self.variant(name, Mark::Tuple, |hasher| {
            elements(&mut Elements { hasher });
        });
    }

    /// The next variant, with named fields.
    pub fn record(&mut self, name: &str, fields: impl FnOnce(&mut Fields<'_>)) {
        self.variant(name, Mark::Record, |hasher| fields(&mut Fields { hasher }));
    }

    fn variant(&mut self, name: &str, mark: Mark, describe: impl FnOnce(&mut SchemaHasher)) {
        self.hasher.text(name);
        self.hasher.mark(mark);
        describe(self.hasher);
        self.hasher.mark(Mark::End);
    }
}
