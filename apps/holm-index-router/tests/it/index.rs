//! What an embedder sees of an index, above all when workers are away.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use holm_index_router::{
    COMPLETE_WAIT, INTERACTIVE_WAIT, Index, IndexError, IndexOptions, ProcessOptions, WorkerCount,
    WorkerNumber, WorkerPlace,
};
use tempfile::TempDir;

fn sources() -> TempDir {
    let dir = TempDir::new().unwrap();
    for class in ["One", "Two", "Three"] {
        fs::write(dir.path().join(format!("{class}.java")), format!("class {class} {{ }}"))
            .unwrap();
    }
    dir
}

fn options(path: &Path, place: WorkerPlace) -> IndexOptions {
    IndexOptions { path: path.to_owned(), workers: WorkerCount::new(2).unwrap(), place }
}

/// Workers started by a command of our own.
fn processes(command: PathBuf, fallback: bool) -> WorkerPlace {
    WorkerPlace::Processes(ProcessOptions { command, fallback, crash: None })
}

/// A program that never connects.
fn idler(dir: &Path) -> PathBuf {
    let path = dir.join("idler");
    fs::write(&path, "#!/bin/sh\nexec sleep 600\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn in_process_it_is_complete() {
    let dir = sources();
    let index = Index::start(options(dir.path(), WorkerPlace::InProcess)).await.unwrap();
    let answer = index.search("two", 5, COMPLETE_WAIT).await;
    assert_eq!(answer.hits[0].name, "Two");
    assert!(answer.missing_shards.is_empty());
    let summary = index.summary().await.unwrap();
    assert_eq!((summary.files, summary.workers.len()), (3, 2));
    let progress = index.progress();
    assert_eq!((progress.files, progress.bytes), (progress.files_listed, progress.bytes_listed));
    index.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shards_of_workers_that_are_away_are_missing() {
    let dir = sources();
    let index =
        Index::start(options(dir.path(), processes(idler(dir.path()), true))).await.unwrap();
    let answer = index.search("two", 5, INTERACTIVE_WAIT).await;
    assert!(answer.hits.is_empty());
    assert_eq!(answer.missing_shards.iter().map(|shard| shard.0).collect::<Vec<_>>(), [0, 1, 2]);
    index.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_worker_is_an_error_and_its_shards_are_missing_at_once() {
    let dir = sources();
    let index =
        Index::start(options(dir.path(), processes("/bin/false".into(), false))).await.unwrap();
    match index.summary().await {
        Err(IndexError::WorkerLost { worker: WorkerNumber(0), reason }) => {
            assert!(reason.ends_with("its process exited with code 1"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    // A wait that this test would not survive.
    let answer = index.search("two", 5, Duration::from_secs(3600)).await;
    assert_eq!(answer.missing_shards.len(), 3);
    index.shutdown().await;
}
