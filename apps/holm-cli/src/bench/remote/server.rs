//! The other process.

use anyhow::{Context as _, Result};
use holm::prelude::*;
use holm::{AdmissionLimits, Blob, Capacity, Inbox, Limits, NodeBuilder, Pid, Rate, SpawnOptions};

/// Largest message of both processes: the large one of the latency figure, with room.
const MESSAGE_MAX: usize = 128 * 1024 * 1024;
/// Room for what arrives while the receiver waits for a processor, some milliseconds where processes share
/// few: at the default, 1,024, the sender is paused then.
const INBOX: Capacity = Capacity::new(65_536).expect("within the range");
/// More spawns than can be.
const SPAWNS: Rate = Rate::per_second(100_000_000);
/// What the function that ends at once is called.
pub(super) const NOTHING: &str = "bench.nothing";

/// Answers calls, takes messages, and has actors to be watched.
pub(super) struct Server {
    taken: u64,
    idle: Vec<Ref<Idle>>,
}

#[actor]
impl Server {
    /// A reference to itself, for who knows its name only.
    async fn me(&mut self, cx: &mut Context<Self>) -> Ref<Self> {
        cx.me()
    }

    async fn echo(&mut self, value: u64) -> u64 {
        value
    }

    async fn take(&mut self, value: u64) {
        std::hint::black_box(value);
        self.taken += 1;
    }

    async fn take_bytes(&mut self, bytes: Blob) {
        std::hint::black_box(bytes);
        self.taken += 1;
    }

    /// How many messages were taken since this was asked last.
    async fn taken(&mut self) -> u64 {
        std::mem::take(&mut self.taken)
    }

    /// Spawns so many actors.
    async fn spawn_idle(&mut self, cx: &mut Context<Self>, n: u64) -> Vec<Pid> {
        let system = cx.system();
        self.idle.extend((0..n).map(|_| system.spawn(Idle)));
        self.idle.iter().map(Ref::pid).collect()
    }

    /// Has them all end.
    async fn end_idle(&mut self) {
        for idle in self.idle.drain(..) {
            let _ = idle.cast().end();
        }
    }
}

/// Ends when it is told to.
struct Idle;

#[actor(local)]
impl Idle {
    async fn end(&mut self, cx: &mut Context<Self>) {
        cx.stop(ExitReason::Normal);
    }
}

/// Either process's node: it takes the large message, and every spawn.
pub(super) fn node(name: &str) -> NodeBuilder {
    let limits = Limits { message_max: MESSAGE_MAX, ..Limits::default() };
    let admission = AdmissionLimits { spawns: SPAWNS, ..AdmissionLimits::default() };
    Node::builder(name).limits(limits).admission(admission)
}

/// Serves until the standard input ends.
pub(in crate::bench) async fn serve(at: &str) -> Result<()> {
    let node = node("server@local")
        .listen(at.parse()?)
        .spawnable_fn(NOTHING, async |(): (), _inbox: Inbox<()>| {})
        .start()
        .await?;
    for name in ["server", "bulk"] {
        let options = SpawnOptions::default().mailbox(INBOX);
        let server = node.spawn_with(Server { taken: 0, idle: Vec::new() }, options);
        node.names().register(name, &server)?;
    }
    let endpoint = node.endpoints().first().cloned().context("the node listens")?;
    println!("READY {endpoint}");
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()))
        .await??;
    Ok(())
}
