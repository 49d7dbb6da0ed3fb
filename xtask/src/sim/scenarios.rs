//! Which tests are scenarios, and the programs they are in.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use serde::Deserialize;

use crate::command::{cargo, output};

/// Packages with scenarios, and how the names of their tests begin. A test that checks no seeds is
/// found out when it runs.
const PLACES: [(&str, &str); 2] = [("holm-sim", "stack::"), ("holm-proto", "ledger::random::")];

/// A test that runs the seeds it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Scenario {
    pub(crate) package: &'static str,
    /// Of the package.
    pub(crate) folder: PathBuf,
    pub(crate) binary: PathBuf,
    pub(crate) test: String,
}

/// A line of `cargo test --message-format json`.
#[derive(Deserialize)]
struct Artifact {
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

/// Builds the tests and lists the scenarios.
pub(super) fn all() -> anyhow::Result<Vec<Scenario>> {
    let words = "test --release --locked --no-run --message-format json --test it";
    // All at once, or what they share is built again for each.
    let packages = PLACES.iter().flat_map(|(package, _)| ["--package", package]);
    let messages = output(&mut cargo(words.split(' ').chain(packages)))?;
    let mut found = Vec::new();
    for (folder, binary) in test_binaries(&messages)? {
        let place = PLACES.iter().find(|(package, _)| folder.ends_with(package));
        let Some((package, prefix)) = place else { continue };
        let list = output(Command::new(&binary).args(["--list", "--format", "terse"]))?;
        found.extend(tests(&list).filter(|test| test.starts_with(prefix)).map(|test| Scenario {
            package,
            folder: folder.clone(),
            binary: binary.clone(),
            test: test.to_owned(),
        }));
    }
    Ok(found)
}

/// The folder of each package, which is named like it, and the program.
fn test_binaries(messages: &str) -> anyhow::Result<Vec<(PathBuf, PathBuf)>> {
    let mut found = Vec::new();
    for line in messages.lines() {
        let artifact: Artifact = serde_json::from_str(line).context("a message of cargo")?;
        if let (Some(manifest), Some(target), Some(binary)) =
            (artifact.manifest_path, artifact.target, artifact.executable)
            && target.kind.iter().any(|kind| kind == "test")
            && let Some(folder) = manifest.parent()
        {
            found.push((folder.to_owned(), binary));
        }
    }
    Ok(found)
}

/// The names in what a test program lists.
fn tests(list: &str) -> impl Iterator<Item = &str> {
    list.lines().filter_map(|line| line.strip_suffix(": test"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_programs_are_found_among_the_messages() {
        let lines = r#"{"reason":"compiler-artifact","manifest_path":"/x/a/Cargo.toml","target":{"kind":["lib"]},"executable":null}
{"reason":"compiler-artifact","manifest_path":"/x/a/Cargo.toml","target":{"kind":["test"]},"executable":"/x/it-1"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(test_binaries(lines).unwrap(), [("/x/a".into(), "/x/it-1".into())]);
    }

    #[test]
    fn listed_tests_have_names() {
        let list = "stack::storm::all: test\nbench_it: benchmark\n";
        assert_eq!(tests(list).collect::<Vec<_>>(), ["stack::storm::all"]);
    }
}
