//! The process of a node: does what its standard input says, and tells on its standard output.

use std::io::{BufRead, Write, stdin, stdout};
use std::process::exit;
use std::sync::Arc;
use std::time::{Duration, Instant};

use holm::env::Endpoint;
use holm::prelude::*;
use holm::security::SecurityConfig;
use holm::{
    AdmissionLimits, AutoConnect, Capacity, Limits, NodeEvent, Patience, Pid, Rate, SpawnOptions,
};
use serde::{Deserialize, Serialize};
use tokio::runtime::Builder;

use crate::orders::{Answer, Line, Numbered, Order, Peer, Received, Settings, Spawned};
use crate::puppet::{Puppet, Stage};

/// Most a node of a test is asked to accept from its one peer address.
const CONNECTIONS: Rate = Rate::per_second(100_000);

/// What a process is told first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Birth {
    pub(crate) name: String,
    pub(crate) settings: Settings,
}

/// Runs a node until standard input ends.
///
/// # Panics
/// If it cannot start, or is told nonsense.
pub fn run() {
    // Whoever started it and dies takes it along, whatever its own threads do.
    let mut lines = stdin().lock().lines().map_while(Result::ok);
    let birth = lines.next().expect("it is told who it is");
    let birth: Birth = serde_json::from_str(&birth).expect("as the harness writes it");
    let mut runtime = Builder::new_multi_thread();
    let runtime = runtime.worker_threads(birth.settings.workers).enable_all().build();
    let runtime = runtime.expect("threads for a runtime");
    let member = runtime.block_on(Member::start(birth));
    say(&Line::Ready);
    for line in lines {
        let Numbered { id, order } =
            serde_json::from_str(&line).expect("an order as the harness writes it");
        let member = member.clone();
        let env = member.node.system().env().clone();
        drop(env.spawn(async move {
            let answer = member.carry_out(order).await;
            let failed = |(kind, text)| Answer::Failed { kind, text };
            say(&Line::Answer(id, answer.unwrap_or_else(failed)));
        }));
    }
    exit(0);
}

/// Tells the test.
pub(crate) fn say(line: &Line) {
    let line = serde_json::to_string(line).expect("lines are plain data");
    // A test that has gone takes this process along.
    let _ = writeln!(stdout().lock(), "{line}");
}

/// A node, and what its actors share.
#[derive(Clone)]
struct Member {
    node: Node,
    workers: usize,
    stage: Arc<Stage>,
}

/// Why an order failed: the name of the error, and its text.
type Failure = (String, String);

fn failure(error: impl std::fmt::Debug + std::fmt::Display) -> Failure {
    let debug = format!("{error:?}");
    let kind = debug.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    (kind.to_owned(), error.to_string())
}

fn name(node: &str) -> holm::NodeName {
    node.parse().expect("the name of a node")
}

impl Member {
    async fn start(birth: Birth) -> Self {
        let Birth { name, settings } = birth;
        let mut security = SecurityConfig::default();
        // The network of a test has no other hosts.
        security.allow_insecure = true;
        let silence = Duration::from_millis(settings.silence_ms);
        let limits = Limits { tick_ms: settings.tick_ms as usize, ..Limits::default() };
        let mut builder = Node::builder(&name)
            .cluster(&settings.cluster)
            .security(security)
            .limits(limits)
            .patience(Patience { silence, ..Patience::default() })
            .admission(AdmissionLimits { connections: CONNECTIONS, ..AdmissionLimits::default() });
        if let Some(at) = &settings.listen {
            builder = builder.listen(at.parse().expect("an endpoint"));
        }
        if !settings.auto_connect {
            builder = builder.auto_connect(AutoConnect::Never);
        }
        if settings.spawnable {
            builder = builder.spawnable::<Puppet>();
        }
        let node = builder.start().await.expect("a node that can start");
        let mut events = node.events();
        drop(node.system().env().spawn(async move {
            while let Some(event) = events.next().await {
                say(&Line::Peer(match event {
                    NodeEvent::Up(node) => Peer::Up(node.to_string()),
                    NodeEvent::Down(node) => Peer::Down(node.to_string()),
                    other => Peer::Other(format!("{other:?}")),
                }));
            }
        }));
        Self { node, workers: settings.workers, stage: Arc::default() }
    }

    fn puppet(&self, pid: Pid) -> Ref<Puppet> {
        self.node.system().reference(pid)
    }

    fn spawn(&self, options: SpawnOptions) -> Ref<Puppet> {
        self.node.spawn_with(Puppet::new(&self.stage), options)
    }

