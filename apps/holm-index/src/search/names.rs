//! The names of a shard, each once, with what it takes to pass over most of them without reading them.

use memchr::memchr_iter;

use super::{
    letters::{WINDOW, first_letter, fold, letters, word_starts},
    pattern::{Name, Pattern, Tier},
    query::Matcher,
    score::{self, best},
};
use crate::segment::{Interner, StringId, Strings};

/// The names of a shard. The vectors are by name; a search reads as few of them as it can, from one end to the
/// other.
#[derive(Debug, Default)]
pub(crate) struct Names {
    written: Interner,
    folded: Strings,
    /// The letters of each name; none for one with dots, which no scan is to find.
    letters: Vec<u64>,
    /// The letters that its words begin with.
    initials: Vec<u64>,
    /// The letter that it begins with.
    firsts: Vec<u8>,
    /// Where its words begin.
    starts: Vec<u64>,
    /// Its length in characters.
    lengths: Vec<u32>,
    /// The names with dots, those of modules: they are matched with the whole query.
    dotted: Vec<StringId>,
}

/// Where a match begins, as far as that can be told without reading the name. A search takes the parts in this
/// order, since none can score better than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// With the name, or anywhere in a name with dots.
    First,
    /// With a word of it.
    Word,
    /// Elsewhere.
    Middle,
}

impl Part {
    pub(crate) const ALL: [Self; 3] = [Self::First, Self::Word, Self::Middle];

    /// The best tier of names in this part.
    pub(crate) const fn tier(self) -> Tier {
        match self {
            Self::First => Tier::Exact,
            Self::Word => Tier::Humps,
            Self::Middle => Tier::Substring,
        }
    }
}

impl Names {
    /// The id of a name, which is the next number if it is new.
    pub(crate) fn intern(&mut self, name: &str) -> StringId {
        let id = self.written.intern(name);
        if id.index() == self.len() {
            self.describe(id, name);
        }
        id
    }

    pub(crate) fn len(&self) -> usize {
        self.letters.len()
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        let sets = self.letters.capacity() + self.initials.capacity() + self.starts.capacity();
        self.written.memory_bytes()
            + self.folded.memory_bytes()
            + sets * size_of::<u64>()
            + self.firsts.capacity()
            + self.lengths.capacity() * size_of::<u32>()
    }

    fn name(&self, id: StringId) -> Name<'_> {
        Name {
            folded: self.folded.bytes(id),
            starts: self.starts[id.index()],
            length: self.lengths[id.index()] as usize,
        }
    }

    /// Every name without dots that may match in this way: all that do, and some more.
    pub(crate) fn for_each(
        &self,
        part: Part,
        matcher: &Matcher<'_>,
        mut each: impl FnMut(StringId),
    ) {
        let wanted = matcher.name.letters();
        let first = matcher.name.first();
        match part {
            Part::First => {
                for index in memchr_iter(first, &self.firsts) {
                    if self.letters[index] & wanted == wanted {
                        each(StringId::at(index));
                    }
                }
            }
            Part::Word => {
                for (index, &initials) in self.initials.iter().enumerate() {
                    if initials & 1 << first != 0
                        && self.letters[index] & wanted == wanted
                        && self.firsts[index] != first
                    {
                        each(StringId::at(index));
                    }
                }
            }
            Part::Middle => {
                for (index, &letters) in self.letters.iter().enumerate() {
                    if letters & wanted == wanted && self.initials[index] & 1 << first == 0 {
                        each(StringId::at(index));
                    }
                }
            }
        }
    }

    /// The score of a name without dots; `None` if it does not match, or if its score is not admitted.
    pub(crate) fn score(
        &self,
        name: StringId,
        matcher: &Matcher<'_>,
        admits: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        if !admits(self.bound(name, matcher)?) {
            return None;
        }
        self.score_with(&matcher.name, name, matcher.wanted, admits)
    }

    /// The names with dots that match, and their scores.
    pub(crate) fn score_dotted(
        &self,
        matcher: &Matcher<'_>,
    ) -> impl Iterator<Item = (StringId, u32)> {
        let max = score::container_max(&matcher.containers);
        self.dotted.iter().filter_map(move |&name| {
            let score = self.score_with(&matcher.whole, name, matcher.wanted, |_| true)?;
            Some((name, score + max))
        })
    }

    fn score_with(
        &self,
        pattern: &Pattern,
        name: StringId,
        wanted: Tier,
        admits: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let tier = pattern.tier(self.name(name)).filter(|&tier| tier >= wanted)?;
        let score = best(tier, self.lengths[name.index()] as usize - pattern.length());
        admits(score).then(|| score::with_case(score, pattern, self.written.strings().get(name)))
    }

    /// A score that a name without dots does not exceed; `None` if it cannot match.
    fn bound(&self, name: StringId, matcher: &Matcher<'_>) -> Option<u32> {
        let index = name.index();
        let letters = matcher.name.letters();
        if self.letters[index] & letters != letters {
            return None;
        }
        let extra = (self.lengths[index] as usize).checked_sub(matcher.name.length())?;
        let first = matcher.name.first();
        let tier = if self.firsts[index] == first {
            if extra == 0 { Tier::Exact } else { Tier::Prefix }
        } else if self.initials[index] & 1 << first != 0 {
            Tier::Humps
        } else {
            Tier::Substring
        };
        (tier >= matcher.wanted).then(|| best(tier, extra))
    }

    /// How each name, by id, matches a pattern, if it does so well enough.
    pub(crate) fn tiers(&self, pattern: &Pattern, wanted: Tier) -> Vec<Option<Tier>> {
        let tier = |(name, letters): (StringId, &u64)| {
            let possible = letters & pattern.letters() == pattern.letters();
            possible.then(|| pattern.tier(self.name(name))).flatten().filter(|&tier| tier >= wanted)
        };
        self.folded.ids().zip(&self.letters).map(tier).collect()
    }

    fn describe(&mut self, id: StringId, name: &str) {
        let folded: String = name.chars().map(fold).collect();
        let starts = word_starts(name);
        let initials =
            folded.chars().take(WINDOW).enumerate().filter(|&(at, _)| starts & 1 << at != 0);
        let dotted = name.contains('.');
        self.letters.push(if dotted { 0 } else { letters(folded.chars()) });
        self.initials.push(letters(initials.map(|(_, character)| character)));
        self.firsts.push(first_letter(folded.chars()));
        self.starts.push(starts);
        self.lengths.push(u32::try_from(folded.chars().count()).unwrap_or(u32::MAX));
        self.folded.push(&folded);
        if dotted {
            self.dotted.push(id);
        }
    }
}
