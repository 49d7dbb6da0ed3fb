//! Timers and pools with the messages that `#[actor]` makes.

use std::sync::Arc;
use std::time::Duration;

use holm::env::{Endpoint, MemoryTransport};
use holm::prelude::*;
use holm::{Pool, PoolOptions};
use tokio::sync::mpsc;

/// Tells what it was told.
struct Echo(mpsc::Sender<u64>);

#[actor]
impl Echo {
    async fn started(&mut self, cx: &mut Context<Self>) -> Result<(), ExitReason> {
        cx.send_after(Duration::from_millis(1), EchoMsg::heard(1));
        Ok(())
    }

    async fn heard(&mut self, number: u64) {
        self.0.send(number).await.unwrap();
    }
}

#[tokio::test]
async fn messages_of_methods_come_by_timer() {
    let node = Node::builder("a@x").start().await.unwrap();
    let (heard, mut hear) = mpsc::channel(8);
    let echo = node.spawn(Echo(heard));
    assert_eq!(hear.recv().await, Some(1));
    node.system().send_after(Duration::ZERO, &echo, EchoMsg::heard(2)).unwrap();
    assert_eq!(hear.recv().await, Some(2));
}

#[tokio::test]
async fn a_timer_casts_to_another_node() {
    let net = Arc::new(MemoryTransport::new());
    let at = Endpoint::Memory("there".to_owned());
    let there = Node::builder("there@x").transport(net.clone()).listen(at.clone());
    let there = there.start().await.unwrap();
    let here = Node::builder("here@x").transport(net).start().await.unwrap();
    here.connect(&at).await.unwrap();
    let (heard, mut hear) = mpsc::channel(8);
    let echo: Ref<Echo> = here.system().reference(there.spawn(Echo(heard)).pid());
    assert_eq!(hear.recv().await, Some(1));
    let cancelled = here.system().send_after(Duration::ZERO, &echo, EchoMsg::heard(2)).unwrap();
    assert!(cancelled.cancel());
    let sent = here.system().send_after(Duration::ZERO, &echo, EchoMsg::heard(3)).unwrap();
    assert_eq!(hear.recv().await, Some(3));
    assert!(!sent.cancel());
    there.stop().await;
    // Lost, and nobody harmed.
    here.system().send_after(Duration::ZERO, &echo, EchoMsg::heard(4)).unwrap();
    here.stop().await;
}

#[tokio::test]
async fn members_of_a_pool_are_called_by_their_methods() {
    let node = Node::builder("a@x").start().await.unwrap();
    let (heard, mut hear) = mpsc::channel(64);
    let pool =
        Pool::start(node.system(), 2, PoolOptions::default(), move || Echo(heard.clone())).unwrap();
    for _ in 0..2 {
        assert_eq!(hear.recv().await, Some(1));
    }
    pool.pick().unwrap().heard(2).await.unwrap();
    pool.pick_for("key").unwrap().cast().heard(3).unwrap();
    pool.cast(EchoMsg::heard(4)).unwrap();
    pool.drain().await;
    let mut rest = [hear.recv().await, hear.recv().await, hear.recv().await];
    rest.sort();
    assert_eq!(rest, [Some(2), Some(3), Some(4)]);
}
