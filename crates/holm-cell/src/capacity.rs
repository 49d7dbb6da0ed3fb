//! `Capacity`: how many messages an inbox holds.

/// The bound of an inbox, in messages: 1 to [`Capacity::MAX`], or [`Capacity::NONE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capacity(u32);

impl Capacity {
    /// 2^20 messages. A longer inbox delays its senders' knowledge of overload by seconds and
    /// holds gigabytes; [`Capacity::new`] refuses it.
    pub const MAX: u32 = 1 << 20;

    /// No room: every bounded message is refused. For an inbox that keeps its messages elsewhere.
    pub const NONE: Self = Self(0);

    /// `None` for 0 and above [`Capacity::MAX`].
    pub const fn new(messages: u32) -> Option<Self> {
        if messages == 0 || messages > Self::MAX {
            return None;
        }
        Some(Self(messages))
    }

    /// In messages.
    pub const fn messages(self) -> u32 {
        self.0
    }
}
