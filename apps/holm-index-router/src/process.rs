//! One worker process: started, its output passed on, ended.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use holm::NodeName;
use holm::env::{Endpoint, Env};
use tokio::io::{AsyncRead, BufReader};
use tokio::process::{Child, Command};

use crate::TOKEN_VARIABLE;
use crate::lines::Lines;
use crate::options::WorkerNumber;

/// A running worker process. Dropped, it is killed.
pub(crate) struct Process {
    child: Child,
    pid: Option<u32>,
}

impl Process {
    /// Starts `command worker --connect ENDPOINT --name NODE`.
    ///
    /// The token goes by the environment, which only its owner can read; arguments anybody can. The child
    /// leads a process group of its own, so that Ctrl-C reaches the router alone.
    pub(crate) fn start(
        command: &Path,
        endpoint: &Endpoint,
        name: &NodeName,
        token: &str,
        worker: WorkerNumber,
        env: &Env,
    ) -> io::Result<Self> {
        let mut child = Command::new(command)
            .arg("worker")
            .arg("--connect")
            .arg(endpoint.to_string())
            .arg("--name")
            .arg(name.as_str())
            .env(TOKEN_VARIABLE, token)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        if let Some(stdout) = child.stdout.take() {
            drop(env.spawn(pass_on(stdout, worker, "stdout")));
        }
        if let Some(stderr) = child.stderr.take() {
            drop(env.spawn(pass_on(stderr, worker, "stderr")));
        }
        let pid = child.id();
        Ok(Self { child, pid })
    }

    /// The process id it was started with.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// Waits for its end, and says how it ended. Cancel safe.
    pub(crate) async fn wait(&mut self) -> String {
        match self.child.wait().await {
            Ok(status) => describe(status),
            Err(error) => format!("its end cannot be awaited: {error}"),
        }
    }

    /// Kills it, and waits until it has gone.
    pub(crate) async fn kill(mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::debug!(pid = self.pid, %error, "a worker process had gone before it was killed");
        }
    }
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("its process exited with code {code}"),
        (None, Some(signal)) => format!("its process was ended by signal {signal}"),
        (None, None) => "its process ended".to_owned(),
    }
}

/// Logs what a worker writes. Its own log is on its standard error.
async fn pass_on(output: impl AsyncRead + Unpin, worker: WorkerNumber, stream: &'static str) {
    let mut lines = Lines::new(BufReader::new(output));
    while let Some(line) = lines.next().await {
        tracing::warn!(%worker, stream, "{line}");
    }
}
