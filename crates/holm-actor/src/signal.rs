//! What reaches an actor beside its messages.

use crate::Down;

/// Something the runtime tells an actor, in order with its messages.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Signal {
    /// An actor that this one monitors has ended.
    Down(Down),
}
