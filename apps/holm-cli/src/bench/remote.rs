//! The figures of two processes.

mod ends;
mod server;

use std::time::{Duration, Instant};

use anyhow::Result;
use holm::prelude::*;
use holm::{Blob, NodeName};
use tokio::task::JoinSet;

pub(super) use self::server::serve;
use self::server::{NOTHING, Server};
use super::Joint;
use super::latency::{LARGE, latencies};
use super::meter::Meter;
use super::served::Served;

/// Callers at once in the figure of many.
const CALLERS: u64 = 64;
/// Spawns under way in the figure of many.
const SPAWNS: u64 = 128;
/// Messages that the producer sends before it lets others run.
const PRODUCER_BATCH: u64 = 1_024;
/// The message of the throughput figure.
const BLOCK: usize = 64 * 1024;

/// Measures and prints all of them.
pub(super) async fn run(joint: Joint, meter: &Meter) -> Result<()> {
    let dir = super::private_dir()?;
    let (at, prefix) = match joint {
        Joint::Tcp => ("tcp:127.0.0.1:0".to_owned(), "holm.dist"),
        Joint::Unix => (format!("unix:{}", dir.path().join("s").display()), "holm.dist.unix"),
    };
    let (child, endpoint) = Served::start(&["serve", &at], &[])?;
    let meter = Meter { options: meter.options.clone(), pids: vec![child.pid()] };
    let node = server::node("client@local").start().await?;
    let peer = node.connect(&endpoint).await?;
    let server = &node.at::<Server>(&peer, "server").me().await?;
    let bulk = node.at::<Server>(&peer, "bulk").me().await?;
    let name = |figure: &str| format!("{prefix}.{figure}");
    meter.rate(&name("pingpong"), "rt/s", 1.0, |n| calls(server, n, 1)).await;
    meter.rate(&name("call_c64"), "req/s", 1.0, |n| calls(server, n, CALLERS)).await;
    meter.rate(&name("oneway_small"), "msgs/s", 1.0, |n| oneway(server, n)).await;
    let megabytes = BLOCK as f64 / 1e6;
    meter.rate(&name("oneway_64KiB"), "MB/s", megabytes, |n| blocks(server, n)).await;
    meter.rate(&name("remote_spawn"), "spawns/s", 1.0, |n| spawns(&node, &peer, n, 1)).await;
    let many = |n| spawns(&node, &peer, n, SPAWNS);
    meter.rate(&name("remote_spawn_w128"), "spawns/s", 1.0, many).await;
    ends::measure(&node, server, &name, &meter).await;
    let small = server.clone();
    let request = move || {
        let server = small.clone();
        async move { server.echo(1).await.ok().map(|_| ()) }
    };
    // Until a method is known to both sides, its messages are encoded in two ways.
    bulk.take_bytes(Blob::default()).await?;
    bulk.taken().await?;
    let large = Blob::from(vec![7; LARGE]);
    let transferred = move || {
        let (bulk, large) = (bulk.clone(), large.clone());
        async move {
            bulk.send().take_bytes(large).await.expect("the server lives");
            bulk.taken().await.expect("it answers");
        }
    };
    latencies(&meter, prefix, request, transferred).await?;
    node.stop().await;
    drop(child);
    ends::killed(&at, &name("nodedown_kill9"), &meter).await
}

async fn calls(server: &Ref<Server>, n: u64, callers: u64) -> Duration {
    let start = Instant::now();
    let share = n.div_ceil(callers);
    let mut calling = JoinSet::new();
    for _ in 0..callers {
        let server = server.clone();
        calling.spawn(async move {
            for value in 0..share {
                assert_eq!(server.echo(value).await, Ok(value), "the server answers");
            }
        });
    }
    calling.join_all().await;
    start.elapsed()
}

async fn oneway(server: &Ref<Server>, n: u64) -> Duration {
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

async fn blocks(server: &Ref<Server>, n: u64) -> Duration {
    let block = Blob::from(vec![7; BLOCK]);
    let start = Instant::now();
    for _ in 0..n {
        server.send().take_bytes(block.clone()).await.expect("the server lives");
    }
    assert_eq!(server.taken().await, Ok(n), "none is lost");
    start.elapsed()
}

/// Spawns a function that ends at once, so many times, up to `width` under way.
async fn spawns(node: &Node, on: &NodeName, n: u64, width: u64) -> Duration {
    let start = Instant::now();
    let share = n.div_ceil(width);
    let mut spawning = JoinSet::new();
    for _ in 0..width {
        let (node, on) = (node.clone(), on.clone());
        spawning.spawn(async move {
            for _ in 0..share {
                let spawn = node.spawn_fn_on(&on, NOTHING, &());
                spawn.await.expect("the server spawns");
            }
        });
    }
    spawning.join_all().await;
    start.elapsed()
}
