//! Rule 16: sessions come and go in turn, and everything of a session is within it.

use std::collections::BTreeMap;

use holm_wire::NodeName;

use super::view::{Position, View};
use super::{ClientId, Event, Fault, Promise};

pub(super) fn check(view: &View<'_>) -> Result<(), Fault> {
    let mut up: BTreeMap<(&NodeName, &NodeName), bool> = BTreeMap::new();
    for (position, event) in view.events() {
        let broken = |why: &str| Err(Promise::Sessions.broken(&view.entries[position], why));
        match event {
            Event::NodeUp { at, node } => {
                let before = up.insert((at, node), true);
                if before == Some(true) {
                    return broken("it was up");
                }
            }
            Event::NodeDown { at, node } => {
                let before = up.insert((at, node), false);
                if before != Some(true) {
                    return broken("it was not up");
                }
            }
            Event::Crashed { node } => up.retain(|(at, _), _| at != &node),
            _ => {}
        }
    }
    Ok(())
}

/// Once nothing is under way.
pub(super) fn check_quiet(view: &View<'_>) -> Result<(), Fault> {
    let mut monitors: BTreeMap<(ClientId, u64), (ClientId, Position)> = BTreeMap::new();
    for (position, event) in view.events() {
        match event {
            Event::Received { by, from, .. } if is_between(view, *by, *from, position) => {
                let why = "it came between two sessions";
                return Err(Promise::Sessions.broken(&view.entries[position], why));
            }
            Event::Returned { from, to, replied: true, .. }
                if is_between(view, *from, *to, position) =>
            {
                let why = "the reply came between two sessions";
                return Err(Promise::Sessions.broken(&view.entries[position], why));
            }
            Event::Monitoring { by, monitor, target } => {
                monitors.insert((*by, *monitor), (*target, position));
            }
            Event::Down { by, monitor, .. } => {
                let Some((target, begun)) = monitors.get(&(*by, *monitor)) else { continue };
                if has_lost_between(view, *by, *target, *begun, position) {
                    let why = "it came after the NodeDown";
                    return Err(Promise::Sessions.broken(&view.entries[position], why));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether at this time `by` had lost the session with the node of `other`, and had no new one.
/// Within one instant nobody can tell.
fn is_between(view: &View<'_>, by: ClientId, other: ClientId, position: Position) -> bool {
    let (at, node) = (view.node(by), view.node(other));
    let changes = view.sessions(at, node);
    let now = view.time(position);
    let before = changes.iter().rfind(|(change, _)| view.time(*change) <= now);
    at != node && before.is_some_and(|(change, up)| !up && view.time(*change) < now)
}

/// Whether the session was lost after one time and before the other.
fn has_lost_between(
    view: &View<'_>,
    by: ClientId,
    other: ClientId,
    start: Position,
    end: Position,
) -> bool {
    let within = view.time(start)..view.time(end);
    view.sessions(view.node(by), view.node(other)).iter().any(|(change, up)| {
        let at = view.time(*change);
        !up && within.contains(&at) && at > within.start
    })
}

#[cfg(test)]
mod tests {
    use holm_wire::ExitReason;

    use super::super::testing::{FAR, HERE, Tale, down, monitor_down, monitoring, received, up};
    use super::*;

    #[test]
    fn up_and_down_take_turns() {
        let mut tale = Tale::new();
        tale.at(0, up(HERE, FAR)).at(1, down(HERE, FAR)).at(2, up(HERE, FAR)).passes(check);
        tale.at(3, up(HERE, FAR)).fails(check, Promise::Sessions);
        Tale::new().at(0, down(HERE, FAR)).fails(check, Promise::Sessions);
    }

    #[test]
    fn a_new_life_has_new_sessions() {
        let node = Tale::new().node(HERE);
        let mut tale = Tale::new();
        tale.at(0, up(HERE, FAR)).at(1, Event::Crashed { node }).at(2, up(HERE, FAR));
        tale.passes(check);
    }

    #[test]
    fn nothing_comes_between_sessions() {
        let session = || {
            let mut tale = Tale::new();
            tale.at(0, up(HERE, FAR)).at(2, down(HERE, FAR));
            tale
        };
        session().at(2, received(1)).passes(check_quiet);
        session().at(3, received(1)).fails(check_quiet, Promise::Sessions);
        session().at(3, up(HERE, FAR)).at(3, received(1)).passes(check_quiet);
    }

    #[test]
    fn a_down_precedes_the_node_down() {
        let watched = |late: u64| {
            let mut tale = Tale::new();
            tale.at(0, up(HERE, FAR)).at(1, monitoring(FAR, 1)).at(2, down(HERE, FAR));
            tale.at(2 + late, monitor_down(1, ExitReason::Noconnection));
            tale
        };
        watched(0).passes(check_quiet);
        watched(1).fails(check_quiet, Promise::Sessions);
    }
}
