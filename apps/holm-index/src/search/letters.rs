//! Folding, sets of letters, and where the words of a name begin.

/// Characters of a name that are looked at for words: the width of a set of positions.
pub(crate) const WINDOW: usize = 64;

/// Lower case by Unicode's simple mapping: one character for one; what has no such form stays.
pub(crate) fn fold(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(single), None) => single,
        _ => character,
    }
}

/// The bits of `a` to `z`, twice: for letters that occur, and for those that occur again.
const ALPHABET: u32 = 26;

/// The bit of a folded character in a set of letters.
fn bit(folded: char) -> u32 {
    match folded {
        'a'..='z' => folded as u32 - 'a' as u32,
        '0'..='9' => 2 * ALPHABET + (folded as u32 - '0' as u32),
        _ if folded.is_ascii() => 2 * ALPHABET + 10,
        _ => 2 * ALPHABET + 11,
    }
}

/// The set of letters of a folded text. If `a` is a subsequence of `b`, its set is a subset of `b`'s.
pub(crate) fn letters(folded: impl IntoIterator<Item = char>) -> u64 {
    folded.into_iter().fold(0, |set, character| {
        let bit = bit(character);
        let again = if bit < ALPHABET { (set >> bit & 1) << (bit + ALPHABET) } else { 0 };
        set | 1 << bit | again
    })
}

/// The bit of the first letter of a folded text; of an empty one that of no letter in it.
pub(crate) fn first_letter(folded: impl IntoIterator<Item = char>) -> u8 {
    folded.into_iter().next().map_or(u64::BITS as u8, |first| bit(first) as u8)
}

/// The positions, by character, at which words begin: `HashMap`, `toURLString`, `MAX_VALUE`, `utf8` have two,
/// three, two and two.
pub(crate) fn word_starts(name: &str) -> u64 {
    #[derive(Clone, Copy, PartialEq)]
    enum Case {
        Lower,
        Upper,
        Digit,
        Other,
    }
    let case = |character: char| match character {
        'a'..='z' => Case::Lower,
        'A'..='Z' => Case::Upper,
        _ if character.is_uppercase() => Case::Upper,
        _ if character.is_alphabetic() => Case::Lower,
        _ if character.is_numeric() => Case::Digit,
        _ => Case::Other,
    };
    let mut starts = 0;
    let mut before = Case::Other;
    let mut characters = name.chars().map(case).take(WINDOW + 1).enumerate().peekable();
    while let Some((at, this)) = characters.next() {
        let next = characters.peek().map(|&(_, next)| next);
        let begins = match this {
            Case::Lower => !matches!(before, Case::Lower | Case::Upper),
            Case::Upper => before != Case::Upper || next == Some(Case::Lower),
            Case::Digit => before != Case::Digit,
            Case::Other => false,
        };
        if at < WINDOW && (begins || at == 0) {
            starts |= 1 << at;
        }
        before = this;
    }
    starts
}
