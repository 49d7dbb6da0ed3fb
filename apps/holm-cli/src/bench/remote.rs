//! The figures of two processes.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use holm::Named;
use holm::prelude::*;

use super::Joint;
use super::meter::Meter;
use super::served::Served;

/// Callers at once in the figure of many.
const CALLERS: u64 = 64;
/// Messages that the producer sends before it lets others run.
const PRODUCER_BATCH: u64 = 1_024;

/// Answers calls and counts messages.
struct Server {
    taken: u64,
}

#[actor]
impl Server {
    async fn echo(&mut self, value: u64) -> u64 {
        value
    }

    async fn take(&mut self, value: u64) {
        std::hint::black_box(value);
        self.taken += 1;
    }

    /// How many messages were taken since this was asked last.
    async fn taken(&mut self) -> u64 {
        std::mem::take(&mut self.taken)
    }
}

/// The other process: serves until its standard input ends.
pub(super) async fn serve(at: &str) -> Result<()> {
    let node = Node::builder("server@local").listen(at.parse()?).start().await?;
    let server = node.spawn(Server { taken: 0 });
    node.names().register("server", &server)?;
    let endpoint = node.endpoints().first().cloned().context("the node listens")?;
    println!("READY {endpoint}");
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()))
        .await??;
    Ok(())
}

/// Measures and prints all of them.
pub(super) async fn run(joint: Joint, meter: &Meter) -> Result<()> {
    let dir = super::private_dir()?;
    let (at, prefix) = match joint {
        Joint::Tcp => ("tcp:127.0.0.1:0".to_owned(), "holm.dist"),
        Joint::Unix => (format!("unix:{}", dir.path().join("s").display()), "holm.dist.unix"),
    };
    let (child, endpoint) = Served::start(&["serve", &at], &[])?;
    let meter = Meter { options: meter.options.clone(), pids: vec![child.pid()] };
    let node = Node::builder("client@local").start().await?;
    let server = node.connect(&endpoint).await?;
    let server = node.at::<Server>(&server, "server");
    let server = &server;
    let name = |figure: &str| format!("{prefix}.{figure}");
    meter.rate(&name("pingpong"), "rt/s", 1.0, |n| calls(server, n, 1)).await;
    meter.rate(&name("call_c64"), "req/s", 1.0, |n| calls(server, n, CALLERS)).await;
    meter.rate(&name("oneway_small"), "msgs/s", 1.0, |n| oneway(server, n)).await;
    node.stop().await;
    drop(child);
    Ok(())
}

async fn calls(server: &Named<Server>, n: u64, callers: u64) -> Duration {
    let start = Instant::now();
    let share = n.div_ceil(callers);
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let server = server.clone();
            tokio::spawn(async move {
                for value in 0..share {
                    assert_eq!(server.echo(value).await, Ok(value), "the server answers");
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("a caller ends well");
    }
    start.elapsed()
}

async fn oneway(server: &Named<Server>, n: u64) -> Duration {
    let start = Instant::now();
    for value in 0..n {
        if server.cast().take(value).is_err() {
            server.send().take(value).await.expect("the server lives");
        }
        if value % PRODUCER_BATCH == 0 {
            tokio::task::consume_budget().await;
        }
    }
    assert_eq!(server.taken().await, Ok(n), "none is lost");
    start.elapsed()
}
