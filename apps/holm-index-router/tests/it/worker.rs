//! A worker and a router that does not do its part.

use holm::env::Endpoint;
use holm_index_router::{WorkerError, WorkerOptions, run_worker};
use tempfile::TempDir;
use tokio::net::UnixListener;

/// Time jumps to the deadline as soon as nothing else is left to happen.
#[tokio::test(start_paused = true)]
async fn a_router_that_does_not_answer_is_given_up() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("router.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let options = WorkerOptions {
        router: Endpoint::Unix(path),
        name: "worker@test".parse().unwrap(),
        token: None,
    };
    let worker = run_worker(options);
    let (_accepted, ended) = tokio::join!(listener.accept(), worker);
    assert!(matches!(ended, Err(WorkerError::NoAnswer | WorkerError::Connect(_))), "{ended:?}");
}
