//! The network between the hosts: delays, cuts, and the byte streams over it.

mod core;
mod delay;
mod post;
mod stream;
mod transport;

use std::fmt;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::Host;
use crate::trace::Trace;

use self::core::Core;
pub use self::core::SIM_STREAM_CAPACITY;
use self::post::Way;
pub use delay::Delay;
pub use transport::SIM_BACKLOG;
pub(crate) use transport::SimTransport;

/// The network of a world. Cheap to clone.
///
/// It carries byte streams, so what is written arrives in order and whole, or the stream
/// breaks. Each write arrives after the delay of its direction, sometimes in two pieces.
/// A direction that is [cut](Self::cut_one_way) holds what is under way, acknowledgements
/// and the ends of streams included, until it is healed, as the senders of a real network
/// repeat what got lost; with [`break_after`](Self::break_after) a side that waits too long
/// gives its stream up.
#[derive(Clone)]
pub struct SimNetwork(Arc<Shared>);

struct Shared {
    core: Mutex<Core>,
    /// Something is due earlier than the carrier knows.
    changed: Notify,
    trace: Arc<Trace>,
}

impl SimNetwork {
    /// A network without streams, and the task that carries its bytes.
    pub(crate) fn start(handle: &Handle, seed: u64, trace: Arc<Trace>) -> Self {
        let network = Self(Arc::new(Shared {
            core: Mutex::new(Core::new(seed, Arc::clone(&trace))),
            changed: Notify::new(),
            trace,
        }));
        let carrier = network.clone();
        drop(handle.spawn(async move { carrier.carry().await }));
        network
    }

    /// Sets the delay from one host to another; what is under way keeps its own. The default
    /// is 1 to 10 ms.
    pub fn set_delay(&self, from: &Host, to: &Host, delay: Delay) {
        self.with(|core, _| core.post.set_delay(way(from, to), delay));
    }

    /// Cuts both directions between two hosts. No effect on one that is cut already.
    pub fn cut(&self, a: &Host, b: &Host) {
        self.cut_one_way(a, b);
        self.cut_one_way(b, a);
    }

    /// Cuts one direction.
    pub fn cut_one_way(&self, from: &Host, to: &Host) {
        self.with(|core, now| core.cut(&way(from, to), now));
    }

    /// Heals both directions: what was held is sent again, in order. No effect on one that is
    /// not cut.
    pub fn heal(&self, a: &Host, b: &Host) {
        self.heal_one_way(a, b);
        self.heal_one_way(b, a);
    }

    /// Heals one direction.
    pub fn heal_one_way(&self, from: &Host, to: &Host) {
        self.with(|core, now| core.heal(&way(from, to), now));
    }

    /// Sets how long a side waits for what a cut holds from now on (its bytes, or their
    /// acknowledgement). Then it breaks the stream: it reads
    /// [`TimedOut`](std::io::ErrorKind::TimedOut), and the peer a reset, once that gets through.
    /// A dial fails likewise. With `None`, the default, it waits for ever.
    pub fn break_after(&self, patience: Option<Duration>) {
        self.with(|core, _| core.post.break_after = patience);
    }

    /// Breaks all streams between two hosts at once, on both sides, with a reset.
    pub fn reset_streams(&self, a: &Host, b: &Host) {
        self.with(|core, _| core.reset_streams(a.name(), b.name()));
    }

    /// Changes the network, then wakes who waited for the change.
    fn with<R>(&self, change: impl FnOnce(&mut Core, Instant) -> R) -> R {
        let now = self.0.trace.now();
        let (result, wakers, earlier) = {
            let mut core = self.0.core.lock();
            let before = core.post.due();
            let result = change(&mut core, now);
            let earlier = match (before, core.post.due()) {
                (_, None) => false,
                (None, Some(_)) => true,
                (Some(before), Some(now)) => now < before,
            };
            (result, core.take_wakers(), earlier)
        };
        wakers.into_iter().for_each(Waker::wake);
        if earlier {
            self.0.changed.notify_one();
        }
        result
    }

    /// Delivers what is due, one event at a time, so that the tasks woken by one event may run
    /// before the next.
    async fn carry(&self) {
        loop {
            let due = self.with(|core, now| {
                core.handle_due(now);
                core.post.due()
            });
            match due {
                Some(at) if at <= self.0.trace.now() => tokio::task::yield_now().await,
                Some(at) => tokio::select! {
                    biased;
                    () = self.0.changed.notified() => {}
                    () = sleep_until(at) => {}
                },
                None => self.0.changed.notified().await,
            }
        }
    }
}

fn way(from: &Host, to: &Host) -> Way {
    Way::new(from.name(), to.name())
}

impl fmt::Debug for SimNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.core.lock().fmt(f)
    }
}
