//! The conformance suite over every transport of this crate.

use std::cell::Cell;
use std::time::Duration;

use holm_env::conformance::{Fixture, all};
use holm_env::{Endpoint, MemoryTransport, TokioTransport, Transport};

/// Ends a run that hangs; a good one takes less than a second of an idle machine.
const HANGS: Duration = Duration::from_secs(60);

async fn conforms(transport: &dyn Transport, fresh: &dyn Fn() -> Endpoint) {
    let fixture = Fixture { dialler: transport, listener: transport, fresh };
    let run = tokio::time::timeout(HANGS, all(fixture)).await;
    assert!(run.is_ok(), "the suite hangs");
}

fn tcp(host: &str) -> Endpoint {
    Endpoint::Tcp { host: host.to_owned(), port: 0 }
}

#[tokio::test]
async fn tcp_conforms() {
    conforms(&TokioTransport, &|| tcp("127.0.0.1")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tcp_conforms_on_many_threads() {
    conforms(&TokioTransport, &|| tcp("localhost")).await;
}

#[cfg(unix)]
#[tokio::test]
async fn unix_conforms() {
    let dir = tempfile::tempdir().unwrap();
    let count = Cell::new(0);
    let fresh = || {
        count.set(count.get() + 1);
        Endpoint::Unix(dir.path().join(format!("{}.sock", count.get())))
    };
    conforms(&TokioTransport, &fresh).await;
    assert_eq!(dir.path().read_dir().unwrap().count(), 0, "listeners remove their files");
}

/// Under virtual time, which jumps to the limit as soon as all tasks wait.
#[tokio::test(start_paused = true)]
async fn memory_conforms() {
    let count = Cell::new(0);
    let fresh = || {
        count.set(count.get() + 1);
        Endpoint::Memory(format!("node-{}", count.get()))
    };
    conforms(&MemoryTransport::new(), &fresh).await;
}
