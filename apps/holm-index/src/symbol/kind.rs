//! The kinds of symbols, and sets of them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What a symbol declares. The order is the order in which equally good matches are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `class`
    Class,
    /// `interface`
    Interface,
    /// `enum`
    Enum,
    /// `record`
    Record,
    /// `@interface`
    Annotation,
    /// `module`, of a `module-info.java`.
    Module,
    /// A method; also of an interface.
    Method,
    /// A field; each declarator of `int a, b` is one.
    Field,
    /// A constant of an enum.
    EnumConstant,
    /// A component in the head of a record.
    RecordComponent,
    /// An element of an annotation type.
    AnnotationElement,
    /// A constructor, compact ones included. Last, so that a class comes before its constructors.
    Constructor,
}

impl Kind {
    /// Every kind, in order.
    pub const ALL: [Self; 12] = [
        Self::Class,
        Self::Interface,
        Self::Enum,
        Self::Record,
        Self::Annotation,
        Self::Module,
        Self::Method,
        Self::Field,
        Self::EnumConstant,
        Self::RecordComponent,
        Self::AnnotationElement,
        Self::Constructor,
    ];

    /// The stable name, as in JSON: `enum_constant`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Interface => "interface",
            Self::Enum => "enum",
            Self::Record => "record",
            Self::Annotation => "annotation",
            Self::Module => "module",
            Self::Method => "method",
            Self::Field => "field",
            Self::EnumConstant => "enum_constant",
            Self::RecordComponent => "record_component",
            Self::AnnotationElement => "annotation_element",
            Self::Constructor => "constructor",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| UnknownKind(name.to_owned()))
    }
}

/// A name that no kind has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of symbol {0:?}; known are {names}", names = Kind::ALL.map(Kind::name).join(", "))]
pub struct UnknownKind(String);

/// A set of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindSet(u16);

impl KindSet {
    /// Every kind.
    pub const ALL: Self = Self((1 << Kind::ALL.len()) - 1);

    /// Whether `kind` is in the set.
    #[must_use]
    pub const fn contains(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u16) != 0
    }
}

impl FromIterator<Kind> for KindSet {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |set, kind| set | 1 << kind as u16))
    }
}
