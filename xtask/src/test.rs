//! `cargo xtask test`: builds everything once, then runs loom, the doc tests and the tests.

use std::path::Path;
use std::process::Command;

use crate::budgets;
use crate::command::{cargo, has_subcommand, run};
use crate::graph::Graph;
use crate::packages;
use crate::run::Run;
use crate::verify::UNSAFE_CRATES;

/// What the command line asked for.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Options {
    long: bool,
    package: Option<String>,
}

impl Options {
    /// `None` if the arguments make no sense.
    pub(crate) fn parse(args: &[&str]) -> Option<Self> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match *arg {
                "--long" => options.long = true,
                "-p" | "--package" => options.package = Some((*args.next()?).to_owned()),
                _ => return None,
            }
        }
        Some(options)
    }

    /// `cargo <words> --locked` over the chosen packages, in the chosen size.
    fn cargo(&self, words: &[&str]) -> Command {
        let mut command = cargo(words.iter().copied());
        command.arg("--locked");
        match &self.package {
            Some(name) => command.args(["--package", name]),
            None => command.arg("--workspace"),
        };
        self.sized(&mut command);
        command
    }

    fn sized(&self, command: &mut Command) {
        if self.long {
            command.env("HOLM_LONG", "1");
        }
    }
}

/// The tests themselves run last and nothing is printed after their summary unless something is
/// wrong, so that the last line of a good run is the runner's own; the table of times stands before
/// them.
pub(crate) fn test(options: &Options) -> anyhow::Result<()> {
    let graph = Graph::load()?;
    let loom_target = graph.target_directory.join("loom");
    let package = options.package.as_deref();
    let mut steps = Run::default();
    steps.step(budgets::PACKAGES, || packages::install(package));
    let build = || run(&mut options.cargo(&["test", "--no-run"]));
    if !steps.step(budgets::BUILD, build) {
        // Every later step would only say the same again.
        return steps.verdict();
    }
    let chosen = |name: &str| package.is_none_or(|package| package == name);
    for name in UNSAFE_CRATES.into_iter().filter(|name| chosen(name)) {
        let loom = || loom(options, &loom_target, name);
        steps.step(budgets::LOOM_BUILD, || run(loom().arg("--no-run")));
        steps.step(budgets::LOOM, || run(&mut loom()));
    }
    // Where there is no library at all, cargo refuses to run doc tests.
    let mut members = graph.members();
    if members.any(|member| chosen(&member.name) && member.has_library()) {
        let doc_tests = || run(&mut options.cargo(&["test", "--doc"]));
        steps.step(budgets::DOC_TESTS, doc_tests);
    }
    let last = if options.long { budgets::LONG_TESTS } else { budgets::TESTS };
    steps.print_table(Some(&last));
    steps.step(last, || run(&mut tests(options)));
    steps.verdict()
}

/// nextest where it is installed, because it runs tests side by side and stops a stuck one; else
/// cargo's own runner.
fn tests(options: &Options) -> Command {
    if has_subcommand("nextest") {
        let mut command =
            options.cargo(&["nextest", "run", "--no-fail-fast", "--no-tests", "pass"]);
        if options.long {
            command.args(["--profile", "long"]);
        }
        return command;
    }
    // Without `--tests` it would run the doc tests again.
    options.cargo(&["test", "--no-fail-fast", "--tests"])
}

/// Preemptions that loom explores in one run. Almost all known bugs of this kind need two at most (Musuvathi and
/// Qadeer, "Iterative context bounding", PLDI 2007); each further one costs some ten times the time.
const PREEMPTIONS: &str = "2";
/// The same with `--long`.
const PREEMPTIONS_LONG: &str = "3";

/// The model checker needs everything compiled under its own cfg, hence its own target folder;
/// release, because it runs each test many thousand times.
fn loom(options: &Options, target: &Path, package: &str) -> Command {
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    let words = "test --locked --release --test loom --package".split(' ');
    let mut command = cargo(words.chain([package]));
    command
        .env("RUSTFLAGS", format!("{flags} --cfg loom").trim_start())
        .env("LOOM_MAX_PREEMPTIONS", if options.long { PREEMPTIONS_LONG } else { PREEMPTIONS })
        .arg("--target-dir")
        .arg(target);
    options.sized(&mut command);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options() {
        let parsed = Options::parse(&["--long", "-p", "holm-wire"]);
        assert_eq!(parsed, Some(Options { long: true, package: Some("holm-wire".to_owned()) }));
        assert_eq!(Options::parse(&["-p"]), None);
        assert_eq!(Options::parse(&["--lnog"]), None);
    }
}
