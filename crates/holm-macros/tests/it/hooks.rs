//! Hooks that leave out what they do not need.

use holm::prelude::*;
use tokio::sync::mpsc;

struct Short(mpsc::Sender<&'static str>);

#[actor]
impl Short {
    fn started(&mut self) {
        self.0.try_send("started").unwrap();
    }

    async fn signal(&mut self, _signal: Signal) {
        self.0.send("signal").await.unwrap();
    }

    async fn stopped(&mut self) {
        self.0.send("stopped").await.unwrap();
    }

    async fn watch(&mut self, cx: &mut Context<Self>, other: Ref<Refusing>) {
        cx.monitor(other.pid());
    }
}

struct Refusing(mpsc::Sender<ExitReason>);

#[actor]
impl Refusing {
    fn started(&mut self, _cx: &mut Context<Self>) -> Result<(), ExitReason> {
        Err(ExitReason::Shutdown("no".into()))
    }

    fn stopped(&self, cx: &mut Context<Self>, reason: &ExitReason) {
        assert_eq!(cx.pid(), cx.me().pid());
        self.0.try_send(reason.clone()).unwrap();
    }
}

#[tokio::test]
async fn what_is_left_out_is_not_missed() {
    let node = Node::builder("n@x").start().await.unwrap();
    let (refusals, mut refused) = mpsc::channel(1);
    let refusing = node.spawn(Refusing(refusals));
    assert_eq!(refused.recv().await, Some(ExitReason::Shutdown("no".into())));
    let (log, mut heard) = mpsc::channel(8);
    let short = node.spawn(Short(log));
    short.watch(refusing).await.unwrap();
    assert_eq!(heard.recv().await, Some("started"));
    assert_eq!(heard.recv().await, Some("signal"));
    node.stop().await;
    assert_eq!(heard.recv().await, Some("stopped"));
}
