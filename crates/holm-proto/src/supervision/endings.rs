//! The end of a life, and what follows from it.

use std::time::Duration;

use holm_wire::ExitReason;

use super::child::{FirstStart, State, Then};
use super::id::Order;
use super::{Command, Life, Moment, Outcome, Restart, Strategy, Supervision};

/// What the user's on-crash hook says to a crash. Nobody asks it about a child that was
/// being stopped, or that has never started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// As its restart kind says.
    #[default]
    Default,
    /// Restart it, of whatever kind it is.
    Restart,
    /// Leave it, as at the end of a transient child.
    Stop,
    /// The supervisor fails in its place.
    Escalate,
}

/// How a life ended.
struct Ending {
    reason: ExitReason,
    verdict: Verdict,
    /// Whether a restart counts against intensity and breaker.
    counts: bool,
    /// How long the child had run; `None` if it had not started.
    ran: Option<Duration>,
}

impl Supervision {
    /// This life has ended: by itself, because it was stopped or killed, or because its
    /// start failed. `random` is uniform over its type, and used for the jitter. A report
    /// about a life that is over is ignored.
    pub fn handle_down(
        &mut self,
        life: Life,
        reason: ExitReason,
        verdict: Verdict,
        now: Moment,
        random: u64,
    ) {
        self.handle_ending(life, Ending { reason, verdict, counts: true, ran: None }, now, random);
    }

    /// The connection to the node of this life is lost, and the life is known to be over.
    /// As [`handle_down`](Self::handle_down) with `Noconnection`, but a restart counts
    /// neither against the intensity nor for the breaker.
    pub fn handle_lost(&mut self, life: Life, now: Moment, random: u64) {
        let (reason, verdict) = (ExitReason::Noconnection, Verdict::Default);
        self.handle_ending(life, Ending { reason, verdict, counts: false, ran: None }, now, random);
    }

    fn handle_ending(&mut self, life: Life, mut ending: Ending, now: Moment, random: u64) {
        let Some(order) = self.roster.living(life) else { return };
        let state = self.roster.state(order);
        self.roster.set(order, State::Idle);
        match state {
            State::Idle | State::Queued | State::Held { .. } => unreachable!("it was living"),
            State::Starting { .. } => self.start_failed(order, ending, now, random),
            State::Running { since, .. } => {
                ending.ran = Some(now.since(since));
                self.judge(order, ending, now, random);
            }
            State::Doomed { then } | State::Leaving { then, .. } => self.settle(order, then, now),
            State::Overdue => {
                let time = self.roster.child(order).spec.start_time.unwrap_or_default();
                ending.reason = ExitReason::Failed(format!("not started within {time:?}").into());
                self.start_failed(order, ending, now, random);
            }
        }
        self.advance(now);
    }

    fn start_failed(&mut self, order: Order, ending: Ending, now: Moment, random: u64) {
        let child = self.roster.child(order);
        match child.first_start {
            FirstStart::Initial => {
                let id = child.spec.id.clone();
                self.begin_stop(Outcome::StartFailed { id, reason: ending.reason });
            }
            FirstStart::Added => self.settle(order, Then::Forget, now),
            FirstStart::Past => self.judge(order, ending, now, random),
        }
    }

    /// Decides about a child that ended of itself.
    fn judge(&mut self, order: Order, ending: Ending, now: Moment, random: u64) {
        let child = self.roster.child(order);
        let restart = match (ending.verdict, child.spec.restart) {
            (Verdict::Escalate, _) => {
                let id = child.spec.id.clone();
                return self.begin_stop(Outcome::Escalated { id, reason: ending.reason });
            }
            (Verdict::Restart, _) | (Verdict::Default, Restart::Permanent) => true,
            (Verdict::Stop, _) | (Verdict::Default, Restart::Temporary) => false,
            (Verdict::Default, Restart::Transient) => {
                ending.ran.is_none() || is_abnormal(&ending.reason)
            }
        };
        if restart {
            self.restart_after(order, ending, now, random);
        } else {
            let then = child.at_rest();
            self.settle(order, then, now);
        }
    }

    fn restart_after(&mut self, order: Order, ending: Ending, now: Moment, random: u64) {
        let Ending { reason, counts, ran, verdict: _ } = ending;
        let child = self.roster.child_mut(order);
        let cool_down = match &mut child.breaker {
            Some(breaker) if counts => breaker.handle_crash(now, ran),
            Some(_) | None => None,
        };
        let wait = match cool_down {
            Some(cool_down) => cool_down,
            None => {
                let wait = child.next_wait(&self.policy.backoff, ran, random);
                let intensity = self.policy.intensity;
                let allowed = usize::try_from(intensity.restarts).unwrap_or(usize::MAX);
                if counts && self.restarts.count(now, intensity.window) > allowed {
                    let id = self.roster.id(order);
                    return self.begin_stop(Outcome::TooManyRestarts { id, reason });
                }
                wait
            }
        };
        for other in self.concerned(order) {
            self.restart_with_siblings(other);
        }
        if wait.is_zero() {
            self.enqueue(order, now);
        } else {
            self.roster.set(order, State::Held { until: now + wait });
        }
    }

    /// Who else is to be restarted after a crash of this child.
    fn concerned(&self, crashed: Order) -> Vec<Order> {
        let orders = self.roster.children.keys().copied();
        match self.policy.strategy {
            Strategy::OneForOne | Strategy::Dynamic => Vec::new(),
            Strategy::OneForAll => orders.filter(|order| *order != crashed).collect(),
            Strategy::RestForOne => orders.filter(|order| *order > crashed).collect(),
        }
    }

    fn restart_with_siblings(&mut self, order: Order) {
        let state = match self.roster.state(order) {
            State::Idle => State::Queued,
            State::Starting { .. } | State::Running { .. } => {
                let then = match self.roster.child(order).at_rest() {
                    Then::Restart | Then::Stay => Then::Restart,
                    Then::Forget => Then::Forget,
                };
                State::Doomed { then }
            }
            // Stopped or removed one by one: as if that had happened before the crash.
            State::Leaving { kill_at, then: Then::Stay } => {
                State::Leaving { kill_at, then: Then::Restart }
            }
            State::Doomed { then: Then::Stay } => State::Doomed { then: Then::Restart },
            unchanged @ (State::Queued | State::Held { .. } | State::Overdue) => unchanged,
            unchanged @ (State::Doomed { .. } | State::Leaving { .. }) => unchanged,
        };
        self.roster.set(order, state);
    }

    /// Does what was to become of a child that has no life now.
    pub(super) fn settle(&mut self, order: Order, then: Then, now: Moment) {
        match then {
            Then::Restart => self.enqueue(order, now),
            Then::Stay => {
                self.roster.set(order, State::Idle);
                self.pass_first_start(order);
            }
            Then::Forget => {
                self.roster.set(order, State::Idle);
                self.commands.push_back(Command::Forget { id: self.roster.id(order) });
                self.pass_first_start(order);
                self.roster.remove(order);
            }
        }
    }
}

/// Whether a transient child with this reason is restarted.
pub(super) fn is_abnormal(reason: &ExitReason) -> bool {
    match reason {
        ExitReason::Normal | ExitReason::Shutdown(_) => false,
        ExitReason::Killed | ExitReason::Failed(_) => true,
        ExitReason::Noproc | ExitReason::Noconnection => true,
    }
}
