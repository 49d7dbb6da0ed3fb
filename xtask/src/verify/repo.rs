//! Everything the rules look at: tracked text, the dependency graph, deny.toml.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::policy::Policy;
use crate::command::{output, root};
use crate::graph::{Graph, Package};

pub(crate) struct Repo {
    /// The text files that git tracks, or would after `git add`.
    pub(crate) files: Vec<TextFile>,
    pub(crate) graph: Graph,
    pub(crate) policy: Policy,
}

pub(crate) struct TextFile {
    /// From the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl TextFile {
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The lines with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }
}

impl Repo {
    pub(crate) fn load() -> anyhow::Result<Self> {
        let root = root();
        let listed = output(
            Command::new("git")
                .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
                .current_dir(root),
        )?;
        let files = listed.split_terminator('\0').filter_map(|path| {
            // Binary files and ones deleted but not yet committed have no text to look at.
            let text = std::fs::read_to_string(root.join(path)).ok()?;
            Some(TextFile { path: path.to_owned(), text })
        });
        let policy = std::fs::read_to_string(root.join("deny.toml")).context("deny.toml")?;
        Ok(Self {
            files: files.collect(),
            graph: Graph::load()?,
            policy: toml::from_str(&policy).context("deny.toml")?,
        })
    }

    pub(crate) fn file(&self, path: &str) -> Option<&TextFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// A package's Cargo.toml, as a path from the root.
    pub(crate) fn manifest(package: &Package) -> String {
        Self::relative(&package.manifest_path)
    }

    /// A path from cargo as a path from the root.
    pub(crate) fn relative(path: &Path) -> String {
        path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/")
    }

    /// The line of Cargo.lock where a package stands, or 1.
    pub(crate) fn lock_line(&self, package: &Package) -> usize {
        let entry =
            [format!("name = \"{}\"", package.name), format!("version = \"{}\"", package.version)];
        let lock = self.file("Cargo.lock").map_or("", |file| &file.text);
        let lines: Vec<&str> = lock.lines().collect();
        lines.windows(2).position(|pair| pair == entry).map_or(1, |index| index + 1)
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! Small repositories to plant a violation in.

    use serde_json::{Value, json};

    use super::*;

    /// Files only.
    pub(crate) fn files(files: &[(&str, &str)]) -> Repo {
        let mut repo = packages(&[]);
        repo.files = files
            .iter()
            .map(|(path, text)| TextFile { path: (*path).to_owned(), text: (*text).to_owned() })
            .collect();
        repo
    }

    /// A graph from `(name, licence, dependencies)`: `member:name` is of the workspace, `dev:name`
    /// a dependency of tests only.
    pub(crate) fn packages(list: &[(&str, &str, &[&str])]) -> Repo {
        let root = root();
        let mut packages = Vec::new();
        let mut nodes = Vec::new();
        let mut members = Vec::new();
        for (name, licence, dependencies) in list {
            let member = name.strip_prefix("member:");
            let name = member.unwrap_or(name);
            let source = if member.is_some() {
                members.push(name);
                Value::Null
            } else {
                json!("registry+https://github.com/rust-lang/crates.io-index")
            };
            packages.push(json!({
                "id": name, "name": name, "version": "1.0.0", "license": licence, "source": source,
                "manifest_path": root.join("crates").join(name).join("Cargo.toml"),
                "targets": [{ "kind": ["lib"], "src_path": root.join("crates").join(name).join("src/lib.rs") }],
            }));
            let edges = dependencies.iter().map(|dependency| match dependency.strip_prefix("dev:") {
                Some(name) => json!({ "pkg": name, "dep_kinds": [{ "kind": "dev", "target": null }] }),
                None => json!({ "pkg": dependency, "dep_kinds": [{ "kind": null, "target": null }] }),
            });
            nodes.push(json!({ "id": name, "deps": edges.collect::<Vec<_>>() }));
        }
        let graph = json!({
            "packages": packages, "workspace_members": members, "resolve": { "nodes": nodes },
            "target_directory": "target",
        });
        Repo {
            files: Vec::new(),
            graph: Graph::parse(&graph.to_string()).unwrap(),
            policy: Policy::default(),
        }
    }
}
