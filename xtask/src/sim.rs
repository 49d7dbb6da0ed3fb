//! `cargo xtask sim`: many seeds over the scenarios of the simulators, on all cores.

mod jobs;
mod scenarios;

use std::process::{Command, Output};
use std::thread::{available_parallelism, scope};
use std::time::Instant;

use anyhow::{Context as _, bail};

use jobs::{Job, Jobs, Verdict};
use scenarios::Scenario;

/// Seeds of each scenario unless told otherwise: half a minute on two cores.
const SEEDS: u64 = 200;

/// Lines printed of a run that failed: its shortest plan, the line that repeats it, and its panic.
const LINES_PRINTED: usize = 60;

/// What the command line asked for.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    seeds: u64,
    from: u64,
    scenario: Option<String>,
}

impl Options {
    /// `None` if the arguments make no sense.
    pub(crate) fn parse(args: &[&str]) -> Option<Self> {
        let mut options = Self { seeds: SEEDS, from: 0, scenario: None };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let value = *args.next()?;
            match *arg {
                "--seeds" => options.seeds = value.parse().ok()?,
                "--from" => options.from = value.parse().ok()?,
                "--scenario" => options.scenario = Some(value.to_owned()),
                _ => return None,
            }
        }
        options.from.checked_add(options.seeds)?;
        Some(options)
    }

    fn wants(&self, scenario: &Scenario) -> bool {
        self.scenario.as_ref().is_none_or(|name| scenario.test.contains(name))
    }
}

pub(crate) fn sim(options: &Options) -> anyhow::Result<()> {
    let mut scenarios = scenarios::all()?;
    scenarios.retain(|scenario| options.wants(scenario));
    if scenarios.is_empty() {
        bail!("no scenario is called so");
    }
    let workers = available_parallelism()?.get();
    let range = options.from..options.from + options.seeds;
    let jobs = Jobs::new(scenarios, range, workers as u64);
    scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| work(&jobs));
        }
    });
    jobs.verdict()
}

#[expect(clippy::disallowed_methods, reason = "measures real time")]
fn work(jobs: &Jobs) {
    while let Some(job) = jobs.next() {
        let start = Instant::now();
        let verdict = job.run().unwrap_or_else(|error| Verdict::Failed(format!("{error:#}")));
        jobs.handle_end(&job, verdict, start.elapsed());
    }
}

impl Job {
    fn run(&self) -> anyhow::Result<Verdict> {
        let Scenario { package, folder, binary, test } = &self.scenario;
        // As cargo starts a test: a failing one says by these how to repeat it.
        let output = Command::new(binary)
            .args(["--exact", test, "--nocapture"])
            .current_dir(folder)
            .env("CARGO_PKG_NAME", package)
            .env("HOLM_SIM_SEEDS", format!("{}..{}", self.seeds.start, self.seeds.end))
            .env("RUST_BACKTRACE", "0")
            .output()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        Ok(Verdict::of(&output))
    }
}

impl Verdict {
    fn of(output: &Output) -> Self {
        let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        if !output.status.success() {
            let lines: Vec<_> = err.lines().chain(out.lines()).collect();
            let last = &lines[lines.len().saturating_sub(LINES_PRINTED)..];
            return Self::Failed(last.join("\n"));
        }
        if out.contains("holm-sim: ") { Self::Passed } else { Self::NoScenario }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options() {
        let parsed = Options::parse(&["--seeds", "9", "--scenario", "storm", "--from", "5"]);
        let scenario = Some("storm".to_owned());
        assert_eq!(parsed, Some(Options { seeds: 9, from: 5, scenario }));
        assert_eq!(Options::parse(&[]), Some(Options { seeds: SEEDS, from: 0, scenario: None }));
        for wrong in [&["--seeds"][..], &["--seeds", "x"], &["--from", "-1"], &["storm"]] {
            assert_eq!(Options::parse(wrong), None, "{wrong:?}");
        }
    }
}
