//! The dependency graph, from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::Context as _;
use serde::Deserialize;

use crate::command::{cargo, output};

/// Every package that any target platform may need, and who depends on whom.
#[derive(Deserialize)]
pub(crate) struct Graph {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    resolve: Resolve,
    pub(crate) target_directory: PathBuf,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    /// `None` for a folder on this machine.
    pub(crate) source: Option<String>,
    pub(crate) manifest_path: PathBuf,
    pub(crate) targets: Vec<Target>,
}

impl Package {
    pub(crate) fn has_library(&self) -> bool {
        let is_library = |target: &Target| target.is("lib") || target.is("proc-macro");
        self.targets.iter().any(is_library)
    }
}

#[derive(Deserialize)]
pub(crate) struct Target {
    pub(crate) kind: Vec<String>,
    pub(crate) src_path: PathBuf,
}

impl Target {
    pub(crate) fn is(&self, kind: &str) -> bool {
        self.kind.iter().any(|k| k == kind)
    }
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

/// One reason for an edge; an edge can have several.
#[derive(Deserialize)]
struct EdgeKind {
    /// `None`, `"dev"` or `"build"`.
    kind: Option<String>,
    target: Option<String>,
}

impl EdgeKind {
    fn is_dev(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }

    /// Part of the compiled crate, as opposed to its tests, its build script or the model checker.
    fn is_linked(&self) -> bool {
        self.kind.is_none() && self.target.as_deref() != Some("cfg(loom)")
    }
}

impl Graph {
    pub(crate) fn load() -> anyhow::Result<Self> {
        let json = output(&mut cargo(["metadata", "--locked", "--format-version", "1"]))?;
        Self::parse(&json)
    }

    pub(crate) fn parse(json: &str) -> anyhow::Result<Self> {
        serde_json::from_str(json).context("cargo metadata")
    }

    pub(crate) fn packages(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter()
    }

    /// The packages of this workspace.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// Who depends directly on a package of this name, for whatever purpose.
    pub(crate) fn dependents(&self, name: &str) -> Vec<&Package> {
        let by_id = self.by_id();
        let names =
            |edge: &Edge| by_id.get(edge.pkg.as_str()).is_some_and(|package| package.name == name);
        let nodes = self.resolve.nodes.iter().filter(|node| node.deps.iter().any(names));
        nodes.filter_map(|node| by_id.get(node.id.as_str()).copied()).collect()
    }

    /// What gets linked into a package, as package and the one that pulled it in, itself left out.
    pub(crate) fn linked<'a>(&'a self, package: &'a Package) -> Vec<(&'a Package, &'a Package)> {
        self.walk(vec![&package.id], EdgeKind::is_linked)
    }

    /// What somebody other than a test needs: the members, their dependencies and build scripts.
    pub(crate) fn shipped(&self) -> BTreeSet<&str> {
        let members: Vec<&str> = self.workspace_members.iter().map(String::as_str).collect();
        let reached = self.walk(members.clone(), |kind| !kind.is_dev());
        members
            .into_iter()
            .chain(reached.into_iter().map(|(package, _)| package.id.as_str()))
            .collect()
    }

    pub(crate) fn is_shipped(shipped: &BTreeSet<&str>, package: &Package) -> bool {
        shipped.contains(package.id.as_str())
    }

    fn walk<'a>(
        &'a self,
        mut todo: Vec<&'a str>,
        follow: fn(&EdgeKind) -> bool,
    ) -> Vec<(&'a Package, &'a Package)> {
        let by_id = self.by_id();
        let nodes: BTreeMap<&str, &Node> =
            self.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let mut seen: BTreeSet<&str> = todo.iter().copied().collect();
        let mut found = Vec::new();
        while let Some(id) = todo.pop() {
            for edge in nodes.get(id).map_or(&[][..], |node| &node.deps) {
                if edge.dep_kinds.iter().any(follow) && seen.insert(&edge.pkg) {
                    found.push((by_id[edge.pkg.as_str()], by_id[id]));
                    todo.push(&edge.pkg);
                }
            }
        }
        found
    }

    fn by_id(&self) -> BTreeMap<&str, &Package> {
        self.packages.iter().map(|package| (package.id.as_str(), package)).collect()
    }
}
