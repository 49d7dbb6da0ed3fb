//! The task that ticks, gives a silent peer up, and ends streams at their deadlines.

use holm_wire::Code;
use holm_wire::control::Control;
use holm_wire::session::{KeepAlive, Look, Order};
use tokio::time::Instant;

use super::{End, Session};

impl<S: Send + 'static> Session<S> {
    /// The pulse task: looks once a tick and at each deadline, until the session ends.
    pub(super) async fn pulse(&self, mut keep_alive: KeepAlive, start: Instant) {
        let mut next = start + keep_alive.interval();
        loop {
            let drained = self.drained.notified();
            let deadline = {
                let out = self.out.lock();
                if !out.open {
                    return;
                }
                out.deadlines.next()
            };
            tokio::select! {
                biased;
                () = drained => continue,
                () = self.sooner.notified() => continue,
                () = tokio::time::sleep_until(deadline.map_or(next, |at| at.min(next))) => {}
            }
            let now = Instant::now();
            if deadline.is_some_and(|at| at <= now) {
                self.expire(now);
            }
            if now < next {
                continue;
            }
            next = now + keep_alive.interval();
            let activity = self.activity();
            // Whoever was to flush that may be held up by a handler that blocks its thread.
            if activity.queued {
                self.flush();
            }
            match keep_alive.handle_look(now - start, activity) {
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
    }

    /// Ends the session for a reason of our own. The reader tears down.
    fn give_up(&self, end: End, message: &str) {
        self.out.lock().gave_up = Some(end);
        self.close(Code::Disconnected, message);
    }
}
