//! Rule: a crate depends only on crates below it, and the pure ones on no runtime, socket or random
//! source.

use super::finding::Finding;
use super::repo::Repo;

/// Every crate of the workspace, lowest first.
const LAYERS: [&str; 17] = [
    "holm-cell",
    "holm-wire",
    "holm-proto",
    "holm-env",
    "holm-sched",
    "holm-actor",
    "holm-net",
    "holm-macros",
    "holm-node",
    "holm-sim",
    "holm",
    "holm-index",
    "holm-index-router",
    "holm-cli",
    "holm-cluster",
    "holm-oracle",
    "xtask",
];

/// Crates that take events and time as arguments, so that a simulator can drive them.
const PURE: [&str; 4] = ["holm-cell", "holm-wire", "holm-proto", "holm-index"];

/// What a pure crate must not link, however far down.
const IMPURE: [&str; 5] = ["async-io", "mio", "rand", "socket2", "tokio"];

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    let layer = |name: &str| LAYERS.iter().position(|crate_name| *crate_name == name);
    for package in repo.graph.members() {
        let manifest = Repo::manifest(package);
        let Some(own) = layer(&package.name) else {
            found.push(Finding::error(
                &manifest,
                1,
                format!("{} has no place in LAYERS; give it one", package.name),
            ));
            continue;
        };
        for (dependency, parent) in repo.graph.linked(package) {
            if layer(&dependency.name).is_some_and(|theirs| theirs > own) {
                let text = format!(
                    "{} depends on {}, which is above it; turn it round",
                    package.name, dependency.name
                );
                found.push(Finding::error(&manifest, 1, text));
            }
            if PURE.contains(&package.name.as_str()) && IMPURE.contains(&dependency.name.as_str()) {
                let text = format!(
                    "{} is pure but links {} through {}; leave that to a driver crate",
                    package.name, dependency.name, parent.name
                );
                found.push(Finding::error(&manifest, 1, text));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::repo::testing;

    fn texts(repo: &Repo) -> Vec<String> {
        check(repo).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_pure_crate_may_use_tokio_in_tests_only() {
        let clean = testing::packages(&[
            ("member:holm-wire", "MIT", &["dev:tokio"]),
            ("tokio", "MIT", &[]),
        ]);
        assert_eq!(texts(&clean), [""; 0]);
        let dirty = testing::packages(&[
            ("member:holm-wire", "MIT", &["codec"]),
            ("codec", "MIT", &["tokio"]),
            ("tokio", "MIT", &[]),
        ]);
        assert_eq!(
            texts(&dirty),
            [
                "crates/holm-wire/Cargo.toml:1: holm-wire is pure but links tokio through codec; leave that to a driver crate"
            ]
        );
    }

    #[test]
    fn dependencies_go_down() {
        let repo = testing::packages(&[
            ("member:holm-env", "MIT", &["holm-net"]),
            ("member:holm-net", "MIT", &[]),
            ("member:new", "MIT", &[]),
        ]);
        assert_eq!(
            texts(&repo),
            [
                "crates/holm-env/Cargo.toml:1: holm-env depends on holm-net, which is above it; turn it round",
                "crates/new/Cargo.toml:1: new has no place in LAYERS; give it one",
            ]
        );
    }
}
