//! Bugs planted into a transport, which the checks of the stack must find.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use holm_env::{
    BoxFuture, Connection, DialError, Endpoint, ListenError, Listener, Transport, WriteHalf,
};
use holm_sim::{Sim, World};

use super::history::Fault;
use super::traffic::casts_over;

/// What happens to one write.
#[derive(Clone, Copy)]
enum Bug {
    None,
    /// It is said to be written, and is not.
    Drop,
    /// It is written twice.
    Double,
}

/// The write that the bug is in, counted from 0: behind the handshake, which takes one, and the first messages.
const FAULTY_WRITE: u32 = 2;

/// Dials streams with a bug in their writer.
struct Buggy {
    inner: Arc<dyn Transport>,
    bug: Bug,
}

struct BuggyWriter {
    inner: Arc<dyn WriteHalf>,
    bug: Bug,
    writes: AtomicU32,
}

impl Transport for Buggy {
    fn dial<'a>(&'a self, to: &'a Endpoint) -> BoxFuture<'a, Result<Connection, DialError>> {
        Box::pin(async move {
            let Connection { reader, writer, peer } = self.inner.dial(to).await?;
            let writer =
                BuggyWriter { inner: writer, bug: self.bug, writes: AtomicU32::new(0) };
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
        if self.writes.fetch_add(1, Ordering::Relaxed) != FAULTY_WRITE {
            return self.inner.try_write_vectored(bufs);
        }
        match self.bug {
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

/// What the check of the traffic says with this bug.
fn verdict(seed: u64, bug: Bug) -> Result<(), Fault> {
    Sim::new(seed).run(async |world: World| {
        casts_over(world, |inner| Arc::new(Buggy { inner, bug })).await
    })
}

#[test]
fn a_transport_without_a_bug_passes() {
    for seed in 0..10 {
        assert_eq!(verdict(seed, Bug::None), Ok(()));
    }
}

#[test]
fn a_transport_that_loses_a_write_is_caught() {
    for seed in 0..10 {
        let verdict = verdict(seed, Bug::Drop);
        eprintln!("{verdict:?}");assert!(verdict.is_err(), "seed {seed}");
    }
}

#[test]
fn a_transport_that_repeats_a_write_is_caught() {
    for seed in 0..10 {
        let verdict = verdict(seed, Bug::Double);
        eprintln!("{verdict:?}");assert!(verdict.is_err(), "seed {seed}");
    }
}
