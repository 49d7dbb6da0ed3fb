//! Rule 2: every call ends once, and a reply comes of a call that arrived.

use std::collections::{BTreeMap, BTreeSet};

use super::view::{Position, View};
use super::{ClientId, Event, Fault, Promise};

/// Caller, callee and number.
type Call = (ClientId, ClientId, u64);

pub(super) fn check(view: &View<'_>) -> Result<(), Fault> {
    open(view).map(drop)
}

/// Once nothing is under way.
pub(super) fn check_quiet(view: &View<'_>) -> Result<(), Fault> {
    for ((caller, ..), position) in open(view)? {
        if !view.has_ended(caller) {
            return Err(Promise::Calls.broken(&view.entries[position], "it never ended"));
        }
    }
    Ok(())
}

/// The calls that have not ended.
fn open(view: &View<'_>) -> Result<BTreeMap<Call, Position>, Fault> {
    let mut open = BTreeMap::new();
    let mut arrived: BTreeSet<Call> = BTreeSet::new();
    for (position, event) in view.events() {
        let broken = |why: &str| Err(Promise::Calls.broken(&view.entries[position], why));
        match event {
            Event::Calling { from, to, number } => {
                open.insert((*from, *to, *number), position);
            }
            Event::Received { by, from, number } => {
                arrived.insert((*from, *by, *number));
            }
            Event::Returned { from, to, number, replied } => {
                let call = (*from, *to, *number);
                if open.remove(&call).is_none() {
                    return broken("it was not open");
                }
                if *replied && !arrived.contains(&call) {
                    return broken("a reply to what did not arrive");
                }
            }
            _ => {}
        }
    }
    Ok(open)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{FAR, HERE, Tale, ended};
    use super::*;

    fn calling(number: u64) -> Event {
        Event::Calling { from: HERE, to: FAR, number }
    }

    fn arrived(number: u64) -> Event {
        Event::Received { by: FAR, from: HERE, number }
    }

    fn returned(number: u64, replied: bool) -> Event {
        Event::Returned { from: HERE, to: FAR, number, replied }
    }

    #[test]
    fn a_call_ends_once() {
        let mut tale = Tale::new();
        tale.now(calling(1)).now(arrived(1));
        tale.passes(check).fails(check_quiet, Promise::Calls);
        tale.now(returned(1, true)).passes(check_quiet);
        tale.now(returned(1, false)).fails(check, Promise::Calls);
    }

    #[test]
    fn a_caller_that_has_ended_waits_no_more() {
        Tale::new().now(calling(1)).now(ended(HERE)).passes(check_quiet);
    }

    #[test]
    fn a_reply_out_of_nothing_is_found() {
        Tale::new().now(calling(1)).now(returned(1, true)).fails(check, Promise::Calls);
        Tale::new().now(calling(1)).now(returned(1, false)).passes(check_quiet);
    }
}
