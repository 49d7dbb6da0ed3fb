//! The modifiers of a declaration, as a set of bits.

use std::{fmt, ops::BitOr};

/// A set of modifiers.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Modifiers(u16);

/// Each modifier's name, in the order of the bits, which is also the customary order in source.
const NAMES: [&str; 14] = [
    "public",
    "protected",
    "private",
    "abstract",
    "default",
    "static",
    "sealed",
    "non-sealed",
    "final",
    "transient",
    "volatile",
    "synchronized",
    "native",
    "strictfp",
];

impl Modifiers {
    /// No modifier.
    pub const NONE: Self = Self(0);
    /// `public`
    pub const PUBLIC: Self = Self(1 << 0);
    /// `protected`
    pub const PROTECTED: Self = Self(1 << 1);
    /// `private`
    pub const PRIVATE: Self = Self(1 << 2);
    /// `abstract`
    pub const ABSTRACT: Self = Self(1 << 3);
    /// `default`
    pub const DEFAULT: Self = Self(1 << 4);
    /// `static`
    pub const STATIC: Self = Self(1 << 5);
    /// `sealed`
    pub const SEALED: Self = Self(1 << 6);
    /// `non-sealed`
    pub const NON_SEALED: Self = Self(1 << 7);
    /// `final`
    pub const FINAL: Self = Self(1 << 8);
    /// `transient`
    pub const TRANSIENT: Self = Self(1 << 9);
    /// `volatile`
    pub const VOLATILE: Self = Self(1 << 10);
    /// `synchronized`
    pub const SYNCHRONIZED: Self = Self(1 << 11);
    /// `native`
    pub const NATIVE: Self = Self(1 << 12);
    /// `strictfp`
    pub const STRICTFP: Self = Self(1 << 13);

    /// Whether all of `other` are in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names in customary order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES
            .into_iter()
            .enumerate()
            .filter(move |(bit, _)| self.0 & (1 << bit) != 0)
            .map(|(_, name)| name)
    }
}

impl BitOr for Modifiers {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Modifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
