//! Rule: every dependency may be used under a licence that deny.toml allows.

use super::finding::Finding;
use super::repo::Repo;
use super::spdx;
use crate::graph::Graph;

/// Allowed as well for crates that only tests reach: it asks for the source of what is handed out.
const TESTS_ONLY: [&str; 1] = ["MPL-2.0"];

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let shipped = repo.graph.shipped();
    let allow = &repo.policy.licenses.allow;
    let mut found = Vec::new();
    for package in repo.graph.packages() {
        let tests_only = !Graph::is_shipped(&shipped, package);
        let allowed = |licence: &str| {
            allow.iter().any(|a| a == licence) || (tests_only && TESTS_ONLY.contains(&licence))
        };
        let licence = package.license.as_deref().unwrap_or_default();
        let problem = match spdx::holds(licence, &allowed) {
            Ok(true) => continue,
            Ok(false) => {
                format!("is under {licence:?}, which deny.toml does not allow; use another crate")
            }
            Err(_) if licence.is_empty() => "names no licence; use another crate".to_owned(),
            Err(error) => format!("has a licence that cannot be read, {licence:?}: {error}"),
        };
        let text = format!("{} {} {problem}", package.name, package.version);
        found.push(Finding::error("Cargo.lock", repo.lock_line(package), text));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::repo::testing;

    #[test]
    fn mpl_is_for_tests_and_gpl_for_nobody() {
        let mut repo = testing::packages(&[
            ("member:app", "MIT", &["linked", "dev:tester"]),
            ("linked", "MPL-2.0", &[]),
            ("tester", "MPL-2.0", &["helper"]),
            ("helper", "GPL-3.0-only", &[]),
        ]);
        repo.policy.licenses.allow.push("MIT".to_owned());
        let found: Vec<String> = check(&repo).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("linked 1.0.0 is under \"MPL-2.0\""), "{}", found[0]);
        assert!(found[1].contains("helper 1.0.0 is under \"GPL-3.0-only\""), "{}", found[1]);
    }
}
