//! A counter, used from its own process and from another one.
//!
//! ```text
//! cargo run -p holm --example counter                      # both in one process
//! cargo run -p holm --example counter serve unix:DIR/c.sock # then, elsewhere:
//! cargo run -p holm --example counter use unix:DIR/c.sock
//! ```
//! `tcp:127.0.0.1:4000` works in place of the Unix socket. `DIR` is a directory that only you may
//! enter (mode 0700).

use std::error::Error;

use holm::env::Endpoint;
use holm::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Message)]
struct Counter {
    total: i64,
}

#[actor]
impl Counter {
    /// Adds, and returns the new total.
    async fn add(&mut self, by: i64) -> i64 {
        self.total += by;
        self.total
    }

    /// Starts over.
    async fn reset(&mut self) {
        self.total = 0;
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => local().await,
        ["serve", at] => serve(at.parse()?).await,
        ["use", at] => use_counter(at.parse()?).await,
        _ => Err("usage: counter [serve ENDPOINT | use ENDPOINT]".into()),
    }
}

async fn local() -> Result<(), Box<dyn Error>> {
    let node = Node::builder("a@local").start().await?;
    let counter = node.spawn(Counter { total: 0 });
    println!("total {}", counter.add(5).await?);
    counter.cast().reset()?;
    counter.send().add(1).await?;
    println!("total {}", counter.add(1).await?);
    node.stop().await;
    Ok(())
}

async fn serve(at: Endpoint) -> Result<(), Box<dyn Error>> {
    let node = Node::builder("server@local").listen(at).spawnable::<Counter>().start().await?;
    let counter = node.spawn(Counter { total: 0 });
    node.names().register("counter", &counter)?;
    for endpoint in node.endpoints() {
        println!("listening on {endpoint}");
    }
    tokio::signal::ctrl_c().await?;
    node.stop().await;
    Ok(())
}

async fn use_counter(at: Endpoint) -> Result<(), Box<dyn Error>> {
    let node = Node::builder("client@local").start().await?;
    let server = node.connect(&at).await?;

    // The counter that lives there, by its name.
    let shared = node.at::<Counter>(&server, "counter");
    println!("shared total {}", shared.add(5).await?);

    // One of our own, spawned there and watched.
    let (own, down) = node.spawn_on::<Counter>(&server, Counter { total: 100 }).monitored().await?;
    println!("own total {}", own.add(1).await?);
    own.exit(ExitReason::Shutdown("done".into()));
    println!("own counter ended: {}", down.await.reason);
    node.stop().await;
    Ok(())
}
