//! Rule 2: who watches is told of a break before anything sent later arrives.

use std::collections::{BTreeMap, BTreeSet};

use super::view::View;
use super::{ClientId, Event, Fault, Promise};

/// What one client has seen.
#[derive(Default)]
struct Seen {
    /// The monitors that it holds, and whom they watch.
    monitors: BTreeMap<u64, ClientId>,
    /// Those it has held since the last message of each sender.
    since: BTreeMap<ClientId, BTreeSet<u64>>,
    last: BTreeMap<ClientId, u64>,
}

pub(super) fn check(view: &View<'_>) -> Result<(), Fault> {
    let mut seen: BTreeMap<ClientId, Seen> = BTreeMap::new();
    let mut accepted: BTreeMap<(ClientId, ClientId), BTreeSet<u64>> = BTreeMap::new();
    for (position, event) in view.events() {
        match event {
            Event::Sending { from, to, number } => {
                accepted.entry((*from, *to)).or_default().insert(*number);
            }
            Event::Refused { from, to, number } => {
                accepted.entry((*from, *to)).or_default().remove(number);
            }
            Event::Monitoring { by, monitor, target } => {
                seen.entry(*by).or_default().monitors.insert(*monitor, *target);
            }
            Event::Demonitored { by, monitor } | Event::Down { by, monitor, .. } => {
                seen.entry(*by).or_default().forget(*monitor);
            }
            Event::Received { by, from, number } => {
                let sent = accepted.entry((*from, *by)).or_default();
                let seen = seen.entry(*by).or_default();
                if let Some(untold) = seen.receive(view, *from, *number, sent) {
                    let why =
                        format!("messages before it were lost, and monitor {untold} was not told");
                    return Err(Promise::Told.broken(&view.entries[position], why));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

impl Seen {
    /// A monitor is over: it need not be told of anything.
    fn forget(&mut self, monitor: u64) {
        self.monitors.remove(&monitor);
        for since in self.since.values_mut() {
            since.remove(&monitor);
        }
    }

    /// A message of `from`, who has had these accepted. A monitor that is still held although it
    /// saw a loss.
    fn receive(
        &mut self,
        view: &View<'_>,
        from: ClientId,
        number: u64,
        accepted: &BTreeSet<u64>,
    ) -> Option<u64> {
        let start = self.last.insert(from, number).map_or(0, |last| last + 1);
        let lost = start < number && accepted.range(start..number).next().is_some();
        let held =
            self.monitors.iter().filter(|(_, target)| view.node(**target) == view.node(from));
        let held: BTreeSet<u64> = held.map(|(monitor, _)| *monitor).collect();
        let before = self.since.insert(from, held)?;
        if lost { before.into_iter().next() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use holm_wire::ExitReason;

    use super::super::testing::{FAR, Tale, monitor_down, monitoring, received, sending};
    use super::*;

    /// Messages 1 to 3, of which 2 is lost; `between` comes before 3.
    fn tale(between: &[Event]) -> Tale {
        let mut tale = Tale::new();
        tale.now(monitoring(FAR, 7));
        for number in [1, 2, 3] {
            tale.now(sending(number));
        }
        tale.now(received(1));
        for event in between {
            tale.now(event.clone());
        }
        tale.now(received(3));
        tale
    }

    #[test]
    fn a_loss_that_nobody_was_told_of_is_found() {
        tale(&[received(2)]).passes(check);
        tale(&[monitor_down(7, ExitReason::Noconnection)]).passes(check);
        tale(&[]).fails(check, Promise::Told);
    }
}
