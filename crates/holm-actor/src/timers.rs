//! The timers of a system: one task, woken when the earliest is due.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use holm_wire::Pid;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::handle::Route;
use crate::timer::{Bell, Clapper, Interval, Source};
use crate::timer_queue::{Origin, Schedule, TimerKey, TimerQueue};
use crate::{Actor, ActorSystem, Context, Handle, Ref, SendError, Timer};

/// Timers that others may have set for one actor and that it has not handled, at most: timers go
/// past the bound of the inbox, so this is the bound of what others can queue that way. One more
/// is handed back as [`SendError::Full`].
pub const TIMERS_FROM_OUTSIDE_MAX: usize = 65_536;

/// The shortest period of an interval: what the clock below can tell apart. A shorter one is
/// taken as this.
pub const PERIOD_MIN: Duration = Duration::from_millis(1);

/// The longest delay or period, a hundred years: sums with it cannot overflow. A longer one is
/// taken as this.
const DELAY_MAX: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Timers rung before other tasks get their turn.
const BATCH: usize = 128;

/// The timers of one system.
#[derive(Default)]
pub(crate) struct Timers {
    shared: Arc<Shared>,
    /// Set with the first timer: the task runs from then on.
    driven: OnceLock<()>,
}

/// What the task, the system and the timers' handles share.
#[derive(Default)]
pub(crate) struct Shared {
    queue: Mutex<TimerQueue<Arc<dyn Bell>>>,
    /// The earliest timer is another one now, or the system has gone.
    changed: Notify,
    gone: AtomicBool,
}

impl ActorSystem {
    /// Sends `msg` to an actor after `delay`, to the next millisecond, and not before. Messages of
    /// equal deadlines come in the order set.
    ///
    /// An actor of this node handles it in its turn, whether its inbox is full or not; the timer
    /// ends with that actor. To an actor of another node the message is cast when it is due, and
    /// lost where a cast would hand it back.
    ///
    /// # Errors
    /// [`SendError::Noproc`] if the actor has ended, [`SendError::Full`] if it has
    /// [`TIMERS_FROM_OUTSIDE_MAX`] timers of others.
    pub fn send_after<A: Actor>(
        &self,
        delay: Duration,
        to: &Ref<A>,
        msg: A::Msg,
    ) -> Result<Timer, SendError<A::Msg>> {
        let schedule = Schedule { at: Instant::now() + delay.min(DELAY_MAX), period: None };
        self.set_timer(to, schedule, Origin::Outside, Source::Once(msg)).map_err(|refused| {
            match refused {
                Refused::Full(Source::Once(msg)) => SendError::Full(msg),
                Refused::Noproc(Source::Once(msg)) => SendError::Noproc(msg),
                Refused::Full(_) | Refused::Noproc(_) => unreachable!("it was given a message"),
            }
        })
    }

    fn set_timer<A: Actor>(
        &self,
        to: &Ref<A>,
        schedule: Schedule,
        origin: Origin,
        source: Source<A>,
    ) -> Result<Timer, Refused<A>> {
        // The timer is for the present life of a supervised actor.
        let child;
        let to = match &to.handle().0 {
            Route::Slot(slot) => {
                let Some(cell) = slot.child() else { return Err(Refused::Noproc(source)) };
                let pid = cell.header().pid;
                child = Ref::new(Handle::local(cell), pid);
                &child
            }
            Route::Local(_) | Route::Remote(_) => to,
        };
        // A local reference may be of another system of this process, which will end the timer.
        let system = match &to.handle().0 {
            Route::Local(cell) => &cell.header().system,
            Route::Slot(_) | Route::Remote(_) => self,
        };
        let timers = &system.extras().timers;
        let shared = &timers.shared;
        let owner = to.pid();
        let mut queue = shared.queue.lock();
        if origin == Origin::Outside && queue.outsiders(owner) == TIMERS_FROM_OUTSIDE_MAX {
            return Err(Refused::Full(source));
        }
        // Under the lock, so that an end that comes now finds the timer.
        if let Route::Local(cell) = &to.handle().0
            && !queue.has(owner)
            && !cell.header().life.note_timer()
        {
            return Err(Refused::Noproc(source));
        }
        let key = queue.key(owner);
        let bell: Arc<dyn Bell> =
            Arc::new(Clapper { handle: to.handle().clone(), key, source: Mutex::new(source) });
        let earliest = queue.insert(key, schedule, origin, Arc::clone(&bell));
        drop(queue);
        if earliest {
            shared.changed.notify_one();
        }
        timers.driven.get_or_init(|| drop(system.env().spawn(drive(Arc::clone(shared)))));
        Ok(Timer::new(bell, key, Arc::downgrade(shared)))
    }
}

