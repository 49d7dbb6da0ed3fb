//! Bugs planted into a transport, which the checks of the stack must find.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use holm_env::{
    BoxFuture, Connection, DialError, Endpoint, ListenError, Listener, Transport, WriteHalf,
};
use holm_sim::history::{Fault, Promise};
use holm_sim::{Sim, World, shrink};
use holm_wire::{Kind, varint};
use parking_lot::Mutex;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::storm::{self, Op};
use super::traffic::casts_over;
use crate::SEEDS;

/// What happens once, after the bug is armed.
#[derive(Clone, Copy)]
enum Bug {
    None,
    /// A write is said to be written, and is not.
    Drop,
    /// A write is written twice.
    Double,
    /// The first frame of this kind is left out, as if the node had forgotten to send it.
    Forget(Kind),
}

/// Dials streams whose writers have a bug.
struct Buggy {
    inner: Arc<dyn Transport>,
    bug: Bug,
    armed: Arc<AtomicBool>,
}

struct BuggyWriter {
    inner: Arc<dyn WriteHalf>,
    bug: Bug,
    armed: Arc<AtomicBool>,
    /// The begin of a frame that is not whole yet.
    begun: Mutex<Vec<u8>>,
}

impl Buggy {
    fn new(inner: Arc<dyn Transport>, bug: Bug, armed: &Arc<AtomicBool>) -> Self {
        Self { inner, bug, armed: Arc::clone(armed) }
    }
}

impl BuggyWriter {
    /// Writes whole frames only. What the stream has no room for is lost: it is not to be much.
    fn write_but(&self, kind: Kind, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut begun = self.begun.lock();
        let mut out = Vec::new();
        bufs.iter().for_each(|buf| begun.extend_from_slice(buf));
        while let Ok((length, width)) = varint::decode(&begun) {
            let end = width + length as usize;
            if begun.len() < end {
                break;
            }
            let frame: Vec<u8> = begun.drain(..end).collect();
            if frame[width] != kind as u8 || !self.armed.swap(false, Ordering::Relaxed) {
                out.extend(frame);
            }
        }
        if !out.is_empty() {
            self.inner.try_write_vectored(&[IoSlice::new(&out)])?;
        }
        Ok(bufs.iter().map(|buf| buf.len()).sum())
    }
}

impl Transport for Buggy {
    fn dial<'a>(&'a self, to: &'a Endpoint) -> BoxFuture<'a, Result<Connection, DialError>> {
        Box::pin(async move {
            let Connection { reader, writer, peer } = self.inner.dial(to).await?;
            let armed = Arc::clone(&self.armed);
            let writer =
                BuggyWriter { inner: writer, bug: self.bug, armed, begun: Mutex::default() };
            Ok(Connection { reader, writer: Arc::new(writer), peer })
        })
    }

    fn listen<'a>(
        &'a self,
        at: &'a Endpoint,
    ) -> BoxFuture<'a, Result<Box<dyn Listener>, ListenError>> {
        self.inner.listen(at)
    }
}

impl WriteHalf for BuggyWriter {
    fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        if let Bug::Forget(kind) = self.bug {
            return self.write_but(kind, bufs);
        }
        let bug = if self.armed.swap(false, Ordering::Relaxed) { self.bug } else { Bug::None };
        match bug {
            Bug::None | Bug::Forget(_) => self.inner.try_write_vectored(bufs),
            Bug::Drop => Ok(bufs.iter().map(|buf| buf.len()).sum()),
            Bug::Double => {
                self.inner.try_write_vectored(bufs)?;
                self.inner.try_write_vectored(bufs)
            }
        }
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_writable(cx)
    }

    fn shutdown(&self) {
        self.inner.shutdown();
    }
}

/// What the check of the traffic says with this bug, for each seed: a fault, or whether the
/// session has lasted.
fn verdicts(bug: Bug) -> [Result<bool, Promise>; SEEDS.len()] {
    SEEDS.map(|seed| {
        let armed = Arc::new(AtomicBool::new(false));
        let change = |inner| -> Arc<dyn Transport> { Arc::new(Buggy::new(inner, bug, &armed)) };
        let arm = || armed.store(true, Ordering::Relaxed);
        let verdict = Sim::new(seed).run(async |world: World| casts_over(world, change, arm).await);
        verdict.map_err(|fault| fault.promise)
    })
}

#[test]
fn a_transport_without_a_bug_passes() {
    assert_eq!(verdicts(Bug::None), [Ok(true); SEEDS.len()]);
}

/// Some break the session; of whole frames that are lost there is no trace but the gap.
#[test]
fn a_transport_that_loses_a_write_is_caught() {
    let verdicts = verdicts(Bug::Drop);
    assert!(!verdicts.contains(&Ok(true)), "{verdicts:?}");
    assert!(verdicts.contains(&Err(Promise::Loss)), "{verdicts:?}");
}

#[test]
fn a_transport_that_repeats_a_write_is_caught() {
    let verdicts = verdicts(Bug::Double);
    assert!(!verdicts.contains(&Ok(true)), "{verdicts:?}");
    assert!(verdicts.contains(&Err(Promise::Order)), "{verdicts:?}");
}

/// What the storm says of nodes with this bug.
fn storm(seed: u64, plan: &[Op], bug: Bug) -> Result<(), Fault> {
    let armed = Arc::new(AtomicBool::new(true));
    Sim::new(seed).run(async |world: World| {
        storm::run(&world, plan, |host| Arc::new(Buggy::new(host.transport(), bug, &armed))).await
    })
}

/// The first plan that finds the bug, made short.
fn shortest(bug: Bug, promise: Promise) -> Vec<Op> {
    let is_found =
        |seed, plan: &[Op]| storm(seed, plan, bug).is_err_and(|fault| fault.promise == promise);
    let mut plans = (0..).map(|seed| (seed, storm::draw(&mut StdRng::seed_from_u64(seed))));
    let (seed, plan) = plans.find(|(seed, plan)| is_found(*seed, plan)).unwrap();
    shrink(&plan, |part| is_found(seed, part))
}

#[test]
fn a_node_that_forgets_a_down_is_caught() {
    let plan = shortest(Bug::Forget(Kind::Down), Promise::Monitors);
    assert!(plan.len() <= 4 && plan.iter().any(|op| matches!(op, Op::Watch { .. })), "{plan:?}");
}

#[test]
fn a_node_that_forgets_a_reply_is_caught() {
    let plan = shortest(Bug::Forget(Kind::Reply), Promise::Calls);
    assert!(matches!(plan[..], [] | [Op::Push { .. }]), "{plan:?}");
}
