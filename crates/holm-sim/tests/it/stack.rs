//! The whole stack in the test world: nodes on hosts, and the actors that the scenarios use.

mod breaks;
mod crash;
mod crossing;
mod history;
mod links;
mod planted;
mod traffic;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use holm::env::Transport;
use holm::prelude::*;
use holm::{AutoConnect, MonitorRef, NodeEvent, NodeEvents, Pid, SendError};
use holm_sim::Host;
use rand::RngExt;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

/// Starts the node `HOST@sim`, which listens at its host's address.
async fn start(host: &Host) -> Node {
    start_over(host, host.transport()).await
}

/// The same over another transport.
async fn start_over(host: &Host, transport: Arc<dyn Transport>) -> Node {
    Node::builder(&format!("{}@sim", host.name()))
        .env(host.env())
        .transport(transport)
        .listen(host.endpoint())
        .spawnable::<Log>()
        .auto_connect(AutoConnect::Never)
        .start()
        .await
        .unwrap()
}

/// The actor of type `A` with this pid, as `node` reaches it.
fn reach<A: holm::Remote>(node: &Node, pid: Pid) -> Ref<A> {
    node.system().reference(pid)
}

/// A message as a [`Log`] writes it down: sender, number, bytes of payload.
type Entry = (u32, u32, u32);

/// Writes down what it is told, in order.
#[derive(Serialize, Deserialize, Message, Default)]
struct Log {
    entries: Vec<Entry>,
}

#[actor]
impl Log {
    /// Answers with what depends on all arguments.
    async fn note(&mut self, from: u32, number: u32, payload: String) -> u64 {
        self.entries.push((from, number, u32::try_from(payload.len()).unwrap()));
        answer(from, number, &payload)
    }

    async fn entries(&mut self) -> Vec<Entry> {
        self.entries.clone()
    }

    async fn never(&mut self) {
        std::future::pending::<()>().await;
    }
}

fn answer(from: u32, number: u32, payload: &str) -> u64 {
    payload.bytes().fold(u64::from(from) << 32 | u64::from(number), |sum, byte| {
        sum.rotate_left(5) ^ u64::from(byte)
    })
}

/// Sends numbered messages.
struct Sender {
    id: u32,
    /// The number of the next message.
    next: u32,
    rng: StdRng,
    /// Also calls; else only what wants no reply.
    calls: bool,
}

/// Longest payload: several chunks of a session.
const PAYLOAD_MAX: usize = 200_000;

#[actor(local)]
impl Sender {
    /// Sends `count` messages, by cast, send or call as chance has it.
    async fn run(&mut self, to: Ref<Log>, count: u32) {
        for number in self.next..self.next + count {
            let length = match self.rng.random_range(0..20) {
                0 => self.rng.random_range(0..PAYLOAD_MAX),
                _ => self.rng.random_range(0..20),
            };
            let payload = "ab".repeat(length / 2);
            match self.rng.random_range(0..4) {
                0 if self.calls => {
                    let expected = answer(self.id, number, &payload);
                    let reply = to.note(self.id, number, payload).await.unwrap();
                    assert_eq!(reply, expected, "the reply to {number} of sender {}", self.id);
                }
                1 => to.send().note(self.id, number, payload).await.unwrap(),
                _ => match to.cast().note(self.id, number, payload.clone()) {
                    Ok(()) => {}
                    Err(SendError::Busy(_)) => {
                        to.send().note(self.id, number, payload).await.unwrap();
                    }
                    Err(error) => panic!("{error}"),
                },
            }
        }
        self.next += count;
    }
}

/// Monitors actors and counts what it hears.
#[derive(Default)]
struct Watcher {
    downs: BTreeMap<MonitorRef, Vec<ExitReason>>,
}

#[actor(local)]
impl Watcher {
    async fn watch(&mut self, pid: Pid, cx: &mut Context<Self>) -> MonitorRef {
        let monitor = cx.monitor(pid);
        self.downs.insert(monitor, Vec::new());
        monitor
    }

    /// What came for each monitor.
    async fn downs(&mut self) -> BTreeMap<MonitorRef, Vec<ExitReason>> {
        self.downs.clone()
    }

    async fn signal(&mut self, signal: Signal, _cx: &mut Context<Self>) {
        match signal {
            Signal::Down(down) => self.downs.get_mut(&down.monitor).unwrap().push(down.reason),
            other => panic!("{other:?}"),
        }
    }
}

/// What a listener to a node's events got until now.
async fn events_until_now(events: &mut NodeEvents) -> Vec<NodeEvent> {
    let mut all = Vec::new();
    // Time does not pass while there is an event to take.
    while let Ok(Some(event)) = timeout(Duration::from_millis(1), events.next()).await {
        all.push(event);
    }
    all
}
