//! A worker: the tokio task that takes turns from the run queues.

use std::{
    hint, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use crossbeam_deque::Worker as Deque;
use tokio::{task::coop, time::Instant};

use crate::{
    current::{self, Entered},
    local::{Found, Local},
    shared::{Shared, Task},
};

/// A worker returns to tokio after so many turns: other tasks of the runtime wait, and its I/O unless
/// another thread sleeps in it. Returning costs 0.2 us, with a look at the I/O 1 us: 2 % of so many turns
/// of 0.1 us. It is what counts where the clock stands still, as in a simulation.
const STINT_TURNS: u32 = 512;
/// Or after so long, where turns are longer; what a plain task or a socket may wait for a busy worker.
const STINT_TIME: Duration = Duration::from_micros(50);
/// So much longer if another worker sleeps: its thread looks after the I/O, and each return may wake it for
/// nothing, which takes longer than a stint. What waits in tokio's slot of this thread waits a millisecond.
const STRETCH: u32 = 20;
/// The clock is read every so many turns: reading it takes as long as a short turn.
const TURNS_PER_CLOCK_READ: u32 = 16;

/// How long a worker out of work looks out for some before it sleeps, while another one is busy: about what
/// putting a thread to sleep and waking it cost. Nothing of tokio's runs on its thread meanwhile.
const LINGER_TIME: Duration = Duration::from_micros(30);
/// Pauses of the processor between two looks.
const LINGER_PAUSES: u32 = 32;
/// Each time that nothing came, twice as many sleeps go without lingering, up to so many: with a wake-up
/// every 5 us a twentieth of the time is spent on it.
const LINGER_SKIPS_MAX: u32 = 128;

pub(crate) struct Worker {
    shared: Arc<Shared>,
    index: usize,
    /// `None` once it has ended.
    local: Option<Local>,
    /// It is among the sleepers, or was and has been told to search since.
    asleep: bool,
    /// It has been polled.
    met: bool,
    linger: Linger,
}

/// Why a worker stops taking turns.
enum Stop {
    /// There is nothing to do; it is among the sleepers.
    Asleep,
    /// It is for tokio to do other things first.
    Yield,
    Closed,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, index: usize, queue: Deque<Task>) -> Self {
        let local = Some(Local::new(Arc::clone(&shared), index, queue));
        Self { shared, index, local, asleep: false, met: false, linger: Linger::new() }
    }

    /// Takes turns, until something stops it.
    fn stint(&mut self, cx: &mut Context<'_>) -> Stop {
        let Self { shared, index, local, asleep, linger, .. } = self;
        let index = *index;
        let _entered = Entered::new(local);
        let slot = shared.slot(index);
        let mut ended = slot.turns();
        let mut turns = 0;
        let mut start = None;
        let mut told = mem::take(asleep) && shared.idle().rise(index);
        loop {
            if shared.idle().glance().is_closed() {
                return Stop::Closed;
            }
            let Some(Found { task, more }) = current::find(ended) else {
                if current::catch_up() {
                    continue;
                }
                if !told && linger.finds(shared, index) {
                    continue;
                }
                if !shared.idle().sleep(index, cx.waker(), told) {
                    return Stop::Closed;
                }
                if !shared.has_spare(index) {
                    *asleep = true;
                    return Stop::Asleep;
                }
                told = shared.idle().rise(index);
                continue;
            };
            if mem::take(&mut told) {
                shared.found(index);
            }
            if more {
                shared.spare();
            }
            slot.begin(ended, task.metadata().label);
            task.run();
            slot.end(ended);
            ended += 1;
            turns += 1;
            let stretch = if shared.idle().glance().is_any_idle() { STRETCH } else { 1 };
            let late = turns % TURNS_PER_CLOCK_READ == 0 && {
                let now = Instant::now();
                now - *start.get_or_insert(now) >= STINT_TIME * stretch
            };
            // Without budget everything of tokio's is pending until tokio has us back.
            if late || turns >= STINT_TURNS * stretch || !coop::has_budget_remaining() {
                return Stop::Yield;
            }
        }
    }
}

/// Whether to look out for work before a sleep, which wastes a thread if none comes.
struct Linger {
    /// How many of the next sleeps go without, and how many after that if it is in vain again.
    skips: u32,
    next_skips: u32,
}

impl Linger {
    fn new() -> Self {
        Self { skips: 0, next_skips: 1 }
    }

    /// True if there is work for worker `index`.
    fn finds(&mut self, shared: &Shared, index: usize) -> bool {
        if self.skips > 0 {
            self.skips -= 1;
            return false;
        }
        if !shared.idle().glance().leaves_busy(shared.workers()) || !shared.idle().begin_lingering()
        {
            return false;
        }
        let found = Self::looks_out(shared, index);
        shared.idle().end_lingering();
        if found {
            self.next_skips = 1;
        } else {
            self.skips = self.next_skips;
            self.next_skips = (2 * self.next_skips).min(LINGER_SKIPS_MAX);
        }
        found
    }

    fn looks_out(shared: &Shared, index: usize) -> bool {
        let start = Instant::now();
        loop {
            if shared.has_spare(index) {
                return true;
            }
            let busy = shared.idle().glance().leaves_busy(shared.workers());
            if !busy || start.elapsed() >= LINGER_TIME {
                return false;
            }
            (0..LINGER_PAUSES).for_each(|_| hint::spin_loop());
        }
    }
}

impl Future for Worker {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.local.is_none() {
            return Poll::Ready(());
        }
        if !mem::replace(&mut this.met, true) {
            this.shared.handover().meet();
        }
        if let Some(yielded) = current::take_yielded(cx.waker()) {
            this.shared.handover().wake(yielded);
        }
        let stop = this.stint(cx);
        current::catch_up();
        match stop {
            Stop::Asleep => Poll::Pending,
            Stop::Yield => {
                current::yield_now(cx);
                Poll::Pending
            }
            Stop::Closed => {
                this.local = None;
                Poll::Ready(())
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.asleep && self.shared.idle().rise(self.index) {
            self.shared.idle().found();
        }
        // `local` is dropped next, and has others woken if there is work left.
    }
}
