//! Running a scenario for many seeds, each of them twice.

use std::env::VarError;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::{Sim, World};

/// The environment variable that takes the place of all seeds.
pub const SEED_VARIABLE: &str = "HOLM_SIM_SEED";

/// Seeds that [`check_seeds`] adds to those it is given: a few, so that a test stays quick while
/// every run of a test suite looks at something new.
pub const NEW_SEEDS: usize = 3;

/// Last lines of the trace that a failing run prints if it was asked for by [`SEED_VARIABLE`].
const LINES_PRINTED: usize = 200;

/// Runs `scenario` for each of `seeds` and for [`NEW_SEEDS`] new ones, as
/// [`check_deterministic`] does; or, where the environment has `HOLM_SIM_SEED`, for that
/// one alone.
///
/// # Panics
/// As [`check_deterministic`].
pub fn check_seeds(seeds: &[u64], scenario: impl AsyncFn(World)) {
    if let Some(seed) = seed_from_environment() {
        return check(seed, &scenario);
    }
    for seed in seeds {
        check(*seed, &scenario);
    }
    for _ in 0..NEW_SEEDS {
        // The standard library's own source of keys for hash maps.
        let seed = RandomState::new().build_hasher().finish();
        println!("new seed {seed:#018x}");
        check(seed, &scenario);
    }
}

/// Runs `scenario` twice in two worlds of the same seed, which must go alike. `HOLM_SIM_SEED`
/// in the environment takes the place of `seed`.
///
/// # Panics
/// With the panic of the scenario, or if the two runs differ. One line on standard error says
/// how to repeat it.
pub fn check_deterministic(seed: u64, scenario: impl AsyncFn(World)) {
    check(seed_from_environment().unwrap_or(seed), &scenario);
}

fn check(seed: u64, scenario: &impl AsyncFn(World)) {
    let first = run(seed, scenario);
    let second = run(seed, scenario);
    if first.trace_hash() != second.trace_hash() {
        tell_how_to_repeat(seed);
        panic!(
            "two runs of one seed differ:\n{}",
            first_difference(&first.trace_text(), &second.trace_text())
        );
    }
}

/// Runs `scenario` once; a panic goes on after the line that repeats it.
fn run(seed: u64, scenario: &impl AsyncFn(World)) -> Sim {
    let mut sim = Sim::new(seed);
    let outcome = catch_unwind(AssertUnwindSafe(|| sim.run(scenario)));
    if let Err(panic) = outcome {
        if seed_from_environment().is_some() {
            let text = sim.trace_text();
            let lines: Vec<_> = text.lines().collect();
            for line in &lines[lines.len().saturating_sub(LINES_PRINTED)..] {
                eprintln!("{line}");
            }
        }
        tell_how_to_repeat(seed);
        resume_unwind(panic);
    }
    sim
}

fn tell_how_to_repeat(seed: u64) {
    // Cargo and the test harness name both; what is not known is left out.
    let package = std::env::var("CARGO_PKG_NAME").ok();
    let thread = std::thread::current();
    let test = thread.name().filter(|name| *name != "main");
    eprintln!("to repeat: {}", command(seed, package.as_deref(), test));
}

fn command(seed: u64, package: Option<&str>, test: Option<&str>) -> String {
    let mut command = format!("{SEED_VARIABLE}={seed:#018x} cargo test");
    for (option, value) in [(" -p ", package), (" ", test)] {
        if let Some(value) = value {
            command.extend([option, value]);
        }
    }
    command
}

fn seed_from_environment() -> Option<u64> {
    match std::env::var(SEED_VARIABLE) {
        Ok(text) => Some(parse_seed(&text).unwrap_or_else(|| {
            panic!("{SEED_VARIABLE} is `{text}`, which is no seed (a number, or 0x and hex digits)")
        })),
        Err(VarError::NotPresent) => None,
        Err(VarError::NotUnicode(_)) => panic!("{SEED_VARIABLE} is no text"),
    }
}

fn parse_seed(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The first line in which two traces differ, with its number and the line before.
fn first_difference(first: &str, second: &str) -> String {
    let mut before = "(the start)";
    let (mut ours, mut theirs) = (first.lines(), second.lines());
    for number in 1.. {
        match (ours.next(), theirs.next()) {
            (Some(one), Some(other)) if one == other => before = one,
            (None, None) => break,
            (one, other) => {
                let end = "(the end)";
                let (one, other) = (one.unwrap_or(end), other.unwrap_or(end));
                return format!(
                    "  {before}\nline {number}, first run:\n  {one}\nsecond run:\n  {other}"
                );
            }
        }
    }
    "beyond the text that was kept".to_owned()
}

#[cfg(test)]
mod tests {
    use super::{command, first_difference, parse_seed};

    #[test]
    fn a_failing_run_is_repeated_by_one_line() {
        assert_eq!(
            command(0x1f, Some("holm-sim"), Some("stack::cuts::healed")),
            "HOLM_SIM_SEED=0x000000000000001f cargo test -p holm-sim stack::cuts::healed"
        );
        assert_eq!(command(1, None, None), "HOLM_SIM_SEED=0x0000000000000001 cargo test");
    }

    #[test]
    fn seeds_are_written_as_they_are_printed_or_in_decimal() {
        assert_eq!(parse_seed("0x000000000000001f"), Some(31));
        assert_eq!(parse_seed("31"), Some(31));
        for text in ["", "0x", "-1", "1f", "0x1ffffffffffffffff"] {
            assert_eq!(parse_seed(text), None, "{text}");
        }
    }

    #[test]
    fn the_first_differing_line_is_shown() {
        assert_eq!(
            first_difference("a\nb\nc", "a\nb\nd"),
            "  b\nline 3, first run:\n  c\nsecond run:\n  d"
        );
        assert_eq!(
            first_difference("a", "a\nb"),
            "  a\nline 2, first run:\n  (the end)\nsecond run:\n  b"
        );
        assert_eq!(first_difference("a", "a"), "beyond the text that was kept");
    }
}
