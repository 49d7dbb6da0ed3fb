//! The processes of the measurement, as the one sees them that measures.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use holm::env::Endpoint;
use holm::{Node, Ref};

use super::super::meter::cpu_secs_of;
use super::super::served::Served;
use super::Part;
use super::victim::{self, Keys, Victim};

/// The peer calls so often, answered or not.
const TICK: Duration = Duration::from_millis(1);

/// Another process of the measurement; killed when dropped.
pub(super) struct Other {
    process: Child,
    out: BufReader<ChildStdout>,
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Other {
    /// Starts it; it has begun.
    pub(super) fn start(
        part: Part,
        at: &Endpoint,
        keys: &Keys,
        secs: f64,
        amount: f64,
    ) -> Result<Self> {
        let part = part.to_possible_value().context("no part is hidden")?;
        let mut process = Command::new(std::env::current_exe()?)
            .args(["bench", "flood", "--part", part.get_name(), "--at", &at.to_string()])
            .args(["--secs", &secs.to_string(), "--amount", &amount.to_string()])
            .envs(keys.to_inherit())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = BufReader::new(process.stdout.take().context("it was piped")?);
        let mut other = Self { process, out };
        let mut line = String::new();
        other.out.read_line(&mut line)?;
        ensure!(line == "READY\n", "the flooding process said {line:?}");
        Ok(other)
    }

    fn cpu_secs(&self) -> f64 {
        cpu_secs_of(&format!("/proc/{}/stat", self.process.id()))
    }

    /// Waits for its end; its last words.
    fn end(mut self) -> Result<String> {
        let mut words = String::new();
        self.out.read_to_string(&mut words)?;
        let words = words.trim().strip_prefix("DONE").context("the flooding process failed")?;
        Ok(words.trim().to_owned())
    }
}

/// The victim, and this process as its peer.
pub(super) struct Pair {
    served: Served,
    pub(super) at: Endpoint,
    node: Node,
    pub(super) victim: Ref<Victim>,
}

impl Pair {
    pub(super) async fn start(keys: &Keys) -> Result<Self> {
        let (served, at) = Served::start(&["flood", "--part", "victim"], &keys.to_inherit())?;
        let node = keys.peer("observed@local").start().await?;
        let victim = victim::join(&node, &at).await?;
        Ok(Self { served, at, node, victim })
    }

    pub(super) async fn end(self) {
        self.node.stop().await;
        drop(self.served);
    }

    fn victim_cpu_secs(&self) -> f64 {
        cpu_secs_of(&format!("/proc/{}/stat", self.served.pid()))
    }

    /// Calls for so long; how long each took, in microseconds, in ascending order.
    pub(super) async fn calls(&self, length: Duration) -> Result<Vec<f64>> {
        let mut answers = Vec::new();
        let mut due = Instant::now();
        let end = due + length;
        while due < end {
            tokio::time::sleep_until(due.into()).await;
            let victim = self.victim.clone();
            answers.push(tokio::spawn(async move {
                // From when it is sent: timers are a millisecond late, whoever waits for them.
                let sent = Instant::now();
                victim.echo(1).await.map(|_| sent.elapsed().as_secs_f64() * 1e6)
            }));
            due += TICK;
        }
        let mut micros = Vec::new();
        for answer in answers {
            micros.push(answer.await??);
        }
        micros.sort_by(f64::total_cmp);
        Ok(micros)
    }

    /// The same beside another process; also the processor time in each second of that and of the
    /// victim, and the other's last words.
    pub(super) async fn calls_beside(
        &self,
        other: Other,
        length: Duration,
    ) -> Result<(Vec<f64>, [f64; 2], String)> {
        let before = [other.cpu_secs(), self.victim_cpu_secs()];
        let micros = self.calls(length).await?;
        let after = [other.cpu_secs(), self.victim_cpu_secs()];
        let share = |n: usize| (after[n] - before[n]) / length.as_secs_f64();
        let shares = [share(0), share(1)];
        let words = tokio::task::spawn_blocking(|| other.end()).await??;
        Ok((micros, shares, words))
    }
}