/// A timer that was not set, with what it was to send.
enum Refused<A: Actor> {
    Full(Source<A>),
    Noproc(Source<A>),
}

impl<A: Actor> Context<A> {
    /// Sends `msg` to this actor after `delay`; otherwise as [`ActorSystem::send_after`]. The timer
    /// ends with this actor. There may be as many as fit into memory.
    pub fn send_after(&self, delay: Duration, msg: A::Msg) -> Timer {
        let schedule = Schedule { at: Instant::now() + delay.min(DELAY_MAX), period: None };
        self.set_own_timer(schedule, Source::Once(msg))
    }

    /// Sends what `make` makes to this actor after each `period`, until the timer is cancelled or
    /// this actor ends.
    ///
    /// `make` runs when the message's turn has come. At most one message waits in the inbox: while
    /// it does, further ones are skipped. After a delay the messages come at the same multiples of
    /// the period as before.
    pub fn interval(
        &self,
        period: Duration,
        make: impl FnMut() -> A::Msg + Send + 'static,
    ) -> Timer {
        let period = period.clamp(PERIOD_MIN, DELAY_MAX);
        let schedule = Schedule { at: Instant::now() + period, period: Some(period) };
        let interval = Interval { make: Some(Box::new(make)), queued: false };
        self.set_own_timer(schedule, Source::Every(interval))
    }

    fn set_own_timer(&self, schedule: Schedule, source: Source<A>) -> Timer {
        match self.system().set_timer(&self.me(), schedule, Origin::Itself, source) {
            Ok(timer) => timer,
            Err(Refused::Full(_) | Refused::Noproc(_)) => {
                unreachable!("an actor with a context lives, and its own timers are not bounded")
            }
        }
    }
}

impl Timers {
    /// Ends the timers of an actor that has ended.
    pub(crate) fn release(&self, owner: Pid) {
        let bells = self.shared.queue.lock().release(owner);
        mute(&bells);
    }

    /// Ends all timers.
    pub(crate) fn clear(&self) {
        let bells = self.shared.queue.lock().clear();
        mute(&bells);
    }

    /// Forgets a timer.
    pub(crate) fn remove(&self, key: TimerKey) {
        self.shared.remove(key);
    }
}

/// Drops the messages of timers that their queue has given up.
fn mute(bells: &[Arc<dyn Bell>]) {
    for bell in bells {
        bell.mute();
    }
}

impl Drop for Timers {
    fn drop(&mut self) {
        self.shared.gone.store(true, Ordering::Relaxed);
        self.shared.changed.notify_one();
    }
}

impl Shared {
    /// Forgets a timer that was cancelled.
    pub(crate) fn cancel(&self, key: TimerKey) {
        let bell = self.queue.lock().cancel(key);
        // Not under the lock: it may hold the last reference to what a user's code drops.
        drop(bell);
    }

    fn remove(&self, key: TimerKey) {
        let bell = self.queue.lock().remove(key);
        drop(bell);
    }

    /// Rings what is due, up to [`BATCH`]. `true` if there may be more.
    fn ring(&self) -> bool {
        let due: Vec<_> = {
            let (mut queue, now) = (self.queue.lock(), Instant::now());
            std::iter::from_fn(|| queue.poll_due(now)).take(BATCH).collect()
        };
        let full = due.len() == BATCH;
        for (key, bell) in due {
            if !bell.ring() {
                self.remove(key);
            }
        }
        full
    }
}

/// The task of all timers of a system.
async fn drive(shared: Arc<Shared>) {
    let mut sleep = pin!(sleep_until(Instant::now()));
    while !shared.gone.load(Ordering::Relaxed) {
        if shared.ring() {
            tokio::task::yield_now().await;
            continue;
        }
        let next = shared.queue.lock().next_due();
        match next {
            None => shared.changed.notified().await,
            Some(deadline) => {
                sleep.as_mut().reset(deadline);
                tokio::select! {
                    biased;
                    () = shared.changed.notified() => {}
                    () = &mut sleep => {}
                }
            }
        }
    }
}
