//! A run of several steps: each timed, none stopping the next, with a table of times against
//! budgets.

use std::time::{Duration, Instant};

use anyhow::bail;

use crate::budgets::{CI_FACTOR, Step};
use crate::command::is_ci;

/// The steps run so far.
#[derive(Default)]
pub(crate) struct Run {
    rows: Vec<Row>,
}

struct Row {
    step: Step,
    took: Duration,
    failed: bool,
}

impl Run {
    /// Runs one step and says whether it succeeded; a failure is printed and kept for
    /// [`Run::verdict`], so that one run can show all of them.
    #[expect(clippy::disallowed_methods, reason = "measures real time")]
    pub(crate) fn step(&mut self, step: Step, work: impl FnOnce() -> anyhow::Result<()>) -> bool {
        eprintln!("\n== {}", step.name);
        let start = Instant::now();
        let result = work();
        let took = start.elapsed();
        if let Err(error) = &result {
            eprintln!("error: {error:#}");
        }
        self.rows.push(Row { step, took, failed: result.is_err() });
        result.is_ok()
    }

    /// The table of times; `next` is a step that has still to run.
    pub(crate) fn print_table(&self, next: Option<&Step>) {
        eprintln!("\n{:<12}{:>9}{:>10}", "step", "took", "budget");
        for row in &self.rows {
            let Row { step, took, .. } = row;
            eprintln!(
                "{:<12}{:>7.1} s{:>8} s{}",
                step.name,
                took.as_secs_f64(),
                step.seconds,
                row.note()
            );
        }
        if let Some(step) = next {
            eprintln!("{:<12}{:>9}{:>8} s", step.name, "follows", step.seconds);
        }
        eprintln!();
    }

    /// Fails if a step failed, or under CI if one was [`CI_FACTOR`] times over its budget.
    pub(crate) fn verdict(&self) -> anyhow::Result<()> {
        let mut wrong: Vec<String> = Vec::new();
        for row in &self.rows {
            if row.failed {
                wrong.push(format!("{} failed", row.step.name));
            } else if is_ci() && row.is_over(CI_FACTOR) {
                wrong.push(format!(
                    "{} took over {CI_FACTOR} times its {} s",
                    row.step.name, row.step.seconds
                ));
            }
        }
        if !wrong.is_empty() {
            bail!("{}", wrong.join("; "));
        }
        Ok(())
    }
}

impl Row {
    fn is_over(&self, factor: u64) -> bool {
        self.took > Duration::from_secs(self.step.seconds * factor)
    }

    fn note(&self) -> &'static str {
        match (self.failed, self.is_over(1)) {
            (true, _) => "  FAILED",
            (false, true) => "  OVER BUDGET",
            (false, false) => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(took: u64, failed: bool) -> Row {
        Row { step: Step { name: "x", seconds: 10 }, took: Duration::from_secs(took), failed }
    }

    #[test]
    fn notes_say_failed_before_over_budget() {
        assert_eq!(row(10, false).note(), "");
        assert_eq!(row(11, false).note(), "  OVER BUDGET");
        assert_eq!(row(11, true).note(), "  FAILED");
    }

    #[test]
    fn a_failed_step_fails_the_run_and_later_steps_still_run() {
        let mut run = Run::default();
        let mut ran = false;
        run.step(Step { name: "a", seconds: 1 }, || bail!("broken"));
        run.step(Step { name: "b", seconds: 1 }, || {
            ran = true;
            Ok(())
        });
        assert!(ran);
        assert_eq!(run.verdict().unwrap_err().to_string(), "a failed");
    }

    #[test]
    fn the_ci_factor_is_of_the_budget() {
        assert!(!row(20, false).is_over(CI_FACTOR));
        assert!(row(21, false).is_over(CI_FACTOR));
    }
}
