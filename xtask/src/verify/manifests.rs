//! Rule: every Cargo.toml takes its lints, licence and dependencies from the workspace's tables.

use toml::{Table, Value};

use super::finding::Finding;
use super::repo::{Repo, TextFile};

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let manifests = repo.graph.members().map(Repo::manifest);
    manifests
        .flat_map(|path| match repo.file(&path) {
            Some(file) => check_manifest(file),
            None => vec![Finding::error(&path, 1, "git ignores it; a clone would lack the crate")],
        })
        .collect()
}

fn check_manifest(file: &TextFile) -> Vec<Finding> {
    let manifest: Table = match file.text.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![Finding::error(&file.path, 1, error.to_string())],
    };
    let mut found = Vec::new();
    if !manifest.get("lints").is_some_and(inherits) {
        found.push(Finding::error(
            &file.path,
            1,
            "the workspace's lints are off; add `lints.workspace = true`",
        ));
    }
    for (name, value) in dependencies(&manifest) {
        if !inherits(value) {
            let line = file
                .lines()
                .find(|(_, line)| line.starts_with(name))
                .map_or(1, |(number, _)| number);
            let text = format!(
                "{name} has a version of its own; move it to [workspace.dependencies], use `workspace = true`"
            );
            found.push(Finding::error(&file.path, line, text));
        }
    }
    found
}

/// All dependency tables of a manifest, those of `[target.'cfg(..)']` included.
fn dependencies(manifest: &Table) -> impl Iterator<Item = (&str, &Value)> {
    let targets =
        manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    std::iter::once(manifest)
        .chain(targets.filter_map(Value::as_table))
        .flat_map(|table| {
            ["dependencies", "dev-dependencies", "build-dependencies"]
                .into_iter()
                .filter_map(|key| table.get(key))
        })
        .filter_map(Value::as_table)
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
}

fn inherits(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let file = TextFile { path: "Cargo.toml".to_owned(), text: text.to_owned() };
        check_manifest(&file).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn own_versions_and_missing_lints_are_found() {
        let clean = "lints.workspace = true\n[dependencies]\nserde.workspace = true\n";
        assert_eq!(texts(clean), [""; 0]);
        let dirty = "[dependencies]\nserde = \"1\"\n[target.'cfg(loom)'.dev-dependencies]\nloom = { version = \"1\" }\n";
        let found = texts(dirty);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].starts_with("Cargo.toml:1: the workspace's lints"), "{found:?}");
        assert!(found[1].starts_with("Cargo.toml:2: serde"), "{found:?}");
        assert!(found[2].starts_with("Cargo.toml:4: loom"), "{found:?}");
    }
}
