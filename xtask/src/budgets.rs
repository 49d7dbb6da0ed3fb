//! The time budget of each step, for a fresh clone on two cores. Change them here, with the reason
//! in the commit.

/// A step of `verify` or `test`, and the seconds it may take.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) seconds: u64,
}

const fn step(name: &'static str, seconds: u64) -> Step {
    Step { name, seconds }
}

/// How far over its budget a step may be before the run fails under `CI=true`. Machines differ by
/// less than this and a step that has truly outgrown its budget soon differs by more; short of it,
/// and on a developer's machine always, the table only says OVER BUDGET.
pub(crate) const CI_FACTOR: u64 = 2;

// Verify: 6 minutes.
pub(crate) const RULES: Step = step("rules", 10);
pub(crate) const FMT: Step = step("fmt", 10);
pub(crate) const CLIPPY: Step = step("clippy", 200);
pub(crate) const DOCS: Step = step("docs", 70);
pub(crate) const WINDOWS: Step = step("windows", 60);
pub(crate) const DENY: Step = step("deny", 10);

// Build: 10 minutes.
pub(crate) const PACKAGES: Step = step("packages", 60);
pub(crate) const BUILD: Step = step("build", 450);
pub(crate) const LOOM_BUILD: Step = step("loom build", 90);

// Tests: 9 minutes.
pub(crate) const LOOM: Step = step("loom", 180);
pub(crate) const DOC_TESTS: Step = step("doc tests", 120);
pub(crate) const TESTS: Step = step("tests", 240);

/// Each test at full size, which is no part of CI: 20 minutes.
pub(crate) const LONG_TESTS: Step = step("long tests", 1_200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_keep_their_totals() {
        let total = |steps: &[Step]| steps.iter().map(|s| s.seconds).sum::<u64>();
        assert_eq!(total(&[RULES, FMT, CLIPPY, DOCS, WINDOWS, DENY]), 6 * 60);
        assert_eq!(total(&[PACKAGES, BUILD, LOOM_BUILD]), 10 * 60);
        assert_eq!(total(&[LOOM, DOC_TESTS, TESTS]), 9 * 60);
    }
}
