//! Rule: unsafe code lives in named leaf crates; the root file of every other forbids it.

use super::finding::Finding;
use super::repo::{Repo, TextFile};

/// The crates that may hold unsafe code. Each has a loom test (`tests/loom.rs`), which `cargo xtask
/// test` runs.
pub(crate) const UNSAFE_CRATES: [&str; 1] = ["holm-cell"];

const FORBID: &str = "#![forbid(unsafe_code)]";

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let kinds = ["lib", "proc-macro", "bin"];
    repo.graph
        .members()
        .filter(|package| !UNSAFE_CRATES.contains(&package.name.as_str()))
        .flat_map(|package| &package.targets)
        .filter(|target| kinds.iter().any(|kind| target.is(kind)))
        .filter_map(|target| repo.file(&Repo::relative(&target.src_path)))
        .filter(|file| !forbids(file))
        .map(|file| {
            Finding::error(&file.path, 1, format!("unsafe code is possible; add `{FORBID}`"))
        })
        .collect()
}

fn forbids(file: &TextFile) -> bool {
    file.text.lines().any(|line| line == FORBID)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::repo::testing;

    #[test]
    fn every_root_but_the_leaves_forbids() {
        let mut repo = testing::packages(&[
            ("member:a", "MIT", &[]),
            ("member:b", "MIT", &[]),
            ("member:holm-cell", "MIT", &[]),
        ]);
        let root = |name: &str, text: &str| TextFile {
            path: format!("crates/{name}/src/lib.rs"),
            text: text.to_owned(),
        };
        repo.files.extend([
            root("a", "//! a\n#![forbid(unsafe_code)]\n"),
            root("b", "//! b\n// #![forbid(unsafe_code)]\n"),
            root("holm-cell", "//! leaf\n"),
        ]);
        let found: Vec<String> = check(&repo).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            ["crates/b/src/lib.rs:1: unsafe code is possible; add `#![forbid(unsafe_code)]`"]
        );
    }
}
