//! When to tick, and when a silent peer is given up.

use std::time::Duration;

/// Silence after which a peer is given up: several of its ticks, and shorter than what
/// people wait for.
const SILENCE_DEFAULT: Duration = Duration::from_secs(10);
/// Fewest ticks that silence may be set to: a peer that looks every tick is quiet for two
/// at most, one may be late on its way, and one passes until this side looks.
const SILENCE_TICKS_MIN: u32 = 4;
/// Time without write progress after which a peer is given up that has been silent, too.
/// For peers that do not tick: with those that do, silence alone decides earlier.
const STALL_DEFAULT: Duration = Duration::from_secs(30);

/// How long a peer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Until a peer that ticks is given up for its silence (10 s). At least 4 ticks.
    pub silence: Duration,
    /// Until any peer is given up that takes nothing of what is queued and is silent,
    /// too (30 s). One that is heard may read nothing for as long as it likes.
    pub stall: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { silence: SILENCE_DEFAULT, stall: STALL_DEFAULT }
    }
}

/// What a session has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Bytes written.
    pub sent: u64,
    /// Bytes read.
    pub received: u64,
    /// Something waits to be written.
    pub queued: bool,
    /// Something has come that nobody has read yet.
    pub unread: bool,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Look {
    /// Nothing.
    Fine,
    /// Send a Tick: nothing was sent since the last look. It counts as sent itself.
    Tick,
    /// Give the peer up: nothing came for about this long.
    Silent(Duration),
    /// Give the peer up: nothing came and nothing went for so long.
    Stalled(Duration),
}

/// Looks at a session once a tick. Reads no clock for frames: it compares counters.
#[derive(Debug)]
pub struct KeepAlive {
    tick: Duration,
    /// The peer ticks, and so do we.
    ticks: bool,
    patience: Patience,
    last: Activity,
    looked_at: Duration,
    heard_at: Duration,
    progress_at: Duration,
}

impl KeepAlive {
    /// From `now` on, a time since any fixed moment. `ticks`: the feature was agreed on.
    pub fn new(tick: Duration, ticks: bool, patience: Patience, now: Duration) -> Self {
        let silence = patience.silence.max(SILENCE_TICKS_MIN * tick);
        Self {
            tick,
            ticks,
            patience: Patience { silence, ..patience },
            last: Activity::default(),
            looked_at: now,
            heard_at: now,
            progress_at: now,
        }
    }

    /// How long to wait before the next look.
    pub fn interval(&self) -> Duration {
        self.tick
    }

    /// Looks at what the session has done by `now`.
    pub fn handle_look(&mut self, now: Duration, activity: Activity) -> Look {
        let last = std::mem::replace(&mut self.last, activity);
        // A look that comes late proves nothing about the peer: we were stopped.
        let late = now.saturating_sub(self.looked_at) > 2 * self.tick;
        self.looked_at = now;
        if late || activity.unread || activity.received != last.received {
            self.heard_at = now;
        }
        if late || activity.sent != last.sent || !activity.queued {
            self.progress_at = now;
        }
        // What was heard may have come right behind the last look.
        let silence = now.saturating_sub(self.heard_at) + self.tick;
        let stall = now.saturating_sub(self.progress_at.max(self.heard_at));
        if self.ticks && silence >= self.patience.silence {
            Look::Silent(silence)
        } else if stall >= self.patience.stall {
            Look::Stalled(stall)
        } else if self.ticks && activity.sent == last.sent && !activity.queued {
            Look::Tick
        } else {
            Look::Fine
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_secs(2);
    const QUIET: Activity = Activity { sent: 0, received: 0, queued: false, unread: false };

    fn keep_alive(ticks: bool) -> KeepAlive {
        KeepAlive::new(TICK, ticks, Patience::default(), Duration::ZERO)
    }

    /// Looks at what `activity` says for each second of a look, until it is not so.
    fn looks(mut it: KeepAlive, mut activity: impl FnMut(u64) -> Activity) -> Vec<Look> {
        let mut looks = Vec::new();
        for second in (2..=60).step_by(2) {
            looks.push(it.handle_look(Duration::from_secs(second), activity(second)));
            if let Some(Look::Silent(_) | Look::Stalled(_)) = looks.last() {
                break;
            }
        }
        looks
    }

    #[test]
    fn silence_ends_it_within_its_time() {
        let seen = looks(keep_alive(true), |_| QUIET);
        assert_eq!(seen[..3], [Look::Tick; 3]);
        assert_eq!(seen[3..], [Look::Silent(Duration::from_secs(10))], "at 8 s, heard at 0");
    }

    #[test]
    fn anything_heard_counts_and_ticks_go_on() {
        let seen = looks(keep_alive(true), |second| Activity { received: second / 4, ..QUIET });
        assert_eq!(seen, vec![Look::Tick; 30]);
    }

    #[test]
    fn no_tick_beside_traffic() {
        let seen = looks(keep_alive(true), |second| Activity {
            sent: second,
            received: second,
            queued: second % 4 == 0,
            ..QUIET
        });
        assert_eq!(seen, vec![Look::Fine; 30]);
    }

    #[test]
    fn a_peer_that_never_ticks_may_be_silent() {
        assert_eq!(looks(keep_alive(false), |_| QUIET), vec![Look::Fine; 30]);
    }

    #[test]
    fn no_progress_matters_only_in_silence() {
        let stuck = Activity { queued: true, ..QUIET };
        let seen = looks(keep_alive(false), |_| stuck);
        assert_eq!(seen.last(), Some(&Look::Stalled(Duration::from_secs(30))));
        for ticks in [false, true] {
            let seen = looks(keep_alive(ticks), |second| Activity { received: second, ..stuck });
            assert_eq!(seen, vec![Look::Fine; 30], "it does not read, but it is there");
        }
        let seen = looks(keep_alive(false), |second| Activity { sent: second, ..stuck });
        assert_eq!(seen, vec![Look::Fine; 30]);
    }

    #[test]
    fn what_is_unread_counts_as_heard() {
        let seen = looks(keep_alive(true), |_| Activity { unread: true, ..QUIET });
        assert_eq!(seen, vec![Look::Tick; 30]);
        let until_30 = |second| Activity { unread: second <= 30, ..QUIET };
        assert_eq!(looks(keep_alive(true), until_30).len(), 19, "given up at 38 s");
    }

    #[test]
    fn a_late_look_proves_nothing() {
        let mut it = keep_alive(true);
        assert_eq!(it.handle_look(Duration::from_secs(500), QUIET), Look::Tick);
        assert_eq!(it.handle_look(Duration::from_secs(502), QUIET), Look::Tick);
    }

    #[test]
    fn silence_is_at_least_some_ticks() {
        let hasty = Patience { silence: Duration::from_secs(1), ..Patience::default() };
        let it = KeepAlive::new(TICK, true, hasty, Duration::ZERO);
        assert_eq!(looks(it, |_| QUIET).len(), 3);
    }
}
