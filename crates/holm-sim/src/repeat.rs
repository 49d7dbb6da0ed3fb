//! What is told of a failure: the line that repeats it, and where two traces differ.

use crate::{KEEP_VARIABLE, SEED_VARIABLE};

/// Prints how to repeat a run of `seed`; of its plan, if it has one, these positions are kept.
pub(crate) fn tell_how_to_repeat(seed: u64, keep: Option<&[usize]>) {
    // Cargo and the test harness name both; what is not known is left out.
    let package = std::env::var("CARGO_PKG_NAME").ok();
    let thread = std::thread::current();
    let test = thread.name().filter(|name| *name != "main");
    eprintln!("to repeat: {}", command(seed, keep, package.as_deref(), test));
}

fn command(seed: u64, keep: Option<&[usize]>, package: Option<&str>, test: Option<&str>) -> String {
    let mut command = format!("{SEED_VARIABLE}={seed:#018x} ");
    if let Some(keep) = keep {
        let keep: Vec<_> = keep.iter().map(usize::to_string).collect();
        command.extend([KEEP_VARIABLE, "=", &keep.join(","), " "]);
    }
    command += "cargo test";
    for (option, value) in [(" -p ", package), (" ", test)] {
        if let Some(value) = value {
            command.extend([option, value]);
        }
    }
    command
}

/// The first line in which two traces differ, with its number and the line before.
pub(crate) fn first_difference(first: &str, second: &str) -> String {
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
    use super::*;

    #[test]
    fn a_failing_run_is_repeated_by_one_line() {
        assert_eq!(
            command(0x1f, None, Some("holm-sim"), Some("stack::cuts::healed")),
            "HOLM_SIM_SEED=0x000000000000001f cargo test -p holm-sim stack::cuts::healed"
        );
        assert_eq!(
            command(0x1f, Some(&[3, 17]), None, Some("storm")),
            "HOLM_SIM_SEED=0x000000000000001f HOLM_SIM_KEEP=3,17 cargo test storm"
        );
        assert_eq!(command(1, None, None, None), "HOLM_SIM_SEED=0x0000000000000001 cargo test");
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
