//! Rules 1 and 2: nothing that was accepted is lost while there is a session.

use std::collections::BTreeMap;

use super::view::{Position, View};
use super::{ClientId, Event, Fault, Promise};

/// Once nothing is under way.
pub(super) fn check(view: &View<'_>) -> Result<(), Fault> {
    let mut under_way: BTreeMap<(ClientId, ClientId, u64), Position> = BTreeMap::new();
    for (position, event) in view.events() {
        match event {
            Event::Sending { from, to, number } => {
                under_way.insert((*from, *to, *number), position);
            }
            Event::Refused { from, to, number } | Event::Received { by: to, from, number } => {
                under_way.remove(&(*from, *to, *number));
            }
            _ => {}
        }
    }
    for ((from, to, _), position) in under_way {
        // What a sender had sent when it ended may have been refused unheard of.
        if !view.has_ended(from) && !view.has_ended(to) && !view.may_be_lost(from, to, position) {
            return Err(Promise::Loss.broken(&view.entries[position], "it never arrived"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{FAR, HERE, Tale, down, ended, received, sending, up};
    use super::*;

    #[test]
    fn a_loss_in_a_session_is_found() {
        let mut tale = Tale::new();
        tale.at(0, up(HERE, FAR)).at(0, up(FAR, HERE));
        tale.at(1, sending(1)).at(2, sending(2)).at(3, received(2));
        tale.fails(check, Promise::Loss);
    }

    #[test]
    fn a_loss_with_a_cause_is_none() {
        for cause in [down(HERE, FAR), down(FAR, HERE), ended(FAR), ended(HERE)] {
            let mut tale = Tale::new();
            tale.at(0, up(HERE, FAR)).at(0, up(FAR, HERE));
            tale.at(1, sending(1)).at(2, cause);
            tale.passes(check);
        }
    }

    #[test]
    fn an_earlier_break_is_no_cause() {
        let mut tale = Tale::new();
        for way in [(HERE, FAR), (FAR, HERE)] {
            tale.at(0, up(way.0, way.1)).at(1, down(way.0, way.1)).at(2, up(way.0, way.1));
        }
        tale.at(3, sending(1)).fails(check, Promise::Loss);
    }
}
