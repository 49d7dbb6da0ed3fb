//! Bytes that are not copied arrive as all others do.

use holm::{AutoConnect, Blob, actor};

use crate::support::*;

/// Below what is lent, at it, in one frame, just beyond that, and in many chunks.
const SIZES: [usize; 8] = [0, 10, 16 << 10, 60_000, 64 << 10, 67_000, 200_000, 3 << 20];

#[derive(Default)]
struct Store {
    lengths: Vec<usize>,
}

#[actor(name = "blobs.store")]
impl Store {
    async fn turn(&mut self, blob: Blob) -> Blob {
        blob
    }

    async fn last(&mut self, text: String, blob: Blob) -> (Blob, String) {
        (blob, text)
    }

    async fn two(&mut self, first: Blob, second: Blob, text: String) -> (String, Blob, Blob) {
        (text, second, first)
    }

    async fn put(&mut self, blob: Blob) {
        assert_eq!(blob, bytes(blob.len()), "put");
        self.lengths.push(blob.len());
    }

    async fn lengths(&mut self) -> Vec<usize> {
        self.lengths.clone()
    }
}

fn bytes(length: usize) -> Blob {
    let bytes: Vec<_> = (0..length).map(|at| (at ^ at >> 8) as u8).collect();
    bytes.into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blobs_arrive_wherever_they_are_in_a_message() {
    let (a, b) = pair().await;
    let store = reach(&a, &b.spawn(Store::default()));
    // At first by position and by name, then by position alone.
    for _ in 0..2 {
        for size in SIZES {
            let blob = bytes(size);
            assert_eq!(store.turn(blob.clone()).await.unwrap(), blob);
            for text in [String::new(), "x".repeat(100), "y".repeat(100_000)] {
                let answer = store.last(text.clone(), blob.clone()).await.unwrap();
                assert_eq!(answer, (blob.clone(), text.clone()));
                let other = bytes(20_000);
                let answer = store.two(blob.clone(), other.clone(), text.clone()).await.unwrap();
                assert_eq!(answer, (text, other, blob.clone()));
            }
        }
    }
    for size in SIZES {
        store.send().put(bytes(size)).await.unwrap();
    }
    assert_eq!(store.lengths().await.unwrap(), SIZES);
}

#[tokio::test]
async fn blobs_wait_for_a_session() {
    let net = Net::default();
    let a = net.builder("a@x").auto_connect(AutoConnect::Always).start().await.unwrap();
    let b = net.start("b@x").await;
    connect(&a, &b).await;
    let store = reach(&a, &b.spawn(Store::default()));
    store.put(bytes(1)).await.unwrap();
    let lost = a.monitor_node(b.name());
    a.disconnect(b.name());
    lost.await;
    for size in SIZES {
        store.cast().put(bytes(size)).unwrap();
    }
    assert_eq!(store.lengths().await.unwrap()[1..], SIZES);
}
