//! The other process of a measurement.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};
use holm::env::Endpoint;

/// The other process; ended when dropped.
pub(super) struct Served(Child);

impl Served {
    /// Starts this program as `bench` with these arguments and variables; where it listens.
    pub(super) fn start(args: &[&str], variables: &[(&str, String)]) -> Result<(Self, Endpoint)> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("bench")
            .args(args)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().context("it was piped")?;
        let served = Self(child);
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let Some(endpoint) = line.trim().strip_prefix("READY ") else {
            bail!("the serving process said {line:?}");
        };
        Ok((served, endpoint.parse()?))
    }

    pub(super) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Its input ends; should that not be enough, it is killed.
        drop(self.0.stdin.take());
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
