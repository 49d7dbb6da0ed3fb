//! What must hold when two actors' race is over.

use holm_wire::ExitReason;

use super::Start;
use super::side::{GivenUp, Held, Side};
use crate::{ActorSystem, Down, Exit, Signal};

/// Lets both settle, judges each, then ends both: nothing of them is left.
pub(super) fn judge(system: &ActorSystem, start: Start, mut sides: [Side; 2]) {
    // The end of one may be the end of the other, whichever comes first.
    for n in [0, 1, 0] {
        sides[n].bury_if_due();
    }
    for side in sides.iter_mut().filter(|side| !side.has_ended()) {
        side.take();
    }
    let [first, second] = &sides;
    for (n, side, other) in [(0, first, second), (1, second, first)] {
        judge_monitors(side, other);
        match (side.has_ended(), other.has_ended()) {
            (true, _) => judge_reason(side, other),
            (false, true) => judge_survivor(start, side, other),
            (false, false) => judge_living(side, other),
        }
        if !side.has_ended() {
            judge_exits(side, other, start.traps[n]);
        }
    }
    for side in &mut sides {
        side.finish();
    }
    assert!(sides.iter().all(|side| side.life().is_unbound()), "something binds the dead");
    assert_eq!(system.actors(), 0);
    let cells = [sides[0].cell(), sides[1].cell()];
    drop(sides);
    assert_eq!(cells.map(|cell| cell.strong_count()), [0, 0], "somebody holds a cell");
}

/// Who was not ended by itself was ended by the other.
fn judge_reason(side: &Side, other: &Side) {
    let mut reasons = vec![side.own_reason()];
    if other.exits_sent > 0 {
        reasons.push(other.told_reason());
    }
    if side.links_made + other.links_made > 0 {
        reasons.extend(other.life().reason());
    }
    if side.links_made > 0 {
        reasons.push(ExitReason::Noproc);
    }
    let reason = side.life().reason().unwrap();
    assert!(reasons.contains(&reason), "{reason} is none of {reasons:?}");
}

fn judge_monitors(side: &Side, other: &Side) {
    for held in &side.monitors {
        let downs: Vec<&Down> =
            side.heard.iter().filter_map(|heard| down_of(heard, held)).collect();
        match held.given_up {
            None if !side.has_ended() => {
                assert_eq!(downs.len(), usize::from(other.has_ended()), "{downs:?}");
            }
            None | Some(GivenUp::Plainly) => assert!(downs.len() <= 1, "{downs:?}"),
            Some(GivenUp::Flushed(after)) => {
                let late = side.heard[after..].iter().find_map(|heard| down_of(heard, held));
                assert_eq!(late, None, "a flushed monitor fired");
                assert!(downs.len() <= 1, "{downs:?}");
            }
        }
        for down in downs {
            let is_real = other.life().reason().as_ref() == Some(&down.reason);
            assert!(is_real || !held.in_time, "{} is not why it ended", down.reason);
            let is_noproc = down.reason == ExitReason::Noproc;
            assert!(is_noproc || !held.too_late, "{} of one long gone", down.reason);
            assert!(is_real || is_noproc, "{} is no reason", down.reason);
        }
    }
}

fn down_of<'a>(signal: &'a Signal, held: &Held) -> Option<&'a Down> {
    match signal {
        Signal::Down(down) if down.monitor == held.monitor => Some(down),
        Signal::Down(_) | Signal::Exit(_) | Signal::Started(_) | Signal::Idle => None,
    }
}

/// Both live: they agree.
fn judge_living(side: &Side, other: &Side) {
    let (mine, theirs) = (side.life().bonds(), other.life().bonds());
    assert_eq!(mine.links.is_empty(), theirs.links.is_empty(), "they disagree on the link");
    let has_link = side.links_made + other.links_made > 0;
    if !(side.has_unlinked || other.has_unlinked) {
        assert_eq!(!mine.links.is_empty(), has_link);
    }
    let held = side.monitors.iter().filter(|held| held.given_up.is_none()).count();
    assert_eq!((mine.monitors, theirs.watchers), (held, held));
    assert_eq!(linked_exits(&side.heard).count(), 0, "an exit of the living");
}

/// The other has ended: each link was heard of once, and nothing of it is left.
fn judge_survivor(start: Start, side: &Side, other: &Side) {
    assert!(side.life().is_unbound(), "something binds it to the dead");
    let why = other.life().reason().unwrap();
    let real = linked_exits(&side.heard).filter(|exit| exit.reason == why).count();
    let noproc = linked_exits(&side.heard).filter(|exit| exit.reason == ExitReason::Noproc).count();
    assert_eq!(real + noproc, linked_exits(&side.heard).count(), "another reason");
    assert!(real <= 1, "heard {real} times");
    assert!(noproc <= side.links_made, "{noproc} links refused of {}", side.links_made);
    if !(side.has_unlinked || other.has_unlinked) {
        let was_linked = side.links_made + other.links_made > 0;
        assert_eq!(real + noproc > 0, was_linked, "heard {real} and {noproc} times");
        if start.linked {
            assert_eq!(real, 1, "what ended the first link");
        }
    }
    if let (Some(after), 0) = (side.unlinked_after, other.links_made) {
        assert_eq!(linked_exits(&side.heard[after..]).count(), 0, "after it unlinked");
    }
}

/// What the other sent reaches who traps exits, and ends others.
fn judge_exits(side: &Side, other: &Side, traps: bool) {
    assert!(traps || other.exits_sent == 0, "it lives on");
    let heard =
        side.heard.iter().filter(|heard| matches!(heard, Signal::Exit(exit) if !exit.linked));
    let heard = heard.count();
    // One that waits in the inbox stands for those that follow.
    assert!(heard <= other.exits_sent && (heard > 0) == (other.exits_sent > 0), "{heard} exits");
}

fn linked_exits(heard: &[Signal]) -> impl Iterator<Item = &Exit> {
    heard.iter().filter_map(|heard| match heard {
        Signal::Exit(exit) if exit.linked => Some(exit),
        Signal::Exit(_) | Signal::Down(_) | Signal::Started(_) | Signal::Idle => None,
    })
}
