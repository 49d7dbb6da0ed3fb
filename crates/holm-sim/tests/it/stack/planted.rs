//! Bugs planted into a transport, which the checks of the stack must find.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use holm_env::{
    BoxFuture, Connection, DialError, Endpoint, ListenError, Listener, Transport, WriteHalf,
};
use holm_sim::{Sim, World};

use super::history::Fault;
use super::traffic::casts_over;
use crate::SEEDS;

/// What happens to the first write after the bug is armed.
#[derive(Clone, Copy)]
enum Bug {
    None,
    /// It is said to be written, and is not.
    Drop,
    /// It is written twice.
    Double,
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
}

impl Transport for Buggy {
    fn dial<'a>(&'a self, to: &'a Endpoint) -> BoxFuture<'a, Result<Connection, DialError>> {
        Box::pin(async move {
            let Connection { reader, writer, peer } = self.inner.dial(to).await?;
            let armed = Arc::clone(&self.armed);
            let writer = BuggyWriter { inner: writer, bug: self.bug, armed };
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
        let bug = if self.armed.swap(false, Ordering::Relaxed) { self.bug } else { Bug::None };
        match bug {
            Bug::None => self.inner.try_write_vectored(bufs),
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

/// What the check of the traffic says with this bug, for each seed.
fn verdicts(bug: Bug) -> [Result<(), Fault>; SEEDS.len()] {
    SEEDS.map(|seed| {
        let armed = Arc::new(AtomicBool::new(false));
        let change = |inner| -> Arc<dyn Transport> {
            Arc::new(Buggy { inner, bug, armed: Arc::clone(&armed) })
        };
        let arm = || armed.store(true, Ordering::Relaxed);
        Sim::new(seed).run(async |world: World| casts_over(world, change, arm).await)
    })
}

#[test]
fn a_transport_without_a_bug_passes() {
    assert_eq!(verdicts(Bug::None), [const { Ok(()) }; SEEDS.len()]);
}

/// Some break the session, which loses the rest; whole frames are lost without a trace but for
/// the gap.
#[test]
fn a_transport_that_loses_a_write_is_caught() {
    let verdicts = verdicts(Bug::Drop);
    assert!(verdicts.iter().all(Result::is_err), "{verdicts:?}");
    let is_gap = |verdict: &Result<_, _>| matches!(verdict, Err(Fault::Order { due, came, .. }) if came > due);
    assert!(verdicts.iter().any(is_gap), "{verdicts:?}");
}

#[test]
fn a_transport_that_repeats_a_write_is_caught() {
    let verdicts = verdicts(Bug::Double);
    assert!(verdicts.iter().all(Result::is_err), "{verdicts:?}");
    let is_repeat = |verdict: &Result<_, _>| matches!(verdict, Err(Fault::Order { due, came, .. }) if came < due);
    assert!(verdicts.iter().any(is_repeat), "{verdicts:?}");
}
