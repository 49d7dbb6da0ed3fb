//! What is asked, and the matcher made of it.

use serde::{Deserialize, Serialize};

use super::pattern::{Name, Pattern, Tier};
use crate::{
    segment::StringId,
    symbol::{Kind, KindSet},
};

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
    pub(crate) const fn wanted(self) -> Tier {
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
/// order, with parts of its container, in the same mode. Case only counts for the score, where a capital in the query should
/// meet a capital. A text without any part matches nothing.
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

/// Points that separate two tiers; what else counts adds up to less, unless a query has a dozen parts.
const TIER: u32 = 10_000;

/// Points lost for each character of the name beyond the query, up to a limit.
const EXTRA_CHARACTER: u32 = 10;
const EXTRA_CHARACTERS_MAX: u32 = 255;

/// Points lost when a capital of the query meets a small letter.
const CASE: u32 = 1_000;

/// Points for the parts of a container: for the tier of each, and for standing right before the next part.
const CONTAINER_TIER: u32 = 100;
const CONTAINER_ADJACENT: u32 = 200;

/// A query made ready.
#[derive(Debug)]
pub(crate) struct Matcher<'q> {
    pub(crate) query: &'q Query,
    pub(crate) name: Pattern,
    containers: Vec<Pattern>,
    /// The whole text, for names that have dots themselves: those of modules.
    whole: Pattern,
}

impl<'q> Matcher<'q> {
    /// `None` if the query can match nothing.
    pub(crate) fn new(query: &'q Query) -> Option<Self> {
        let end = query.text.floor_char_boundary(TEXT_BYTES_MAX);
        let text = &query.text[..end];
        let is_separator = |character: char| matches!(character, '.' | '#' | ':') || character.is_whitespace();
        let mut parts: Vec<&str> = text.split(is_separator).filter(|part| !part.is_empty()).collect();
        let whole = Pattern::new(&parts.join("."));
        let name = Pattern::new(parts.pop()?);
        let containers = parts.into_iter().map(Pattern::new).collect();
        Some(Self { query, name, containers, whole })
    }

    /// The score of a name; `None` if it does not match, or if its score is not admitted.
    pub(crate) fn score_name(&self, name: Name<'_>, admits: impl Fn(u32) -> bool) -> Option<u32> {
        self.score(&self.name, name, admits)
    }

    /// The same for a name with dots, which no container can add to.
    pub(crate) fn score_dotted(&self, name: Name<'_>) -> Option<u32> {
        // Having its container in itself, it is not to be worse off.
        let container_max = self.containers.len() as u32 * (CONTAINER_TIER * Tier::Exact as u32 + CONTAINER_ADJACENT);
        self.score(&self.whole, name, |_| true).map(|score| score + container_max)
    }

    fn score(&self, pattern: &Pattern, name: Name<'_>, admits: impl Fn(u32) -> bool) -> Option<u32> {
        let tier = pattern.tier(name).filter(|&tier| tier >= self.query.mode.wanted())?;
        let score = best(tier, name.length - pattern.length());
        if !admits(score) {
            return None;
        }
        Some(if pattern.agrees_in_case(name) { score } else { score - CASE })
    }

    /// Whether a symbol of this kind, in a file with this path, is asked for.
    pub(crate) fn accepts(&self, kind: Kind, path: &str) -> bool {
        self.query.kinds.contains(kind) && path.contains(&self.query.path)
    }

    /// The patterns for containers, outermost first.
    pub(crate) fn containers(&self) -> &[Pattern] {
        &self.containers
    }
}

/// The score of a tier, with so many characters left over and the case right.
pub(crate) fn best(tier: Tier, extra: usize) -> u32 {
    let extra = u32::try_from(extra).unwrap_or(u32::MAX).min(EXTRA_CHARACTERS_MAX);
    // The lowest tier has to pay its losses from something.
    TIER * (tier as u32 + 1) - EXTRA_CHARACTER * extra
}

/// The score of a container; `None` if it does not match. `tiers` says for each pattern, innermost first, how it
/// matches each part, innermost first.
///
/// Each pattern takes the first part from the inside that it matches.
pub(crate) fn score_container(
    tiers: impl Iterator<Item = impl Fn(StringId) -> Option<Tier>>,
    mut parts: impl Iterator<Item = StringId>,
) -> Option<u32> {
    let mut score = 0;
    for tier in tiers {
        let mut adjacent = CONTAINER_ADJACENT;
        loop {
            if let Some(tier) = tier(parts.next()?) {
                score += CONTAINER_TIER * tier as u32 + adjacent;
                break;
            }
            adjacent = 0;
        }
    }
    Some(score)
}
