//! `holm node ping`.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use bytes::Bytes;
use holm::access::{Role, ShardId};
use holm::env::Endpoint;
use holm::{CallError, Named, NodeEvent, NodeEvents, NodeName};
use tokio::time::Instant;

use super::asked::{Part, start};
use super::echo::{ECHO, Echo};
use super::security::Security;

/// How long an answer may take: a largest message on a slow network. Then the node does not answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// Connects to a node of `holm node start` and has it answer.
///
/// Fails with the reason if there is no session, if the session ends, or if the node does not answer.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the node listens: tcp:HOST:PORT, tls:HOST:PORT, noise:HOST:PORT or unix:PATH.
    #[arg(value_name = "ENDPOINT")]
    to: Endpoint,
    /// The name of this node [default: ask-PID@local].
    #[arg(long, value_name = "NAME@AUTHORITY")]
    name: Option<NodeName>,
    /// What this node is to the other.
    #[arg(long, value_name = "ROLE", value_enum, default_value_t = As::Observer)]
    role: As,
    /// A shard that this node wants to serve; may be given several times.
    #[arg(long = "shard", value_name = "NUMBER")]
    shards: Vec<u32>,
    /// How many answers to wait for.
    #[arg(long, default_value_t = 4)]
    count: u64,
    /// Milliseconds from an answer to the next question.
    #[arg(long, value_name = "MS", default_value_t = 1_000)]
    interval: u64,
    /// What is sent.
    #[arg(long, value_name = "TEXT", default_value = "ping")]
    payload: String,
    /// Sends what is in this file instead.
    #[arg(long, value_name = "FILE", conflicts_with = "payload")]
    payload_file: Option<PathBuf>,
    #[command(flatten)]
    security: Security,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum As {
    Member,
    Observer,
    Worker,
}

impl From<As> for Role {
    fn from(role: As) -> Self {
        match role {
            As::Member => Self::Member,
            As::Observer => Self::Observer,
            As::Worker => Self::Worker,
        }
    }
}

pub(super) async fn run(args: Args) -> Result<()> {
    let payload = match &args.payload_file {
        Some(path) => fs::read(path).map_err(|error| anyhow!("{}: {error}", path.display()))?,
        None => args.payload.into_bytes(),
    };
    let shards: Vec<_> = args.shards.into_iter().map(ShardId).collect();
    let part = Part { name: args.name, role: args.role.into(), shards: &shards };
    let node = start(&args.to, &args.security, part).await?;
    let events = node.events();
    let peer = node.connect(&args.to).await?;
    let echo = node.at(&peer, ECHO);
    let mut pings = Pings { peer, events, echo, payload: payload.into(), times: Vec::new() };
    let done = pings.run(args.count, Duration::from_millis(args.interval)).await;
    pings.summarise();
    node.stop().await;
    done
}

struct Pings {
    peer: NodeName,
    events: NodeEvents,
    echo: Named<Echo>,
    payload: Bytes,
    times: Vec<Duration>,
}

impl Pings {
    async fn run(&mut self, count: u64, interval: Duration) -> Result<()> {
        for number in 0..count {
            if number > 0 {
                let sleep = tokio::time::sleep(interval);
                tokio::select! {
                    biased;
                    why = end(&mut self.events, &self.peer) => return Err(why),
                    () = sleep => {}
                }
            }
            self.ping().await?;
        }
        Ok(())
    }

    async fn ping(&mut self) -> Result<()> {
        let asked = Instant::now();
        let answer = self.echo.echo(self.payload.clone()).timeout(ANSWER_MAX);
        let answer = tokio::select! {
            biased;
            why = end(&mut self.events, &self.peer) => return Err(why),
            answer = answer => answer,
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(CallError::Disconnected) => return Err(end(&mut self.events, &self.peer).await),
            Err(error) => return Err(anyhow!("{}: {error}", self.peer)),
        };
        let time = asked.elapsed();
        ensure!(answer == self.payload, "{} answers something else", self.peer);
        println!("{} bytes from {}: time={:.3} ms", answer.len(), self.peer, ms(time));
        self.times.push(time);
        Ok(())
    }

    fn summarise(&self) {
        let (Some(min), Some(max)) = (self.times.iter().min(), self.times.iter().max()) else {
            return;
        };
        let sum: f64 = self.times.iter().copied().map(ms).sum();
        let count = self.times.len();
        #[expect(clippy::cast_precision_loss, reason = "a mean, for people")]
        let mean = sum / count as f64;
        println!("{count} answers: min/mean/max = {:.3}/{mean:.3}/{:.3} ms", ms(*min), ms(*max));
    }
}

/// The reason why the session with `peer` ended, once it has. Cancel safe: a reason that comes
/// before the end is said at once.
async fn end(events: &mut NodeEvents, peer: &NodeName) -> anyhow::Error {
    loop {
        match events.next().await {
            Some(NodeEvent::Revoked { node, message }) if node == *peer => {
                return anyhow!("{peer} and this node have no session any more: {message}");
            }
            Some(NodeEvent::Down(node)) if node == *peer => {
                return anyhow!("the session with {peer} ended");
            }
            Some(_) => {}
            None => return anyhow!("this node stopped"),
        }
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
