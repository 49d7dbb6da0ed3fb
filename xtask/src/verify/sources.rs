//! Rule: dependencies come from the registries that deny.toml allows, not from git or folders
//! elsewhere.

use super::finding::Finding;
use super::repo::Repo;
use crate::graph::Package;

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let members: Vec<&str> = repo.graph.members().map(|member| member.name.as_str()).collect();
    let registries = &repo.policy.sources.allow_registry;
    let allowed = |package: &Package| match &package.source {
        Some(source) => registries.iter().any(|url| source.strip_prefix("registry+") == Some(url)),
        None => members.contains(&package.name.as_str()),
    };
    repo.graph
        .packages()
        .filter(|package| !allowed(package))
        .map(|package| {
            let source = package.source.as_deref().unwrap_or("a folder outside the workspace");
            let text = format!("{} comes from {source}; use a published release", package.name);
            Finding::error("Cargo.lock", repo.lock_line(package), text)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::repo::testing;

    #[test]
    fn only_listed_registries() {
        let mut repo = testing::packages(&[("member:app", "MIT", &["dep"]), ("dep", "MIT", &[])]);
        assert!(check(&repo)[0].to_string().contains("dep comes from registry+https://"));
        repo.policy
            .sources
            .allow_registry
            .push("https://github.com/rust-lang/crates.io-index".to_owned());
        assert_eq!(check(&repo), []);
    }
}
