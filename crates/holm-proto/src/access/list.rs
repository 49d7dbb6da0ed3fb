//! A list of identities.

use std::{collections::BTreeSet, str::FromStr};

use super::{Entry, EntryError, Identity, Proof};

/// Identities that are let in where the list holds.
///
/// As a text: one entry a line; empty lines and what follows a `#` count for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList {
    /// Found by search: keys, users and the like.
    exact: BTreeSet<Entry>,
    /// Tried one after the other.
    patterns: Vec<Entry>,
}

/// A list with an entry that is none; nothing of it holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct ListError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with the entry, with its text.
    #[source]
    pub fault: EntryError,
}

impl AllowList {
    /// A list that names nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it names nobody.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.patterns.is_empty()
    }

    /// Adds an entry.
    pub fn insert(&mut self, entry: Entry) {
        match entry {
            Entry::Spiffe(_) => self.patterns.push(entry),
            Entry::Key(_) | Entry::Spki(_) | Entry::Uid(_) | Entry::Token | Entry::Cookie => {
                self.exact.insert(entry);
            }
        }
    }

    /// Whether an entry names this identity.
    pub fn names(&self, identity: &Identity) -> bool {
        let keys = [identity.key.map(Entry::Key), identity.spki.map(Entry::Spki)];
        let keys = keys.into_iter().flatten();
        keys.chain(of_proof(identity)).any(|entry| self.exact.contains(&entry))
            || self.patterns.iter().any(|entry| entry.names(identity))
    }
}

/// The entry that names an identity by its proof.
fn of_proof(identity: &Identity) -> Option<Entry> {
    match identity.proof {
        Proof::User(uid) => Some(Entry::Uid(uid)),
        Proof::Token => Some(Entry::Token),
        Proof::Cookie => Some(Entry::Cookie),
        Proof::Nothing | Proof::Process | Proof::Authority | Proof::SelfSigned | Proof::Noise => {
            None
        }
    }
}

impl FromIterator<Entry> for AllowList {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut list = Self::new();
        entries.into_iter().for_each(|entry| list.insert(entry));
        list
    }
}

impl FromStr for AllowList {
    type Err = ListError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or("").trim());
        let entries = lines.zip(1..).filter(|(entry, _)| !entry.is_empty());
        entries
            .map(|(entry, line)| entry.parse().map_err(|fault| ListError { line, fault }))
            .collect()
    }
}
