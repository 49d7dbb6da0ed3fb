//! Who may connect, under which name, and what they may then do.
//!
//! [`Access`] is data: a driver tells it whom a peer has proven to be ([`Identity`]) and what it
//! claims to be, and carries out the answer. Everything here is for one node; a new [`Access`]
//! takes the place of the old one, and sessions that it would not admit are to be closed.

mod capabilities;
mod denial;
mod entry;
mod fingerprint;
mod identity;
mod list;
mod lists;
mod pattern;
mod policy;

pub use capabilities::{Capabilities, Capability};
pub use denial::{Claim, Denial};
pub use entry::{Entry, EntryError};
pub use fingerprint::{Fingerprint, FingerprintError};
pub use holm_wire::{ShardId, handshake::Role};
pub use identity::{Identity, Proof};
pub use list::{AllowList, ListError};
pub use lists::{AllowLists, Peers};
pub use pattern::{Pattern, PatternError};
pub use policy::{Access, Grant};
