//! `#[actor]`: every form of method, the hooks, local actors, names on the wire.

use std::sync::Arc;

use holm::env::{Endpoint, MemoryTransport};
use holm::prelude::*;
use holm::{Down, Pid, Remote};
use tokio::sync::mpsc;

/// Shows what its hooks were given.
struct Forms {
    log: Vec<String>,
    hooks: mpsc::Sender<String>,
}

#[actor(name = "forms")]
impl Forms {
    const GREETING: &'static str = "hello";

    async fn started(&mut self, cx: &mut Context<Self>) -> Result<(), ExitReason> {
        self.log.push(format!("started {}", cx.pid() == cx.me().pid()));
        Ok(())
    }

    async fn signal(&mut self, signal: Signal, _cx: &mut Context<Self>) {
        let Signal::Down(Down { reason, .. }) = signal else { return };
        self.hooks.send(format!("down {reason}")).await.unwrap();
    }

    async fn stopped(&mut self, reason: &ExitReason, _cx: &mut Context<Self>) {
        self.hooks.send(format!("stopped {reason}")).await.unwrap();
    }

    async fn context_first(&mut self, cx: &mut Context<Self>, by: i64) -> (i64, Pid) {
        (by, cx.pid())
    }

    async fn context_last(&mut self, by: i64, cx: &mut holm::Context<Self>) -> (i64, Pid) {
        (by, cx.pid())
    }

    async fn context_between(&mut self, a: i64, cx: &mut Context<Self>, b: String) -> String {
        cx.monitor(cx.pid());
        format!("{a}{b}")
    }

    fn sync_shared(&self) -> Vec<String> {
        self.log.clone()
    }

    fn sync_exclusive(&mut self, mut line: String) {
        line.push('!');
        self.log.push(line);
    }

    async fn nothing(&self) {}

    /// Arguments with names that the written code could trip over.
    async fn names(
        &mut self,
        body: u8,
        caller: u8,
        out: u8,
        msg: u8,
        handle: u8,
        r#type: u8,
    ) -> [u8; 6] {
        [body, caller, out, msg, handle, r#type]
    }

    async fn r#move(&mut self) -> String {
        Self::GREETING.to_owned()
    }

    async fn fallible(&mut self, ok: bool) -> Result<Nothing, String> {
        if ok { Ok(Nothing) } else { Err("no".to_owned()) }
    }

    async fn oneself(&mut self, cx: &mut Context<Self>) -> Ref<Self> {
        cx.me()
    }
}

/// Some reply.
#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize, Message)]
struct Nothing;

/// Has no methods, only hooks.
struct Mute(mpsc::Sender<String>);

#[actor]
impl Mute {
    async fn stopped(&mut self, _reason: &ExitReason, _cx: &mut Context<Self>) {
        self.0.send("mute".to_owned()).await.unwrap();
    }
}

/// Needs no serde.
struct Hermit;

#[actor(local)]
impl Hermit {
    async fn give(&mut self, by: std::time::Instant) -> Option<std::time::Instant> {
        Some(by)
    }

    async fn take(&mut self) -> std::thread::Thread {
        std::thread::current()
    }
}

async fn check(forms: &Ref<Forms>, pid: Pid) {
    assert_eq!(forms.context_first(1).await.unwrap(), (1, pid));
    assert_eq!(forms.context_last(2).await.unwrap(), (2, pid));
    assert_eq!(forms.context_between(3, "x".to_owned()).await.unwrap(), "3x");
    forms.sync_exclusive("a".to_owned()).await.unwrap();
    forms.cast().sync_exclusive("b".to_owned()).unwrap();
    forms.send().sync_exclusive("c".to_owned()).await.unwrap();
    assert_eq!(forms.sync_shared().await.unwrap(), ["started true", "a!", "b!", "c!"]);
    forms.nothing().await.unwrap();
    assert_eq!(forms.names(1, 2, 3, 4, 5, 6).await.unwrap(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(forms.r#move().await.unwrap(), "hello");
    assert_eq!(forms.fallible(true).await.unwrap(), Ok(Nothing));
    assert_eq!(forms.fallible(false).await.unwrap(), Err("no".to_owned()));
    assert_eq!(&forms.oneself().await.unwrap(), forms);
}

#[tokio::test]
async fn every_form_of_method_works_here_and_from_another_node() {
    let net = Arc::new(MemoryTransport::new());
    let at = Endpoint::Memory("there".to_owned());
    let there = Node::builder("there@x").transport(net.clone()).listen(at.clone());
    let there = there.start().await.unwrap();
    let here = Node::builder("here@x").transport(net).start().await.unwrap();
    here.connect(&at).await.unwrap();
    for from in [&there, &here] {
        let (hooks, mut heard) = mpsc::channel(8);
        let pid = there.spawn(Forms { log: Vec::new(), hooks }).pid();
        let forms: Ref<Forms> = from.system().reference(pid);
        check(&forms, pid).await;
        forms.exit(ExitReason::Shutdown("done".into()));
        assert_eq!(heard.recv().await.unwrap(), "stopped shutdown: done");
        assert_eq!(heard.recv().await, None);
    }
    there.stop().await;
}

#[tokio::test]
async fn an_actor_may_have_no_methods() {
    let node = Node::builder("n@x").start().await.unwrap();
    let (hooks, mut heard) = mpsc::channel(1);
    node.spawn(Mute(hooks));
    node.stop().await;
    assert_eq!(heard.recv().await.unwrap(), "mute");
}

#[tokio::test]
async fn a_local_actor_takes_what_cannot_be_sent() {
    let node = Node::builder("n@x").start().await.unwrap();
    let hermit = node.spawn(Hermit);
    let now = tokio::time::Instant::now().into_std();
    assert_eq!(hermit.give(now).await.unwrap(), Some(now));
    hermit.take().await.unwrap();
    node.stop().await;
}

#[test]
fn a_type_has_a_stable_name() {
    assert_eq!(Forms::TABLE.type_name, "forms");
    assert_eq!(<Mute as Remote>::TABLE.type_name, "it::actors::Mute");
    let tags: Vec<_> = Forms::TABLE.methods.iter().map(|method| method.info.tag).collect();
    assert!(tags.contains(&"move") && tags.contains(&"names"), "{tags:?}");
    assert!(!tags.contains(&"started"), "{tags:?}");
}
