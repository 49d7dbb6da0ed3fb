//! Items of an inbox that are decided about only when their turn comes.

use crate::{Actor, Context};

/// An item that may or may not turn out to be a message.
pub(crate) trait Due<A: Actor>: Send + Sync {
    /// The message to handle now, if there is one. Runs in the actor's task, guarded like a
    /// handler.
    fn take(&self, cx: &mut Context<A>) -> Option<A::Msg>;
}
