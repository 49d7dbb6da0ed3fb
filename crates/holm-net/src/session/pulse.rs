//! Looks at a session: ticks, gives a silent peer up, ends streams at their deadlines.

use std::sync::Arc;
use std::time::Duration;

use holm_env::Env;
use holm_wire::Code;
use holm_wire::control::Control;
use holm_wire::handshake::Features;
use holm_wire::session::{KeepAlive, Look, Order};
use tokio::time::Instant;

use super::{End, Session, Written};
use crate::pulse::{Beating, Pulse};

impl<S: Send + 'static> Session<S> {
    /// Has `pulse` look at this session, or without one the task that sees to deadlines.
    pub(super) fn start_pulse(self: &Arc<Self>, env: &Env, pulse: Option<&Pulse>) {
        let tick = Duration::from_millis(self.terms.limits.tick_ms as u64);
        let ticks = self.terms.features.contains(Features::TICKS);
        let keep_alive = KeepAlive::new(tick, ticks, self.patience, Duration::ZERO);
        let looks = match pulse {
            Some(pulse) => {
                let session = Arc::downgrade(self);
                pulse.keep(session, keep_alive);
                None
            }
            None => Some(keep_alive),
        };
        let session = Arc::clone(self);
        let start = Instant::now();
        drop(env.spawn(async move { session.pulse(looks, start).await }));
    }

    /// Ends streams at their deadlines, and looks once a tick if it is to, until the session ends.
    async fn pulse(&self, mut looks: Option<KeepAlive>, start: Instant) {
        let mut next = looks.as_ref().map(|looks| start + looks.interval());
        loop {
            let drained = self.drained.notified();
            let deadline = {
                let out = self.out.lock();
                if !out.open {
                    return;
                }
                out.deadlines.next()
            };
            let at = deadline.into_iter().chain(next).min();
            tokio::select! {
                biased;
                () = drained => continue,
                () = self.sooner.notified() => continue,
                () = tokio::time::sleep_until(at.unwrap_or(start)), if at.is_some() => {}
            }
            let now = Instant::now();
            if deadline.is_some_and(|at| at <= now) {
                self.expire(now);
            }
            if let Some(looks) = &mut looks
                && next.is_some_and(|next| next <= now)
            {
                next = Some(now + looks.interval());
                self.look(looks, now - start);
            }
        }
    }

    /// Looks at what the session has done by `now`, and does what is to be done.
    fn look(&self, keep_alive: &mut KeepAlive, now: Duration) {
        match keep_alive.handle_look(now, self.activity()) {
            Look::Fine => {}
            Look::Tick => {
                let control = Control::Tick;
                self.append(|out| {
                    // A control frame is small: it is never refused.
                    let write = |bytes: &mut Vec<u8>| control.encode(bytes);
                    let _ = out.push(control.head(), Order::Free, write);
                });
                self.flush();
            }
            Look::Silent(time) => self.give_up(End::Silent(time), "nothing was heard"),
            Look::Stalled(time) => self.give_up(End::Stalled(time), "nothing was taken"),
        }
    }

    /// Ends the session for a reason of our own. The reader tears down.
    fn give_up(&self, end: End, message: &str) {
        self.out.lock().gave_up = Some(end);
        self.close(Code::Disconnected, message);
    }
}

impl<S: Send + 'static> Beating for Session<S> {
    fn beat(&self, keep_alive: &mut KeepAlive, now: Duration) -> bool {
        self.look(keep_alive, now);
        // The kernel may have room of which no task has heard.
        let mut out = self.out.lock();
        if out.open && !out.outbound.is_empty() && self.write_some(&mut out) != Written::All {
            self.wake.notify_one();
        }
        out.open
    }
}
