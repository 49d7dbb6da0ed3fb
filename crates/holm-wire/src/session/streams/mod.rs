//! Streams of items with credit: their frames, and the state of those that are open.
//!
//! A stream has two directions. The opener may send items right behind its Open, the
//! other side as soon as it has read that. Each direction ends by itself ([`StreamTable::end`]
//! or the last item); a reset ends both at once; a stop only says that no more items are
//! wanted. A driver encodes and decodes [`StreamFrame`] and [`CreditFrame`], keeps a
//! [`StreamTable`] under the lock that orders its frames, and the items themselves.

mod frame;
mod table;
#[cfg(test)]
mod tests;

pub use frame::{CreditFrame, Open, StreamFrame};
pub use table::{Arrival, Removed, Sending, StreamTable, StreamsFull};
