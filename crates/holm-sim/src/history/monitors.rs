//! Rules 11 and 12: every monitor has one outcome, and that is the real one.

use std::collections::BTreeMap;

use holm_wire::ExitReason;

use super::view::{Position, View};
use super::{ClientId, Event, Fault, Promise};

/// A monitor that is over, or not.
struct Monitor {
    target: ClientId,
    begun: Position,
    over: bool,
}

/// By watcher and number.
type Monitors = BTreeMap<(ClientId, u64), Monitor>;

pub(super) fn check(view: &View<'_>) -> Result<(), Fault> {
    follow(view, |_, _, _, _| Ok(())).map(drop)
}

/// Once nothing is under way.
pub(super) fn check_quiet(view: &View<'_>) -> Result<(), Fault> {
    for ((by, _), monitor) in follow(view, is_real)? {
        let Monitor { target, begun, over } = monitor;
        let due = view.has_ended(target) || view.has_lost(by, target, begun);
        if !over && due && !view.has_ended(by) {
            return Err(Promise::Monitors.broken(&view.entries[begun], "it never fired"));
        }
    }
    Ok(())
}

/// All monitors; each `Down` is also judged by `judge`.
fn follow(
    view: &View<'_>,
    judge: impl Fn(&View<'_>, ClientId, &Monitor, &ExitReason) -> Result<(), String>,
) -> Result<Monitors, Fault> {
    let mut monitors = Monitors::new();
    for (position, event) in view.events() {
        let broken = |why: &str| Promise::Monitors.broken(&view.entries[position], why);
        match event {
            Event::Monitoring { by, monitor, target } => {
                let new = Monitor { target: *target, begun: position, over: false };
                if monitors.insert((*by, *monitor), new).is_some() {
                    return Err(broken("a number is used once"));
                }
            }
            Event::Demonitored { by, monitor } => {
                let known = monitors.get_mut(&(*by, *monitor));
                known.ok_or_else(|| broken("there is no such monitor"))?.over = true;
            }
            Event::Down { by, monitor, reason } => {
                let known = monitors.get_mut(&(*by, *monitor));
                let known = known.ok_or_else(|| broken("there is no such monitor"))?;
                if std::mem::replace(&mut known.over, true) {
                    return Err(broken("it had fired, or was given up"));
                }
                judge(view, *by, known, reason).map_err(|why| broken(&why))?;
            }
            _ => {}
        }
    }
    Ok(monitors)
}

/// Whether the reason fits what happened to the target.
fn is_real(
    view: &View<'_>,
    by: ClientId,
    monitor: &Monitor,
    reason: &ExitReason,
) -> Result<(), String> {
    let Monitor { target, begun, .. } = *monitor;
    match (reason, view.end(target)) {
        (ExitReason::Noconnection, _) if view.may_be_lost(by, target, begun) => Ok(()),
        (ExitReason::Noconnection, _) => Err("the session was there all the time".to_owned()),
        (ExitReason::Noproc, None) if !view.has_met(by, target, begun) => Ok(()),
        (_, None) => Err("its target lives".to_owned()),
        (ExitReason::Noproc, Some(_)) => Ok(()),
        (told, Some(end)) => match end.reason {
            Some(real) if real != told => Err(format!("its target ended with `{real}`")),
            Some(_) | None => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        FAR, HERE, LOCAL, Tale, down, ended, monitor_down, monitoring, up,
    };
    use super::*;

    #[test]
    fn a_monitor_fires_once_if_it_is_held() {
        let mut tale = Tale::new();
        tale.now(monitoring(LOCAL, 1)).now(ended(LOCAL));
        tale.fails(check_quiet, Promise::Monitors);
        tale.now(monitor_down(1, ExitReason::Normal)).passes(check_quiet);
        tale.now(monitor_down(1, ExitReason::Normal)).fails(check, Promise::Monitors);
    }

    #[test]
    fn nothing_comes_of_a_monitor_that_was_given_up() {
        let mut tale = Tale::new();
        tale.now(monitoring(LOCAL, 1)).now(Event::Demonitored { by: HERE, monitor: 1 });
        tale.now(ended(LOCAL)).passes(check_quiet);
        tale.now(monitor_down(1, ExitReason::Normal)).fails(check, Promise::Monitors);
    }

    #[test]
    fn the_reason_is_the_real_one() {
        let watched = || {
            let mut tale = Tale::new();
            tale.at(0, up(HERE, FAR)).at(0, up(FAR, HERE)).at(1, monitoring(FAR, 1));
            tale
        };
        let lost = monitor_down(1, ExitReason::Noconnection);
        let normal = monitor_down(1, ExitReason::Normal);
        watched().at(2, lost.clone()).fails(check_quiet, Promise::Monitors);
        watched().at(2, lost).at(2, down(HERE, FAR)).passes(check_quiet);
        watched().at(2, normal.clone()).fails(check_quiet, Promise::Monitors);
        let killed = Event::Ended { client: FAR, reason: Some(ExitReason::Killed) };
        watched().at(2, killed).at(2, normal).fails(check_quiet, Promise::Monitors);
    }

    #[test]
    fn nobody_is_known_on_a_node_that_was_never_met() {
        let noproc = || monitor_down(1, ExitReason::Noproc);
        let mut tale = Tale::new();
        tale.at(1, monitoring(FAR, 1)).at(2, noproc()).passes(check_quiet);
        let mut tale = Tale::new();
        tale.at(0, up(HERE, FAR)).at(0, up(FAR, HERE)).at(1, monitoring(FAR, 1));
        tale.at(2, noproc()).fails(check_quiet, Promise::Monitors);
    }

    #[test]
    fn a_lost_session_fires_it() {
        let mut tale = Tale::new();
        tale.at(0, up(HERE, FAR)).at(0, up(FAR, HERE)).at(1, monitoring(FAR, 1));
        tale.passes(check_quiet);
        tale.at(2, down(HERE, FAR)).fails(check_quiet, Promise::Monitors);
    }
}
