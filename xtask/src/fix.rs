//! `cargo xtask fix`: what clippy and rustfmt can apply by themselves.

use crate::command::{cargo, run};

pub(crate) fn fix() -> anyhow::Result<()> {
    run(&mut cargo([
        "clippy",
        "--fix",
        "--allow-dirty",
        "--allow-staged",
        "--workspace",
        "--all-targets",
    ]))?;
    run(&mut cargo(["fmt", "--all"]))
}
