//! Rules 9 to 11: a link has one outcome for each side.

use std::collections::BTreeMap;

use super::view::{Position, View};
use super::{ClientId, Event, Fault, Promise};

/// One side of a pair.
#[derive(Default)]
struct Side {
    /// Its first call of `link` that has had no outcome.
    linked: Option<Position>,
    /// Calls of `link` that may have an exit each: of two in a row the second may find the first
    /// one's exit on its way.
    open: usize,
    /// Its last call of `unlink`.
    unlinked: Option<Position>,
    /// Calls of `link`.
    calls: usize,
    exits: usize,
}

/// By who was told, and of whom.
type Sides = BTreeMap<(ClientId, ClientId), Side>;

pub(super) fn check(view: &View<'_>) -> Result<(), Fault> {
    follow(view).map(drop)
}

/// Once nothing is under way.
pub(super) fn check_quiet(view: &View<'_>) -> Result<(), Fault> {
    let sides = follow(view)?;
    for ((by, peer), side) in &sides {
        let Some(linked) = side.linked else { continue };
        // Whoever unlinks last has the last word.
        let given_up = sides.get(&(*peer, *by)).and_then(|side| side.unlinked) > Some(linked);
        let due = view.has_ended(*peer) || view.has_lost(*by, *peer, linked);
        if due && !given_up && !view.has_ended(*by) {
            return Err(Promise::Links.broken(&view.entries[linked], "no exit came"));
        }
    }
    Ok(())
}

fn follow(view: &View<'_>) -> Result<Sides, Fault> {
    let mut sides = Sides::new();
    for (position, event) in view.events() {
        let broken = |why: &str| Err(Promise::Links.broken(&view.entries[position], why));
        match event {
            Event::Linking { by, peer } => {
                let side = sides.entry((*by, *peer)).or_default();
                side.calls += 1;
                side.open += 1;
                side.linked.get_or_insert(position);
            }
            Event::Unlinked { by, peer } => {
                let side = sides.entry((*by, *peer)).or_default();
                side.linked = None;
                side.open = 0;
                side.unlinked = Some(position);
            }
            Event::Exit { by, from } => {
                let theirs = sides.get(&(*from, *by)).map_or(0, |side| side.calls);
                let side = sides.entry((*by, *from)).or_default();
                side.exits += 1;
                if side.exits > side.calls + theirs {
                    return broken("more exits than links");
                }
                // A link of the peer may have crossed the unlink.
                if side.open == 0 && theirs == 0 {
                    return broken("it was not linked any more");
                }
                side.open = side.open.saturating_sub(1);
                side.linked = None;
            }
            _ => {}
        }
    }
    Ok(sides)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{HERE, LOCAL, Tale, ended};
    use super::*;

    fn linking() -> Event {
        Event::Linking { by: HERE, peer: LOCAL }
    }

    fn unlinked() -> Event {
        Event::Unlinked { by: HERE, peer: LOCAL }
    }

    fn exit() -> Event {
        Event::Exit { by: HERE, from: LOCAL }
    }

    #[test]
    fn an_exit_comes_once() {
        let mut tale = Tale::new();
        tale.now(linking()).now(ended(LOCAL)).fails(check_quiet, Promise::Links);
        tale.now(exit()).passes(check_quiet);
        tale.now(exit()).fails(check, Promise::Links);
        // A link to the dead is answered by an exit.
        Tale::new().now(linking()).now(exit()).now(linking()).now(exit()).passes(check);
        Tale::new().now(linking()).now(linking()).now(exit()).now(exit()).passes(check);
    }

    #[test]
    fn no_exit_comes_after_unlink() {
        let mut tale = Tale::new();
        tale.now(linking()).now(unlinked()).now(ended(LOCAL)).passes(check_quiet);
        tale.now(exit()).fails(check, Promise::Links);
    }

    #[test]
    fn the_peer_may_unlink_too() {
        let mut tale = Tale::new();
        tale.now(linking()).now(Event::Unlinked { by: LOCAL, peer: HERE });
        tale.now(ended(LOCAL)).passes(check_quiet);
    }
}
