//! The type check for Windows, where its target is installed. Nothing is run there.

use std::path::Path;
use std::process::Command;

use crate::command::{cargo, output, root, run, succeeds};

const TARGET: &str = "x86_64-pc-windows-gnu";

/// Compiles what dependencies have in C.
const C_COMPILER: &str = "x86_64-w64-mingw32-gcc";

/// What is not there and would be needed.
pub(super) fn missing() -> Option<&'static str> {
    let libraries = ["--print", "target-libdir", "--target", TARGET];
    let libraries = output(Command::new("rustc").args(libraries).current_dir(root()));
    let libraries = libraries.unwrap_or_default();
    if !Path::new(libraries.trim()).is_dir() {
        return Some("target");
    }
    (!succeeds(Command::new(C_COMPILER).arg("--version"))).then_some(C_COMPILER)
}

pub(super) fn check() -> anyhow::Result<()> {
    run(cargo(["check", "--package", "holm", "--target", TARGET, "--locked"])
        .env("RUSTFLAGS", "-D warnings"))
}
