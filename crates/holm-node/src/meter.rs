//! What one session asks of the node, held to the quota of its peer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use holm_env::ReadHalf;
use holm_proto::admission::{DEBT_MAX, Quota, Work};
use holm_proto::supervision::Moment;
use parking_lot::Mutex;
use tokio::time::{Sleep, sleep_until};

use crate::gate::Gate;

/// Parts of a burst that a session takes from the quota at once, so that few of its signals ask
/// for lock and clock. So many are let through together: the more parts, the less do others wait
/// behind them. What it leaves unused is lost, one part at most.
const LEASE_PARTS: u64 = 64;

/// Most taken at once: with as many the cost for each is nothing already.
const LEASE_MAX: u64 = 64 * 1024;

/// What a session counts, and the quota that it shares with the others of its peer.
pub(crate) struct Meter {
    requests: Lease,
    spawns: Lease,
    opens: Lease,
    cancels: Lease,
}

/// Some of one kind of work, taken from the quota already.
struct Lease {
    account: Arc<Account>,
    work: Work,
    size: u64,
    left: u64,
}

/// The account of one session.
struct Account {
    gate: Arc<Gate>,
    quota: Arc<Mutex<Quota>>,
    /// Until when the session is not to be read, in nanoseconds of the gate's clock.
    paused_until: AtomicU64,
}

/// Reads no faster than the quota allows. The transport then slows the peer down.
struct Paced {
    reader: Box<dyn ReadHalf>,
    bytes: Lease,
    pause: Option<Pin<Box<Sleep>>>,
}

/// The two ends of a session's account: one counts signals, one reads.
pub(crate) fn meter(
    gate: &Arc<Gate>,
    quota: Arc<Mutex<Quota>>,
    reader: Box<dyn ReadHalf>,
) -> (Meter, Box<dyn ReadHalf>) {
    let account =
        Arc::new(Account { gate: Arc::clone(gate), quota, paused_until: AtomicU64::new(0) });
    let lease = |work| Lease::new(&account, work);
    let meter = Meter {
        requests: lease(Work::Request),
        spawns: lease(Work::Spawn),
        opens: lease(Work::Open),
        cancels: lease(Work::Cancel),
    };
    (meter, Box::new(Paced { reader, bytes: lease(Work::Byte), pause: None }))
}

impl Meter {
    /// A call, or a spawn.
    ///
    /// # Errors
    /// It is one too many; when it would not be.
    pub(crate) fn request(&mut self) -> Result<(), Duration> {
        self.requests.take()
    }

    /// A spawn, besides [`request`](Self::request).
    ///
    /// # Errors
    /// As for a request.
    pub(crate) fn spawn(&mut self) -> Result<(), Duration> {
        self.spawns.take()
    }

    /// The opening of a stream.
    ///
    /// # Errors
    /// As for a request.
    pub(crate) fn open(&mut self) -> Result<(), Duration> {
        self.opens.take()
    }

    /// A signal that cannot be refused; too many, and the session is read more slowly.
    #[inline]
    pub(crate) fn signal(&mut self) {
        self.requests.charge(1);
    }

    /// A cancel.
    ///
    /// # Errors
    /// It is one too many.
    pub(crate) fn cancel(&mut self) -> Result<(), Duration> {
        self.cancels.take()
    }
}

impl Lease {
    fn new(account: &Arc<Account>, work: Work) -> Self {
        let burst = account.gate.limits().of(work).burst;
        let size = (burst / LEASE_PARTS).clamp(1, LEASE_MAX);
        Self { account: Arc::clone(account), work, size, left: 0 }
    }

    fn take(&mut self) -> Result<(), Duration> {
        if self.left == 0 {
            let Account { gate, quota, .. } = &*self.account;
            let now = gate.now();
            if let Err(wait) = quota.lock().take(gate.limits(), self.work, self.size, now) {
                gate.count(|counters| counters.overloaded += 1);
                self.account.pause(now + wait.min(DEBT_MAX));
                return Err(wait);
            }
            self.left = self.size;
        }
        self.left -= 1;
        Ok(())
    }

    #[inline]
    fn charge(&mut self, count: u64) {
        if self.left < count {
            self.renew(count);
        }
        self.left -= count;
    }

    /// Takes more, whatever the quota says; then no more is to be read for a while.
    #[cold]
    fn renew(&mut self, count: u64) {
        let Account { gate, quota, .. } = &*self.account;
        let now = gate.now();
        let taken = (count - self.left).max(self.size);
        let wait = quota.lock().charge(gate.limits(), self.work, taken, now);
        self.left += taken;
        if !wait.is_zero() {
            self.account.pause(now + wait);
        }
    }
}

impl Account {
    fn pause(&self, until: Moment) {
        let nanos = until.since(Moment::default()).as_nanos();
        self.paused_until.fetch_max(u64::try_from(nanos).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl ReadHalf for Paced {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let Account { gate, paused_until, .. } = &*self.bytes.account;
        if paused_until.load(Ordering::Relaxed) != 0 {
            let until = Duration::from_nanos(paused_until.swap(0, Ordering::Relaxed));
            let until = gate.instant(Moment::after_start(until));
            self.pause = Some(Box::pin(sleep_until(until)));
            gate.count(|counters| counters.paced += 1);
        }
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        let n = ready!(self.reader.poll_read(cx, buf))?;
        self.bytes.charge(n as u64);
        Poll::Ready(Ok(n))
    }
}
