//! The file of `--access`: whom a node lets in, and what they may do.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Result, anyhow};
use holm::access::{Access, AllowList, Capabilities, Entry, Grant, Pattern, Peers, Role, ShardId};
use serde::de::{Deserialize, Deserializer, Error};

/// What a user is told of it.
pub(super) const HELP: &str = "\
The file of --access, in which everything may be left out:

  # Whether keys that anybody can make must be \"listed\", or all are let in where lists are silent: \"open\".
  peers = \"listed\"
  # Who is let in; entries are as those of --peer.
  global = [\"uid:1000\", \"spiffe://example.org/*\"]
  # Who else is let in as a member, an observer or a worker.
  roles.worker = [\"token\"]
  # Who else may serve a shard.
  shards.7 = [\"spiffe://example.org/worker/7\"]

  # What an identity may do, and the node names that are for those with such a grant.
  [[grants]]
  who = \"spiffe://example.org/worker/*\"
  nodes = [\"worker-*@example.org\"]
  may = { join = true, send = true, observe = true, spawn = [\"index.*\"] }

  # What those may do who have no grant.
  [others]
  join = true
";

/// The file, in TOML. What it does not say is as in [`Access::default`].
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    /// Whom silence lets in.
    peers: Silence,
    /// The list for everybody.
    global: List,
    /// The lists of roles; an empty one lets in nobody but the global list's.
    roles: Roles,
    /// The lists of shards.
    shards: BTreeMap<Parsed<u32>, List>,
    grants: Vec<Granted>,
    /// What those may do who have no grant.
    others: Option<Powers>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Silence {
    #[default]
    Listed,
    Open,
}

type List = Vec<Parsed<Entry>>;

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Roles {
    member: Option<List>,
    observer: Option<List>,
    worker: Option<List>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Granted {
    who: Parsed<Entry>,
    /// Node names, which belong to those who have such a grant.
    #[serde(default)]
    nodes: Vec<Parsed<Pattern>>,
    may: Powers,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Powers {
    join: bool,
    send: bool,
    observe: bool,
    /// Types of actors.
    spawn: Vec<Parsed<Pattern>>,
}

/// A value written as a text.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Parsed<T>(T);

/// Reads the file.
///
/// # Errors
/// It cannot be read, or something in it is wrong: the line, and the text of a bad entry.
pub(super) fn read(path: &Path) -> Result<Access> {
    let text = fs::read_to_string(path).map_err(|error| anyhow!("{}: {error}", path.display()))?;
    // Its errors end with a line feed.
    let file: File = toml::from_str(&text)
        .map_err(|error| anyhow!("{}: {}", path.display(), error.to_string().trim_end()))?;
    Ok(file.into())
}

impl From<File> for Access {
    fn from(file: File) -> Self {
        let mut access = Self::default();
        access.lists.peers = match file.peers {
            Silence::Listed => Peers::Listed,
            Silence::Open => Peers::Open,
        };
        access.lists.global = list(file.global);
        let Roles { member, observer, worker } = file.roles;
        for (role, of) in
            [(Role::Member, member), (Role::Observer, observer), (Role::Worker, worker)]
        {
            if let Some(of) = of {
                access.lists.set_role(role, list(of));
            }
        }
        for (shard, of) in file.shards {
            access.lists.set_shard(ShardId(shard.0), list(of));
        }
        access.grants = file.grants.into_iter().map(Grant::from).collect();
        access.others = file.others.map(Capabilities::from);
        access
    }
}

impl From<Granted> for Grant {
    fn from(Granted { who, nodes, may }: Granted) -> Self {
        Self { who: who.0, nodes: all(nodes), capabilities: may.into() }
    }
}

impl From<Powers> for Capabilities {
    fn from(Powers { join, send, observe, spawn }: Powers) -> Self {
        Self { join, send, observe, spawn: all(spawn) }
    }
}

fn list(entries: List) -> AllowList {
    entries.into_iter().map(|entry| entry.0).collect()
}

fn all<T>(parsed: Vec<Parsed<T>>) -> Vec<T> {
    parsed.into_iter().map(|it| it.0).collect()
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_shows_a_good_file() {
        let (_, file) = HELP.split_once(":\n").unwrap();
        let access = Access::from(toml::from_str::<File>(file).unwrap());
        assert_eq!(access.grants.len(), 1);
        assert!(access.grants[0].capabilities.may_spawn("index.worker"));
        assert!(access.others.unwrap().join && !access.lists.global.is_empty());
    }
}
