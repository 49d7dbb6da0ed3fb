//! `Serial`: the number of an actor on its node, never used twice.

use std::{fmt, num::NonZeroU64};

/// `generation << 32 | (index + 1)`: a slot of the [`SerialTable`](crate::SerialTable) and how
/// often that slot was used before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial(NonZeroU64);

impl Serial {
    /// From a number, as another node may have sent it; `None` if it can be no serial.
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) if number.get() as u32 != 0 => Some(Self(number)),
            _ => None,
        }
    }

    /// The number to send.
    pub const fn as_u64(self) -> u64 {
        self.0.get()
    }

    /// The first serial of a slot.
    pub(crate) const fn first(index: u32) -> Self {
        match Self::new(index as u64 + 1) {
            Some(serial) => serial,
            None => panic!("an index beyond the table's limit"),
        }
    }

    pub(crate) const fn index(self) -> u32 {
        self.as_u64() as u32 - 1
    }

    pub(crate) const fn generation(self) -> u32 {
        (self.as_u64() >> 32) as u32
    }

    /// The serial of this slot in that generation. On a slot's first serial only.
    pub(crate) const fn with_generation(self, generation: u32) -> Self {
        Self(self.0.saturating_add((generation as u64) << 32))
    }

    /// The slot's next serial; `None` after the last.
    pub(crate) const fn next(self) -> Option<Self> {
        match self.0.checked_add(1 << 32) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serial({self})")
    }
}

/// `index.generation`, such as `17.0`.
impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.index(), self.generation())
    }
}
