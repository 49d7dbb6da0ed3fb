//! Rule 1: messages of a pair arrive in the order sent, none twice.

use std::collections::{BTreeMap, BTreeSet};

use super::view::View;
use super::{Event, Fault, Promise};

pub(super) fn check(view: &View<'_>) -> Result<(), Fault> {
    let mut sent = BTreeMap::new();
    let mut under_way = BTreeSet::new();
    let mut last = BTreeMap::new();
    for (position, event) in view.events() {
        let broken = |why: &str| Err(Promise::Order.broken(&view.entries[position], why));
        match event {
            Event::Sending { from, to, number } | Event::Calling { from, to, number } => {
                if sent.insert((*from, *to), *number).is_some_and(|before| before >= *number) {
                    return broken("the numbers of a sender increase");
                }
                under_way.insert((*from, *to, *number));
            }
            Event::Refused { from, to, number } => {
                let known = under_way.remove(&(*from, *to, *number));
                if !known {
                    return broken("it was not under way");
                }
            }
            Event::Received { by, from, number } => {
                if last.insert((*from, *by), *number).is_some_and(|before| before >= *number) {
                    return broken("a later one, or the same, arrived before");
                }
                if !under_way.remove(&(*from, *by, *number)) {
                    return broken("it was not sent, or was refused");
                }
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{HERE, LOCAL, Tale, received, sending};
    use super::*;

    #[test]
    fn each_pair_has_an_order_of_its_own() {
        let mut tale = Tale::new();
        for number in [1, 4, 9] {
            tale.now(sending(number)).now(Event::Sending { from: LOCAL, to: HERE, number });
        }
        tale.now(received(1)).now(received(9));
        tale.now(Event::Received { by: HERE, from: LOCAL, number: 1 });
        tale.passes(check);
    }

    #[test]
    fn what_comes_twice_or_late_or_from_nowhere_is_found() {
        for wrong in [&[1, 1][..], &[2, 1], &[3]] {
            let mut tale = Tale::new();
            tale.now(sending(1)).now(sending(2));
            for number in wrong {
                tale.now(received(*number));
            }
            tale.fails(check, Promise::Order);
        }
    }

    #[test]
    fn what_was_refused_does_not_arrive() {
        let refused = |tale: &mut Tale| {
            let Event::Sending { from, to, number } = sending(1) else { unreachable!() };
            tale.now(sending(1)).now(Event::Refused { from, to, number });
        };
        let mut tale = Tale::new();
        refused(&mut tale);
        tale.passes(check);
        tale.now(received(1)).fails(check, Promise::Order);
    }
}
