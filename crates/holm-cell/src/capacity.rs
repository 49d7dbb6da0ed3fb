//! `Capacity`: how many messages an inbox holds.

use std::num::NonZeroU32;

/// The bound of an inbox, in messages: 1 to [`Capacity::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capacity(NonZeroU32);

impl Capacity {
    /// 2^20 messages. A longer inbox delays its senders' knowledge of overload by seconds and
    /// holds gigabytes; [`Capacity::new`] refuses it.
    pub const MAX: u32 = 1 << 20;

    /// `None` for 0 and above [`Capacity::MAX`].
    pub const fn new(messages: u32) -> Option<Self> {
        match NonZeroU32::new(messages) {
            Some(count) if messages <= Self::MAX => Some(Self(count)),
            _ => None,
        }
    }

    /// In messages.
    pub const fn messages(self) -> u32 {
        self.0.get()
    }
}
