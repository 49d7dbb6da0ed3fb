//! What is asked, and the matcher made of it.

use serde::{Deserialize, Serialize};

use super::{
    names::Part,
    pattern::{Pattern, Tier},
    score,
};
use crate::symbol::{Kind, KindSet};

/// The longest query text, in bytes; the rest is ignored. No name that anyone types is as long.
const TEXT_BYTES_MAX: usize = 1024;

/// How much of a name a query has to match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The characters of the query occur in the name in this order.
    #[default]
    Fuzzy,
    /// The name begins with the query.
    Prefix,
    /// The name is the query.
    Exact,
}

impl Mode {
    /// The lowest tier that counts as a match.
    const fn wanted(self) -> Tier {
        match self {
            Self::Fuzzy => Tier::Subsequence,
            Self::Prefix => Tier::Prefix,
            Self::Exact => Tier::Exact,
        }
    }
}

/// A search request.
///
/// The text is a name, or a name after what contains it: `HashMap`, `HashMap.put`, `java.util.HashMap`. Parts are
/// separated by `.`, `#`, `::` or blanks. The last part is matched with the symbol's name, the others, in
/// order, with parts of its container, in the same mode; the name of a module has dots itself, and is matched
/// with all parts joined by dots. Case only counts for the score, where a capital in the query should meet a
/// capital. A text without any part matches nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// What to look for.
    pub text: String,
    /// How much of a name it has to match.
    pub mode: Mode,
    /// Only symbols of these kinds.
    pub kinds: KindSet,
    /// Only symbols of files whose path contains this; empty for all.
    pub path: String,
}

impl Query {
    /// A fuzzy query over all kinds and files.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), mode: Mode::Fuzzy, kinds: KindSet::ALL, path: String::new() }
    }
}

/// A query made ready.
#[derive(Debug)]
pub(crate) struct Matcher<'q> {
    query: &'q Query,
    /// The lowest tier that counts as a match.
    pub(crate) wanted: Tier,
    pub(crate) name: Pattern,
    /// Outermost first.
    pub(crate) containers: Vec<Pattern>,
    /// The whole text, for names that have dots themselves: those of modules.
    pub(crate) whole: Pattern,
}

impl<'q> Matcher<'q> {
    /// `None` if the query can match nothing.
    pub(crate) fn new(query: &'q Query) -> Option<Self> {
        let end = query.text.floor_char_boundary(TEXT_BYTES_MAX);
        let text = &query.text[..end];
        let is_separator =
            |character: char| matches!(character, '.' | '#' | ':') || character.is_whitespace();
        let mut parts: Vec<&str> =
            text.split(is_separator).filter(|part| !part.is_empty()).collect();
        let whole = Pattern::new(&parts.join("."));
        let name = Pattern::new(parts.pop()?);
        let containers = parts.into_iter().map(Pattern::new).collect();
        Some(Self { query, wanted: query.mode.wanted(), name, containers, whole })
    }

    /// A score that no symbol whose name is in this part exceeds.
    pub(crate) fn bound(&self, part: Part) -> u32 {
        score::best(part.tier(), 0) + score::container_max(&self.containers)
    }

    /// Whether a symbol of this kind, in a file with this path, is asked for.
    pub(crate) fn accepts(&self, kind: Kind, path: &str) -> bool {
        self.query.kinds.contains(kind) && path.contains(&self.query.path)
    }
}