    async fn carry_out(&self, order: Order) -> Result<Answer, Failure> {
        match order {
            Order::Connect(to) => {
                let to: Endpoint = to.parse().map_err(failure)?;
                self.node.connect(&to).await.map_err(failure)?;
            }
            Order::Disconnect(node) => self.node.disconnect(&name(&node)),
            Order::Spawn { traps, room } => {
                let room = Capacity::new(room).expect("room for a message");
                let options = SpawnOptions::default().mailbox(room);
                let options = if traps { options.trap_exits() } else { options };
                return Ok(Answer::Pid(self.spawn(options).pid()));
            }
            Order::SpawnOn { node, what } => return self.spawn_on(&node, what).await,
            Order::Link(from, to) => self.puppet(from).link(to).await.map_err(failure)?,
            Order::Monitor(from, to) => self.puppet(from).watch(to).await.map_err(failure)?,
            Order::Send(from, to, load) => {
                let (from, to) = (self.puppet(from), self.puppet(to));
                let sent = from.send_all(to, load.count, load.sizes(), load.link_every);
                return Ok(Answer::Sent { accepted: sent.await.map_err(failure)? });
            }
            Order::Chat { from, to, every_ms } => self.chat(from, to, every_ms),
            Order::Crowd { to, senders, each, bytes } => {
                return Ok(self.crowd(to, senders, each, bytes).await);
            }
            Order::Measure(to, calls) => return self.measure(to, calls).await,
            Order::Call(pid) => self.puppet(pid).nothing().await.map_err(failure)?,
            Order::Past { by, from, number } => {
                self.puppet(by).past(from, number).await.map_err(failure)?;
            }
            Order::Introduce { by, to, of } => {
                let met = self.puppet(by).introduce(self.puppet(to), self.puppet(of)).await;
                met.map_err(failure)?.map_err(|text| (text.clone(), text))?;
            }
            Order::Exit(pid, reason) => self.node.system().exit(pid, reason),
            Order::Hold(pid) => self.puppet(pid).hold().await.map_err(failure)?,
            Order::Release => drop(self.stage.release.send_replace(true)),
            Order::Block { ms } => self.block(ms).await,
            Order::Report(pid) => return self.report(pid).await,
            Order::Bonds(node) => {
                return Ok(Answer::Bonds(self.node.bonds_with(&name(&node)).into()));
            }
            Order::Nodes => {
                let nodes = self.node.nodes();
                return Ok(Answer::Nodes(nodes.iter().map(ToString::to_string).collect()));
            }
        }
        Ok(Answer::Done)
    }

    async fn spawn_on(&self, node: &str, what: Spawned) -> Result<Answer, Failure> {
        let node = name(node);
        let pid = match what {
            Spawned::Puppet => {
                self.node.spawn_on::<Puppet>(&node, ()).await.map_err(failure)?.pid()
            }
            Spawned::Impostor => {
                let spawned = self.node.spawn_fn_on(&node, "puppet", &"other arguments".to_owned());
                spawned.await.map_err(failure)?
            }
        };
        Ok(Answer::Pid(pid))
    }

    fn chat(&self, from: Pid, to: Pid, every_ms: u64) {
        let to = self.puppet(to);
        drop(self.node.system().env().spawn(async move {
            for number in 1.. {
                // What finds no session is lost, and shows as a gap.
                let _ = to.cast().take(from, number, Vec::new());
                tokio::time::sleep(Duration::from_millis(every_ms)).await;
            }
        }));
    }

    async fn crowd(&self, to: Pid, senders: u64, each: u64, bytes: usize) -> Answer {
        let crowd: Vec<_> = (0..senders).map(|_| self.spawn(SpawnOptions::default())).collect();
        let calls: Vec<_> =
            crowd.iter().map(|sender| sender.push(self.puppet(to), each, bytes as u64)).collect();
        let (mut accepted, mut busy) = (0, 0);
        for call in calls {
            let pushed = call.await.expect("a sender does not end");
            accepted += pushed.0;
            busy += pushed.1;
        }
        Answer::Crowd { accepted, busy }
    }

    #[expect(clippy::disallowed_methods, reason = "it measures real time")]
    async fn measure(&self, to: Pid, calls: u64) -> Result<Answer, Failure> {
        let to = self.puppet(to);
        let mut micros = Vec::new();
        for _ in 0..calls {
            let began = Instant::now();
            to.nothing().await.map_err(failure)?;
            micros.push(began.elapsed().as_micros() as u64);
        }
        Ok(Answer::Micros(micros))
    }

    /// Twice as many as there are threads, so that none is spared.
    async fn block(&self, ms: u64) {
        let blockers: Vec<_> =
            (0..2 * self.workers).map(|_| self.spawn(SpawnOptions::default())).collect();
        let until_ms = self.stage.began.elapsed().as_millis() as u64 + ms;
        let calls: Vec<_> = blockers.iter().map(|one| one.block(until_ms)).collect();
        for call in calls {
            call.await.expect("a blocker does not end");
        }
    }

    async fn report(&self, pid: Pid) -> Result<Answer, Failure> {
        let rows = self.puppet(pid).received().await.map_err(failure)?;
        let row =
            |(from, count, last, gaps, faults)| (from, Received { count, last, gaps, faults });
        Ok(Answer::Received(rows.into_iter().map(row).collect()))
    }
}
