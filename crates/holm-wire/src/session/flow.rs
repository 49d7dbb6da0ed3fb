//! Credit: how much a sender may send before its reader has taken some of it.

use crate::{Class, Limits, Violation};

/// An amount of credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    /// Bytes of payload.
    pub bytes: u64,
    /// Items, so that the bookkeeping of tiny ones is bounded, too.
    pub items: u64,
}

impl Credit {
    /// What an item of this length costs where this is the window: its length, but at
    /// most half of the window, so that there is always credit for it once its reader
    /// has taken what came before: less than half is then not granted yet.
    fn cost(self, length: usize) -> u64 {
        (length as u64).min(self.bytes / 2)
    }

    /// The windows of a session's streams.
    pub(crate) fn of_streams(limits: &Limits) -> Self {
        Self { bytes: limits.stream_bytes as u64, items: limits.stream_items as u64 }
    }
}

/// Items that a stream's reader took and that are not accounted for yet: so that it need not
/// come to the session for each.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    window: Credit,
    cost: Credit,
    /// Their length in bytes.
    pub(crate) length: usize,
}

impl Taken {
    /// None, of a stream on these limits.
    pub fn new(limits: &Limits) -> Self {
        let none = Credit { bytes: 0, items: 0 };
        Self { window: Credit::of_streams(limits), cost: none, length: 0 }
    }

    /// An item was taken. True if it is time to account for them: an eighth of the window, so
    /// that the sender need not wait for it.
    #[inline]
    pub fn add(&mut self, length: usize) -> bool {
        self.cost.bytes += self.window.cost(length);
        self.cost.items += 1;
        self.length += length;
        8 * self.cost.bytes >= self.window.bytes || 8 * self.cost.items >= self.window.items
    }

    /// Accounts for them.
    pub(crate) fn take(&mut self) -> (Credit, usize) {
        let taken = (self.cost, self.length);
        (self.cost, self.length) = (Credit { bytes: 0, items: 0 }, 0);
        taken
    }
}

/// The sender's side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    window: Credit,
    left: Credit,
}

impl Allowance {
    pub(crate) fn new(window: Credit) -> Self {
        Self { window, left: window }
    }

    /// Whether an item of this length may be sent now.
    pub(crate) fn allows(&self, length: usize) -> bool {
        self.left.items > 0 && self.left.bytes >= self.window.cost(length)
    }

    /// Takes what it costs, if it may be sent.
    #[must_use]
    pub(crate) fn take(&mut self, length: usize) -> bool {
        let allowed = self.allows(length);
        if allowed {
            self.left.items -= 1;
            self.left.bytes -= self.window.cost(length);
        }
        allowed
    }

    /// The reader took some. False if that is more than can be counted.
    #[must_use]
    pub(crate) fn grant(&mut self, credit: Credit) -> bool {
        let bytes = self.left.bytes.checked_add(credit.bytes);
        let items = self.left.items.checked_add(credit.items);
        match (bytes, items) {
            (Some(bytes), Some(items)) => {
                self.left = Credit { bytes, items };
                true
            }
            _ => false,
        }
    }
}

/// The receiver's side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    window: Credit,
    /// What the peer may still send.
    open: Credit,
    /// What was taken and is not granted again yet.
    taken: Credit,
}

impl Window {
    pub(crate) fn new(window: Credit) -> Self {
        Self { window, open: window, taken: Credit { bytes: 0, items: 0 } }
    }

    /// An item arrived. False if there was no credit for it.
    #[must_use]
    pub(crate) fn receive(&mut self, length: usize) -> bool {
        let cost = self.window.cost(length);
        let allowed = self.open.items > 0 && self.open.bytes >= cost;
        if allowed {
            self.open.items -= 1;
            self.open.bytes -= cost;
        }
        allowed
    }

    /// What an item costs.
    fn cost(&self, length: usize) -> Credit {
        Credit { bytes: self.window.cost(length), items: 1 }
    }

    /// Items of this cost were taken: the credit to grant now, once that is half of the window,
    /// so that grants are few and the sender need not stop.
    pub(crate) fn consume(&mut self, cost: Credit) -> Option<Credit> {
        self.taken.bytes += cost.bytes;
        self.taken.items += cost.items;
        let due =
            2 * self.taken.bytes >= self.window.bytes || 2 * self.taken.items >= self.window.items;
        due.then(|| {
            let granted = self.taken;
            self.taken = Credit { bytes: 0, items: 0 };
            self.open.bytes += granted.bytes;
            self.open.items += granted.items;
            granted
        })
    }
}

/// What may be under way in the class membership: some syncs of a large cluster's names.
/// The sender waits; more is a violation.
pub const MEMBERSHIP_WINDOW: Credit = Credit { bytes: 1024 * 1024, items: 1024 };
/// What may be under way in the class bulk: enough to keep a connection busy, few enough
/// items that none waits long behind them.
pub const BULK_WINDOW: Credit = Credit { bytes: 4 * 1024 * 1024, items: 256 };

/// The credit of the classes that have one each as a whole, membership and bulk, in both
/// directions.
#[derive(Debug)]
pub struct ClassCredits {
    membership: (Allowance, Window),
    bulk: (Allowance, Window),
}

impl Default for ClassCredits {
    fn default() -> Self {
        let both = |window| (Allowance::new(window), Window::new(window));
        Self { membership: both(MEMBERSHIP_WINDOW), bulk: both(BULK_WINDOW) }
    }
}

impl ClassCredits {
    fn of(&mut self, class: Class) -> Option<&mut (Allowance, Window)> {
        match class {
            Class::Membership => Some(&mut self.membership),
            Class::Bulk => Some(&mut self.bulk),
            Class::Control | Class::Actors | Class::Streams => None,
        }
    }

    /// Takes credit for a message of this length; false if its sender must wait. In the
    /// other classes nobody waits for credit.
    #[must_use]
    pub fn take(&mut self, class: Class, length: usize) -> bool {
        self.of(class).is_none_or(|(allowance, _)| allowance.take(length))
    }

    /// A message arrived.
    ///
    /// # Errors
    /// There was no credit for it.
    pub fn handle_message(&mut self, class: Class, length: usize) -> Result<(), Violation> {
        if self.of(class).is_none_or(|(_, window)| window.receive(length)) {
            Ok(())
        } else {
            Err(Violation::ClassCredit(class))
        }
    }

    /// A message that arrived was dealt with: the credit to grant now, if it is time to.
    pub fn consumed(&mut self, class: Class, length: usize) -> Option<Credit> {
        self.of(class).and_then(|(_, window)| window.consume(window.cost(length)))
    }

    /// The peer granted credit.
    ///
    /// # Errors
    /// More than can be counted, or for a class that has none.
    pub fn handle_credit(&mut self, class: Class, credit: Credit) -> Result<(), Violation> {
        if self.of(class).is_some_and(|(allowance, _)| allowance.grant(credit)) {
            Ok(())
        } else {
            Err(Violation::ClassCredit(class))
        }
    }
}
