//! One part of a query against one name.

use memchr::memmem;

use super::letters::{WINDOW, first_letter, fold, letters};

/// How a pattern matches a name; the greater the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    /// Its characters occur in this order.
    Subsequence,
    /// It occurs in one piece.
    Substring,
    /// It is made of beginnings of words of the name, in order: `hm`, `ha`, `hama`, not `ash` for `WeakHashMap`.
    Humps,
    /// The same from the first word on: `wm`, `wehama` for `WeakHashMap`.
    LeadingHumps,
    /// It is made of the beginnings of all words: `whm` for `WeakHashMap`.
    Initials,
    /// The name begins with it.
    Prefix,
    /// It is the name.
    Exact,
}

/// A part of a query.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    typed: Vec<char>,
    folded: Vec<char>,
    /// The folded text where it is ASCII.
    ascii: Option<Box<[u8]>>,
    letters: u64,
    first: u8,
    has_upper: bool,
}

/// A name as the matcher wants it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name<'n> {
    /// The folded text.
    pub(crate) folded: &'n [u8],
    /// Where its words begin.
    pub(crate) starts: u64,
    /// The number of its characters.
    pub(crate) length: usize,
}

impl Pattern {
    pub(crate) fn new(typed: &str) -> Self {
        let folded: String = typed.chars().map(fold).collect();
        Self {
            typed: typed.chars().collect(),
            folded: folded.chars().collect(),
            letters: letters(folded.chars()),
            first: first_letter(folded.chars()),
            has_upper: typed.chars().any(char::is_uppercase),
            ascii: folded.is_ascii().then(|| folded.into_bytes().into_boxed_slice()),
        }
    }

    /// The number of characters, never 0.
    pub(crate) fn length(&self) -> usize {
        self.folded.len()
    }

    /// The letter that it begins with.
    pub(crate) fn first(&self) -> u8 {
        self.first
    }

    pub(crate) fn letters(&self) -> u64 {
        self.letters
    }

    /// How the pattern matches, regardless of case; `None` if it is not even a subsequence.
    pub(crate) fn tier(&self, name: Name<'_>) -> Option<Tier> {
        match &self.ascii {
            Some(pattern) if name.folded.len() == name.length => {
                let contained = |name: &[u8]| memmem::find(name, pattern).is_some();
                tier(pattern, name.folded, name.starts, contained)
            }
            _ => {
                let characters: Vec<char> = String::from_utf8_lossy(name.folded).chars().collect();
                let contained = |name: &[char]| {
                    name.windows(self.folded.len()).any(|window| window == self.folded)
                };
                tier(&self.folded, &characters, name.starts, contained)
            }
        }
    }

    /// Whether the capitals typed are met by capitals; small letters match both.
    pub(crate) fn agrees_in_case(&self, written: &str) -> bool {
        let mut rest = written.chars();
        !self.has_upper
            || self.typed.iter().zip(&self.folded).all(|(&typed, &folded)| {
                rest.any(|character| {
                    character == typed || (typed == folded && fold(character) == folded)
                })
            })
    }
}

fn tier<T: Copy + Eq>(
    pattern: &[T],
    name: &[T],
    starts: u64,
    contained: impl Fn(&[T]) -> bool,
) -> Option<Tier> {
    if name.starts_with(pattern) {
        return Some(if name.len() == pattern.len() { Tier::Exact } else { Tier::Prefix });
    }
    let mut rest = name.iter();
    if !pattern.iter().all(|wanted| rest.any(|character| character == wanted)) {
        return None;
    }
    let window = &name[..name.len().min(WINDOW)];
    let initials = || {
        window
            .iter()
            .enumerate()
            .filter(|&(at, _)| starts & 1 << at != 0)
            .map(|(_, initial)| initial)
    };
    Some(if initials().eq(pattern) {
        Tier::Initials
    } else if humps(pattern, window, starts, 1) {
        Tier::LeadingHumps
    } else if humps(pattern, window, starts, starts) {
        Tier::Humps
    } else if contained(name) {
        Tier::Substring
    } else {
        Tier::Subsequence
    })
}

/// Whether the pattern can be read off the name beginning at one of `entries`, each next character being the
/// next one of the name or the beginning of any later word. All ways are followed at once, as a set of the
/// positions reached.
fn humps<T: Copy + Eq>(pattern: &[T], name: &[T], starts: u64, entries: u64) -> bool {
    let mut allowed = entries;
    let mut reached = 0;
    for &wanted in pattern {
        reached = 0;
        let mut left = allowed;
        while left != 0 {
            let at = left.trailing_zeros();
            if name.get(at as usize) == Some(&wanted) {
                reached |= 1 << at;
            }
            left &= left - 1;
        }
        if reached == 0 {
            return false;
        }
        let up_to_lowest = reached ^ (reached - 1);
        allowed = reached << 1 | (starts & !up_to_lowest);
    }
    reached != 0
}
