//! `cargo xtask verify`: the project's own rules, then rustfmt, clippy, rustdoc, a type check for
//! Windows and cargo-deny. Changes nothing.

mod architecture;
mod bans;
mod dependencies;
mod finding;
mod layers;
mod licences;
mod manifests;
mod policy;
mod repo;
mod semantics;
mod size;
mod sources;
mod spdx;
mod unsafe_code;
mod windows;
mod words;

use anyhow::bail;

use crate::budgets;
use crate::command::{cargo, has_subcommand, run};
use crate::run::Run;
use finding::{Finding, Level};
use repo::Repo;

pub(crate) use unsafe_code::UNSAFE_CRATES;

/// The rules: each looks at the whole repository and names what breaks it.
const RULES: [fn(&Repo) -> Vec<Finding>; 11] = [
    architecture::check,
    bans::check,
    dependencies::check,
    layers::check,
    licences::check,
    manifests::check,
    semantics::check,
    size::check,
    sources::check,
    unsafe_code::check,
    words::check,
];

pub(crate) fn verify() -> anyhow::Result<()> {
    let mut steps = Run::default();
    steps.step(budgets::RULES, rules);
    steps.step(budgets::FMT, || run(&mut cargo(["fmt", "--all", "--check"])));
    steps.step(budgets::CLIPPY, || {
        run(cargo(["clippy", "--workspace", "--all-targets", "--locked"])
            .args(["--", "-D", "warnings"]))
    });
    // Libraries only, and their public side, which is what a user reads.
    steps.step(budgets::DOCS, || {
        run(cargo(["doc", "--workspace", "--lib", "--no-deps", "--locked"])
            .env("RUSTDOCFLAGS", "-D warnings"))
    });
    match windows::missing() {
        None => {
            steps.step(budgets::WINDOWS, windows::check);
        }
        Some(what) => eprintln!("SKIP windows: {what} not installed"),
    }
    if has_subcommand("deny") {
        steps.step(budgets::DENY, || {
            run(&mut cargo(["deny", "--offline", "check", "bans", "licenses", "sources"]))
        });
    }
    steps.print_table(None);
    steps.verdict()
}

fn rules() -> anyhow::Result<()> {
    let repo = Repo::load()?;
    let findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&repo)).collect();
    for finding in &findings {
        eprintln!("{finding}");
    }
    let errors = findings.iter().filter(|finding| finding.level == Level::Error).count();
    if errors > 0 {
        bail!("{errors} findings");
    }
    Ok(())
}
