//! The figures of one session between two processes, without actors.

mod peer;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use clap::ValueEnum;
use holm::env::Endpoint;

use self::peer::{BULK, Client, ECHO, SINK, Secrets};
use super::latency::{LARGE, latencies};
use super::meter::Meter;
use super::served::Served;

/// Requests at once in the figure of many.
const CALLERS: u64 = 64;
/// Items that the producer sends before it lets others run.
const PRODUCER_BATCH: u64 = 1_024;
/// The item of the throughput figure.
const BLOCK: usize = 64 * 1024;

/// What the two processes are joined by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Channel {
    /// A Unix socket in a private directory.
    Unix,
    /// Loopback TCP.
    Tcp,
    /// TLS 1.3 over loopback TCP.
    Tls,
    /// Noise XX over loopback TCP.
    Noise,
}

/// The other process: serves until its standard input ends.
pub(super) async fn serve(at: &str) -> Result<()> {
    peer::serve(at, &Secrets::inherited()?).await
}

/// Measures and prints all of them, for one channel after another.
pub(super) async fn run(channels: &[Channel], meter: &Meter) -> Result<()> {
    let channels = if channels.is_empty() { Channel::value_variants() } else { channels };
    for &channel in channels {
        measure(channel, meter).await?;
    }
    Ok(())
}

async fn measure(channel: Channel, meter: &Meter) -> Result<()> {
    let dir = super::private_dir()?;
    let secrets = Secrets::new(dir.path());
    let at = match channel {
        Channel::Unix => format!("unix:{}", dir.path().join("s").display()),
        Channel::Tcp => "tcp:127.0.0.1:0".to_owned(),
        Channel::Tls => "tls:127.0.0.1:0".to_owned(),
        Channel::Noise => "noise:127.0.0.1:0".to_owned(),
    };
    let (child, endpoint) = Served::start(&["serve-session", &at], &secrets.to_inherit())?;
    let meter = Meter { options: meter.options.clone(), pids: vec![child.pid()] };
    let client = connect(&endpoint, &secrets).await?;
    let label = channel.to_possible_value().context("no channel is hidden")?;
    let name = |figure: &str| format!("holm.session.{}.{figure}", label.get_name());
    meter.rate(&name("request_c1"), "req/s", 1.0, |n| requests(&client, n, 1)).await;
    meter.rate(&name("request_c64"), "req/s", 1.0, |n| requests(&client, n, CALLERS)).await;
    meter.rate(&name("oneway_small"), "msgs/s", 1.0, |n| oneway(&client, n, 8)).await;
    let megabytes = BLOCK as f64 / 1e6;
    meter.rate(&name("oneway_64KiB"), "MB/s", megabytes, |n| oneway(&client, n, BLOCK)).await;
    let (small, large) = (Arc::clone(&client), Bytes::from(vec![7; LARGE]));
    let request = move || {
        let client = Arc::clone(&small);
        async move { request(&client, 1).await.map(|_| ()) }
    };
    let transferred = move || transferred(Arc::clone(&client), large.clone());
    latencies(&meter, &format!("holm.session.{}", label.get_name()), request, transferred).await?;
    drop(child);
    Ok(())
}

async fn connect(to: &Endpoint, secrets: &Secrets) -> Result<Arc<Client>> {
    peer::connect(to, secrets).await.with_context(|| format!("connecting to {to}"))
}

async fn requests(client: &Arc<Client>, n: u64, callers: u64) -> Duration {
    let start = Instant::now();
    let share = n.div_ceil(callers);
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let client = Arc::clone(client);
            tokio::spawn(async move {
                for value in 0..share {
                    let answer = request(&client, value).await;
                    assert_eq!(answer, Some(value), "the peer answers");
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("a caller ends well");
    }
    start.elapsed()
}

async fn request(client: &Arc<Client>, value: u64) -> Option<u64> {
    let mut body = [ECHO; 9];
    body[1..].copy_from_slice(&value.to_le_bytes());
    let answer = client.request(&body).await.ok()?;
    Some(u64::from_le_bytes(answer.get(1..)?.try_into().ok()?))
}

/// Sends `n` items of so many bytes on one stream, until the peer says that it took them.
async fn oneway(client: &Arc<Client>, n: u64, bytes: usize) -> Duration {
    let item = Bytes::from(vec![7; bytes]);
    let start = Instant::now();
    let stream = client.open(&[SINK]).await.expect("the peer takes streams");
    for sent in 1..=n {
        if sent == n {
            stream.send_last(item.clone()).await.expect("the peer reads");
        } else {
            stream.send(item.clone()).await.expect("the peer reads");
        }
        if sent % PRODUCER_BATCH == 0 {
            tokio::task::consume_budget().await;
        }
    }
    let taken = stream.next().await.expect("the peer answers").expect("with an item");
    assert_eq!(taken.as_ref(), n.to_le_bytes(), "none is lost");
    start.elapsed()
}

/// A large message, taken by the peer.
async fn transferred(client: Arc<Client>, large: Bytes) {
    let stream = client.open(&[BULK]).await.expect("the peer takes streams");
    stream.send_last(large).await.expect("the peer reads");
    stream.next().await.expect("the peer answers").expect("with an item");
}
