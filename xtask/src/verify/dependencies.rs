//! Rule: each dependency of the workspace has a row with its reason in the table of decisions, and
//! no other has.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::finding::Finding;
use super::repo::{Repo, TextFile};

const TABLE: &str = "docs/decisions/0005-dependencies.md";
const MANIFEST: &str = "Cargo.toml";

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let declared = repo.file(MANIFEST).map(declared).unwrap_or_default();
    let explained = repo.file(TABLE).map(explained).unwrap_or_default();
    let missing =
        declared.iter().filter(|(name, _)| !explained.contains_key(*name)).map(|(name, line)| {
            Finding::error(
                MANIFEST,
                *line,
                format!("{name} has no row in {TABLE}; say why it is taken"),
            )
        });
    let stale =
        explained.iter().filter(|(name, _)| !declared.contains_key(*name)).map(|(name, line)| {
            Finding::error(
                TABLE,
                *line,
                format!("{name} is no dependency of the workspace; remove the row"),
            )
        });
    missing.chain(stale).collect()
}

/// The names in `[workspace.dependencies]` that come from a registry, and their lines.
fn declared(manifest: &TextFile) -> BTreeMap<String, usize> {
    let table: Table = manifest.text.parse().unwrap_or_default();
    let dependencies = table.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    let dependencies = dependencies.and_then(Value::as_table).into_iter().flatten();
    let line_of = |name: &str| {
        let start = format!("{name} =");
        manifest.lines().find(|(_, line)| line.starts_with(&start)).map_or(1, |(number, _)| number)
    };
    dependencies
        .filter(|(_, value)| value.get("path").is_none())
        .map(|(name, _)| (name.clone(), line_of(name)))
        .collect()
}

/// The names in the first column of a Markdown table, and their lines.
fn explained(page: &TextFile) -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    // The first two rows are the heading and the line below it.
    for (number, line) in page.lines().filter(|(_, line)| line.starts_with('|')).skip(2) {
        let cell = line.split('|').nth(1).unwrap_or_default();
        names.extend(cell.split(',').map(|name| (name.trim().to_owned(), number)));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::repo::testing;

    #[test]
    fn both_lists_are_the_same() {
        let manifest =
            "[workspace.dependencies]\nown = { path = \"own\" }\nnew = \"1\"\nkept = \"1\"\n";
        let page = "# Dependencies\n| crate | why |\n|---|---|\n| kept, gone | x |\n";
        let found = check(&testing::files(&[(MANIFEST, manifest), (TABLE, page)]));
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("Cargo.toml:3: new has no row"), "{found:?}");
        assert!(
            found[1].starts_with("docs/decisions/0005-dependencies.md:4: gone is no"),
            "{found:?}"
        );
    }
}
