//! An inbox with its policy: what happens to a message that finds it full.

mod locked;
mod policy;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use holm_cell::PushError;

pub(crate) use self::locked::LockedInbox;
pub(crate) use self::policy::Keeper;
use self::policy::Other;
pub use self::policy::{Policy, PolicyCounters};
use crate::Actor;
use crate::cell::{ActorCell, Item};

/// How a message is sent, as far as the policy cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Tell,
    Call,
}

/// What an inbox said to a message.
pub(crate) enum Offer<M> {
    Taken,
    /// Dropped by [`Policy::DropNew`], and counted.
    Dropped(M),
    /// Full, and who sends may wait for room.
    Wait(M),
    /// Full, and nobody waits: [`Policy::Fail`].
    Full(M),
    Closed(M),
    /// There is no child in the slot just now.
    Restarting(M),
}

/// Offers a message to an inbox, without waiting.
#[inline]
pub(crate) fn offer<A: Actor>(cell: &ActorCell<A>, msg: A::Msg, verb: Verb) -> Offer<A::Msg> {
    match cell.push(Item::Msg(msg)) {
        Ok(()) => Offer::Taken,
        Err(PushError::Full(item)) => offer_full(cell, item.into_msg(), verb),
        Err(error) => Offer::Closed(error.into_message().into_msg()),
    }
}

/// The bounded queue had no room; that of a locked inbox never has.
#[cold]
fn offer_full<A: Actor>(cell: &ActorCell<A>, msg: A::Msg, verb: Verb) -> Offer<A::Msg> {
    let Keeper::Other(other) = &cell.header().keeper else { return Offer::Wait(msg) };
    match &**other {
        Other::Fail(refused) => {
            refused.fetch_add(1, Ordering::Relaxed);
            Offer::Full(msg)
        }
        Other::DropNew(dropped) => {
            dropped.fetch_add(1, Ordering::Relaxed);
            Offer::Dropped(msg)
        }
        Other::Locked(inbox) => inbox.offer(cell, msg, verb),
    }
}

/// A message that waits for room.
pub(crate) type Waiting<A> = Pin<Box<dyn Future<Output = Result<(), <A as Actor>::Msg>> + Send>>;

/// Waits until a message is taken, or hands it back: the inbox has closed.
pub(crate) async fn wait_for_room<A: Actor>(
    cell: Arc<ActorCell<A>>,
    msg: A::Msg,
    verb: Verb,
) -> Result<(), A::Msg> {
    match cell.header().keeper.locked() {
        Some(inbox) => inbox.send(&cell, msg, verb).await,
        None => cell.send(Item::Msg(msg)).await.map_err(|closed| closed.0.into_msg()),
    }
}
