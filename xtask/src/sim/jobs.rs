//! The seeds of all scenarios, dealt out to the cores, and what became of them.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::bail;

use super::scenarios::Scenario;

/// Parts that each core's share of a scenario is cut into: a failure ends its scenario after the
/// parts under way, and no core waits long for the last one.
const PARTS: u64 = 4;

/// Some seeds of one scenario.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Job {
    pub(super) scenario: Scenario,
    pub(super) seeds: Range<u64>,
    /// The position of the scenario.
    tally: usize,
}

/// What became of a job.
#[derive(Debug)]
pub(super) enum Verdict {
    Passed,
    /// The test passed, but looked at no seeds.
    NoScenario,
    /// With what was printed.
    Failed(String),
}

/// What became of a scenario so far.
#[derive(Debug)]
struct Tally {
    test: String,
    /// Jobs not yet ended.
    left: usize,
    seeds: u64,
    took: Duration,
    is_scenario: bool,
    failed: bool,
}

/// Jobs that wait, and the tallies.
pub(super) struct Jobs(Mutex<State>);

struct State {
    waiting: VecDeque<Job>,
    tallies: Vec<Tally>,
}

impl Jobs {
    pub(super) fn new(scenarios: Vec<Scenario>, seeds: Range<u64>, workers: u64) -> Self {
        let size = (seeds.end - seeds.start).div_ceil(workers * PARTS).max(1);
        let mut state = State { waiting: VecDeque::new(), tallies: Vec::new() };
        for (tally, scenario) in scenarios.into_iter().enumerate() {
            let before = state.waiting.len();
            let mut start = seeds.start;
            while start < seeds.end {
                let end = seeds.end.min(start + size);
                let scenario = scenario.clone();
                state.waiting.push_back(Job { scenario, seeds: start..end, tally });
                start = end;
            }
            state.tallies.push(Tally {
                test: scenario.test,
                left: state.waiting.len() - before,
                seeds: 0,
                took: Duration::ZERO,
                is_scenario: true,
                failed: false,
            });
        }
        Self(Mutex::new(state))
    }

    /// The next part of a scenario that has not failed.
    pub(super) fn next(&self) -> Option<Job> {
        let state = &mut *self.lock();
        loop {
            let job = state.waiting.pop_front()?;
            let tally = &mut state.tallies[job.tally];
            if tally.is_scenario && !tally.failed {
                return Some(job);
            }
        }
    }

    /// Notes what became of a job, and prints the scenario's line if it was the last, or failed.
    pub(super) fn handle_end(&self, job: &Job, verdict: Verdict, took: Duration) {
        let tally = &mut self.lock().tallies[job.tally];
        tally.left -= 1;
        tally.took += took;
        match verdict {
            Verdict::Passed => {
                tally.seeds += job.seeds.end - job.seeds.start;
                if tally.left == 0 {
                    println!("{tally}");
                }
            }
            Verdict::NoScenario => tally.is_scenario = false,
            // Two parts of it may fail side by side: one is enough.
            Verdict::Failed(text) if !tally.failed => {
                tally.failed = true;
                println!("{tally}\n{text}\n");
            }
            Verdict::Failed(_) => {}
        }
    }

    /// Fails if any scenario did.
    pub(super) fn verdict(self) -> anyhow::Result<()> {
        let State { tallies, .. } = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let failed: Vec<_> = tallies.iter().filter(|tally| tally.failed).collect();
        let seeds: u64 = tallies.iter().map(|tally| tally.seeds).sum();
        println!("{seeds} runs passed, {} scenarios failed", failed.len());
        if !failed.is_empty() {
            let names: Vec<_> = failed.iter().map(|tally| tally.test.as_str()).collect();
            bail!("{}", names.join(", "));
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { test, seeds, took, failed, .. } = self;
        let seconds = took.as_secs_f64();
        let word = if *failed { "FAILED" } else { "passed" };
        let rate = *seeds as f64 / seconds.max(f64::MIN_POSITIVE);
        write!(f, "{word} {seeds:>8} seeds {seconds:>8.1} s {rate:>8.0}/s of one core  {test}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(test: &str) -> Scenario {
        let [folder, binary] = ["/x", "/x/it"].map(Into::into);
        Scenario { package: "x", folder, binary, test: test.to_owned() }
    }

    #[test]
    fn every_seed_is_dealt_out_once() {
        let jobs = Jobs::new(vec![scenario("a"), scenario("b")], 5..105, 3);
        let mut dealt = Vec::new();
        while let Some(job) = jobs.next() {
            dealt.extend(job.seeds.clone().map(|seed| (job.scenario.test.clone(), seed)));
        }
        let both = ["a", "b"].into_iter();
        let expected = both.flat_map(|test| (5..105).map(move |seed| (test.to_owned(), seed)));
        assert_eq!(dealt, expected.collect::<Vec<_>>());
    }

    #[test]
    fn a_failure_ends_its_scenario_alone() {
        let jobs = Jobs::new(vec![scenario("a"), scenario("b")], 0..8, 2);
        let first = jobs.next().unwrap();
        jobs.handle_end(&first, Verdict::Failed("no".to_owned()), Duration::ZERO);
        let next = jobs.next().unwrap();
        assert_eq!(next.scenario.test, "b");
        jobs.handle_end(&next, Verdict::NoScenario, Duration::ZERO);
        assert_eq!(jobs.next(), None, "what is no scenario is not run again");
        assert_eq!(jobs.verdict().unwrap_err().to_string(), "a");
    }
}
